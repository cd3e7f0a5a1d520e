"""How to verify a delivery, in the languages of receivers, with an endpoint's own values. The secret stays in a variable of the
environment. Each takes the raw body, compares in constant time, refuses what is older than five minutes, and answers "no"
rather than fail where a header is missing or no such thing: whoever forges requests decides what stands in them."""

from dataclasses import dataclass
from string import Template
from urllib.parse import urlsplit

VARIABLE = "TILTYARD_WEBHOOK_SECRET"


@dataclass(frozen=True)
class Snippet:
    """`file` is what to call it."""

    language: str
    file: str
    text: str


class _Template(Template):
    """Marks are %{name}: dollars belong to PHP."""

    delimiter = "%"


_PYTHON = '''\
import base64, hashlib, hmac, os, re, time

SECRET = os.environ["%{variable}"]


def verify(headers, body):
    """Is this ours? `headers` with names in small letters, `body` as bytes, as they came."""
    message, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch("[0-9]{1,12}", moment) or abs(time.time() - int(moment)) > 300:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{message}.{moment}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


# Flask:
#   @app.post("%{path}")
#   def hook():
#       headers = {name.lower(): value for name, value in request.headers.items()}
#       if not verify(headers, request.get_data()):
#           return "", 401
#       event = request.get_json()
#       return "", 204
'''

_NODE = """\
const crypto = require("node:crypto");

const SECRET = process.env.%{variable};

// Is this ours? `headers` as Node has them (small letters), `body` as a Buffer, as it came.
function verify(headers, body) {
  const id = headers["webhook-id"] ?? "", moment = headers["webhook-timestamp"] ?? "";
  if (!(Math.abs(Date.now() / 1000 - Number(moment)) <= 300)) return false;
  const key = Buffer.from(SECRET.replace(/^whsec_/, ""), "base64");
  const digest = crypto.createHmac("sha256", key).update(`${id}.${moment}.`).update(body).digest("base64");
  const wanted = Buffer.from("v1," + digest);
  return (headers["webhook-signature"] ?? "").split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
  });
}

module.exports = { verify };

// Express, with the raw body:
//   app.post("%{path}", express.raw({ type: "application/json" }), (req, res) => {
//     if (!verify(req.headers, req.body)) return res.sendStatus(401);
//     const event = JSON.parse(req.body);
//     res.sendStatus(204);
//   });
"""

_PHP = """\
<?php
// Is this ours? $headers with names in small letters, $body as it came.
function verify(array $headers, string $body): bool
{
    $id = $headers['webhook-id'] ?? '';
    $moment = $headers['webhook-timestamp'] ?? '';
    if (!preg_match('/^[0-9]{1,12}$/D', $moment) || abs(time() - (int) $moment) > 300) {
        return false;
    }
    $secret = preg_replace('/^whsec_/', '', getenv('%{variable}'));
    $digest = hash_hmac('sha256', "$id.$moment.$body", base64_decode($secret), true);
    $wanted = 'v1,' . base64_encode($digest);
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($wanted, $given)) {
            return true;
        }
    }
    return false;
}

// At %{path}:
//   $headers = array_change_key_case(getallheaders(), CASE_LOWER);
//   $body = file_get_contents('php://input');
//   if (!verify($headers, $body)) { http_response_code(401); exit; }
//   $event = json_decode($body, true);
//   http_response_code(204);
"""

_GO = """\
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Verify says whether a request is ours. body is what io.ReadAll(r.Body) gave.
func Verify(header http.Header, body []byte) bool {
	id, moment := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(moment, 10, 64)
	if err != nil || math.Abs(float64(time.Now().Unix()-seconds)) > 300 {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("%{variable}"), "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + moment + "."))
	mac.Write(body)
	wanted := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, given := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal(wanted, []byte(given)) {
			return true
		}
	}
	return false
}

// http.HandleFunc("%{path}", func(w http.ResponseWriter, r *http.Request) {
// 	body, err := io.ReadAll(r.Body)
// 	if err != nil || !Verify(r.Header, body) {
// 		w.WriteHeader(http.StatusUnauthorized)
// 		return
// 	}
// 	w.WriteHeader(http.StatusNoContent)
// })
"""

_RUBY = """\
require "openssl"

# Is this ours? `headers` with names in small letters, `body` as it came.
def verify(headers, body)
  id, moment, signatures = ["id", "timestamp", "signature"].map { |name| headers["webhook-#{name}"].to_s }
  return false unless moment.match?(/\\A[0-9]{1,12}\\z/) && (Time.now.to_i - moment.to_i).abs <= 300

  key = ENV.fetch("%{variable}").delete_prefix("whsec_").unpack1("m")
  digest = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{moment}.".b + body.b)
  wanted = "v1," + [digest].pack("m0")
  signatures.split(" ").any? { |given| OpenSSL.secure_compare(wanted, given) }
end

# Sinatra:
#   post "%{path}" do
#     headers = request.env.select { |name, _| name.start_with?("HTTP_") }
#                      .to_h { |name, value| [name.delete_prefix("HTTP_").downcase.tr("_", "-"), value] }
#     halt 401 unless verify(headers, request.body.read)
#     204
#   end
"""

_LANGUAGES = (
    ("Python", "verify.py", _PYTHON),
    ("JavaScript", "verify.js", _NODE),
    ("PHP", "verify.php", _PHP),
    ("Go", "verify.go", _GO),
    ("Ruby", "verify.rb", _RUBY),
)


def snippets_of(url: str) -> list[Snippet]:
    """For the endpoint with this address."""
    values = {"path": urlsplit(url).path or "/", "variable": VARIABLE}
    return [Snippet(language, file, _Template(text).substitute(values)) for language, file, text in _LANGUAGES]
