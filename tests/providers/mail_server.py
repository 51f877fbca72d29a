"""A real mail server (aiosmtpd) that takes, refuses, asks to come again, or is lost in the middle."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shop", "a-secret"


@dataclass
class MailServer:
    """What was taken, with whom it was from and to. `recipients` and `texts` are what is said to an address."""

    recipients: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def handle_EHLO(self, _: Any, session: Any, __: Any, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, _: Any, envelope: Any, address: str, __: Any) -> str:  # noqa: N802
        said = self.recipients.get(address, "250 OK")
        if said == "drop":
            server.transport.abort()
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, _: Any, envelope: Any) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        said = self.texts.get(address, "250 taken")
        if said.startswith("250") or said == "drop after":
            message = message_from_bytes(envelope.content, policy=default)
            self.taken.append((envelope.mail_from, address, message))
        if said.startswith("drop"):
            server.transport.abort()
        return said


def _authenticate(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False) if mechanism in ("LOGIN", "PLAIN") else AuthResult(success=False)


@contextmanager
def mail_server(context: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """A server on a port of its own; with a context, it speaks TLS from the start."""
    world = MailServer()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        world.port = free.getsockname()[1]
    controller = Controller(
        world, hostname="127.0.0.1", port=world.port, ssl_context=context, authenticator=_authenticate,
        auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        yield world
    finally:
        controller.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context of a server on 127.0.0.1, and the file of the certificate that it shows."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / "mail.pem", folder / "mail.key"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return context, shown
