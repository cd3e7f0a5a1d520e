// The same check in the browser, where it knows Ed25519: a game without a server of its own can do it too.
"use strict";
(async () => {
  const line = document.getElementById("in-browser");
  const token = new URLSearchParams(location.search).get("jwt");
  if (!line || !token || !window.crypto?.subtle) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const json = (text) => JSON.parse(new TextDecoder().decode(bytes(text)));
  const say = (good, word, why) => {
    line.className = good ? "yes" : "no";
    line.querySelector(".word").textContent = word;
    line.querySelector(".why").textContent = why;
    line.hidden = false;
  };

  try {
    const [header, payload, signature] = token.split(".");
    const { keys } = await (await fetch(line.dataset.jwks)).json();
    const jwk = keys.find((key) => key.kid === json(header).kid && key.crv === "Ed25519");
    const key = await crypto.subtle.importKey("jwk", { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, "Ed25519", false, ["verify"]);
    const signed = new TextEncoder().encode(`${header}.${payload}`);
    const holds = await crypto.subtle.verify("Ed25519", key, bytes(signature), signed);
    const inTime = json(payload).exp * 1000 > Date.now();
    if (holds && inTime) say(true, "Verified", "by this browser, with the published key.");
    else say(false, "Refused", holds ? "by this browser: the token has expired." : "by this browser: the signature does not hold.");
  } catch (error) {
    if (error.name !== "NotSupportedError") say(false, "Not checked", "by this browser: " + error.message);
  }
})();
