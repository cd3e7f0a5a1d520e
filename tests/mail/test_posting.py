"""The way out: TLS is checked, a password never goes in the clear, settings that cannot work stop the start."""

import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal.config import SettingError, Settings
from portal.mail import posting
from tests.mail.mailbox import PASSWORD, mailbox

USER = f"us%40er:{PASSWORD.replace(' ', '%20')}"


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # aiosmtpd knows only of STARTTLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for 127.0.0.1, and the file that vouches for it."""
    import ipaddress

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mailbox")])
    now, san = datetime.now(UTC), x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(san, False).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    signed, folder = made.sign(key, hashes.SHA256()), tmp_path_factory.mktemp("tls")
    public, both = folder / "public.pem", folder / "both.pem"
    public.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(secret + public.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, public


def message() -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "play@example.com", "alice@example.com", "Grüße"
    made.set_content("Hello")
    return made


def send(url: str) -> None:
    with posting.connected(url) as server:
        posting.post(server, message())


@pytest.mark.parametrize(("scheme", "starttls"), [("smtps", False), ("smtp", True)])
def test_a_server_that_proves_itself_gets_password_and_message(certificate, monkeypatch, scheme, starttls):
    context, public = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with mailbox(context, starttls=starttls) as box:
        send(f"{scheme}://{USER}@{box.url}")
        assert [one["Subject"] for one in box.messages] == ["Grüße"]
        with pytest.raises(posting.NotSent, match="535"):
            send(f"{scheme}://us%40er:wrong@{box.url}")


@pytest.mark.parametrize(("scheme", "starttls"), [("smtps", False), ("smtp", True)])
def test_a_server_that_nobody_vouches_for_gets_neither(certificate, scheme, starttls):
    with mailbox(certificate[0], starttls=starttls) as box:
        with pytest.raises(posting.NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            send(f"{scheme}://{USER}@{box.url}")
        assert box.messages == []


def test_beyond_this_machine_nothing_goes_in_the_clear_unless_somebody_says_so(monkeypatch):
    monkeypatch.setattr(posting, "LOOPBACK", frozenset())
    with mailbox() as box:
        with pytest.raises(posting.NotSent, match="STARTTLS"):
            send(f"smtp://{box.url}")
        send(f"smtp://{box.url}?tls=none")
        assert len(box.messages) == 1


@pytest.mark.parametrize(
    ("url", "sender"),
    [
        ("http://mail.example.com", "play@example.com"),
        ("smtp://", "play@example.com"),
        ("smtp://mail.example.com:99999", "play@example.com"),
        ("smtps://mail.example.com/inbox", "play@example.com"),
        ("smtp://mail.example.com?tls=maybe", "play@example.com"),
        ("smtps://mail.example.com", ""),
        ("smtps://mail.example.com", "Play <play@example.com>"),
        ("smtps://mail.example.com", "a@example.com,b@example.com"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(tmp_path, url, sender):
    with pytest.raises(SettingError, match=r"TILTYARD_(SMTP_URL|MAIL_FROM)"):
        Settings.from_env({"TILTYARD_DATA": str(tmp_path), "TILTYARD_SMTP_URL": url, "TILTYARD_MAIL_FROM": sender})


def test_the_password_of_the_server_stands_in_no_message_of_ours(certificate):
    with mailbox() as box, pytest.raises(posting.NotSent) as refused:
        send(f"smtp://{USER}@{box.url}")  # it offers no way to sign in
    assert PASSWORD not in refused.value.why


def test_settings_are_read(tmp_path):
    environ = {"TILTYARD_DATA": str(tmp_path), "TILTYARD_SMTP_URL": "smtps://u:p@m.example", "TILTYARD_MAIL_FROM": "a@m.example"}
    settings = Settings.from_env(environ)
    assert (settings.smtp_url, settings.mail_from) == ("smtps://u:p@m.example", "a@m.example")
