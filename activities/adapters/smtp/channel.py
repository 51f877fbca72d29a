"""Email over SMTP (RFC 5321), with one-click unsubscription (RFC 8058)."""

import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime, parseaddr
from typing import Literal

import aiosmtplib
from anyio import CapacityLimiter, create_task_group
from anyio.from_thread import BlockingPortal

from domain.channels.delivery import Account, Delivery, Outgoing
from domain.store.clock import Clock
from domain.texts import mail
from domain.texts.links import Site
from domain.texts.mail_names import name_of, unsubscribe_url

logging.getLogger("aiosmtplib").setLevel(logging.WARNING)

LATER_SECONDS = 60.0
GREYLISTED_SECONDS = 300.0
"""How long a recipient is left alone whose server asks to come again."""

MISCONFIGURED_SECONDS = 600.0

NO_WAY_OUT = "a marketing email needs AFTERSHOW_PUBLIC_URL and AFTERSHOW_SIGNING_KEY, for its link to unsubscribe"


@dataclass(frozen=True)
class Server:
    """A mail server and who writes by it. Bounces come back to `bounces`, else to the sender."""

    host: str
    port: int
    sender: str
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bounces: str | None = None
    timeout: float = 20.0
    trusts: ssl.SSLContext | None = None


class NoWayOutError(Exception):
    """A marketing email that nobody could unsubscribe from."""


@dataclass(frozen=True)
class _Written:
    """A message by its Message-ID, as it goes over the wire."""

    name: str
    content: bytes


class SmtpMail:
    """Sends each message by one transaction, over some connections at a time.

    - accepted after the text: `sent`, by the Message-ID.
    - 5xx about the recipient or the text: `failed`; 4xx: `retry`, of that message alone.
    - no connection, 421, or lost before the text was given: `retry`; a wrong password: `retry` after ten minutes.
    - lost after that: `unknown`, until a receipt or an operator settles it, for a mail server can't be asked.
    """

    repeatable = False

    def __init__(
        self, portal: BlockingPortal, clock: Clock, server: Server, site: Site | None, account: Account
    ) -> None:
        self.account = account
        self._portal = portal
        self._clock = clock
        self._server = server
        self._site = site
        self._places = CapacityLimiter(account.at_once)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return self._portal.call(self._send_all, messages)

    def trouble(self) -> str | None:
        """Why our name or password is refused, if it is. Raises ConnectionError if the server can't be reached."""
        return self._portal.call(self._trouble)

    async def _trouble(self) -> str | None:
        try:
            await (await self._connect()).quit()
        except aiosmtplib.SMTPAuthenticationError as refused:
            return str(refused.code)
        except (aiosmtplib.SMTPException, OSError) as problem:
            raise ConnectionError(type(problem).__name__) from None
        return None

    async def _send_all(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        deliveries: dict[int, Delivery] = {}
        ready: list[tuple[int, Outgoing, _Written]] = []
        for index, message in enumerate(messages):
            try:
                ready.append((index, message, self._written(message)))
            except (mail.MailError, NoWayOutError) as problem:
                deliveries[index] = Delivery("failed", reason=str(problem))
            except Exception:  # of an address that is none, the library raises whatever comes of it
                deliveries[index] = Delivery("failed", reason="the address or the text is none that mail can hold")

        async def some(batch: Sequence[tuple[int, Outgoing, _Written]]) -> None:
            async with self._places:
                for (index, *_), delivery in zip(batch, await self._send_batch(batch), strict=True):
                    deliveries[index] = delivery

        lanes = max(1, min(self.account.at_once, len(ready)))
        async with create_task_group() as tasks:
            for lane in range(lanes):
                tasks.start_soon(some, ready[lane::lanes])
        return [deliveries[index] for index in range(len(messages))]

    async def _send_batch(self, batch: Sequence[tuple[int, Outgoing, _Written]]) -> list[Delivery]:
        """Send them one after the other over one connection, which is made anew where it is lost."""
        client: aiosmtplib.SMTP | None = None
        deliveries: list[Delivery] = []
        for _, message, written in batch:
            try:
                if client is None or not client.is_connected:
                    client = await self._connect()
            except (aiosmtplib.SMTPException, OSError) as problem:
                client = None
                deliveries.append(_unconnected(problem))
                continue
            deliveries.append(await self._send(client, message, written))
        if client is not None and client.is_connected:
            try:
                await client.quit()
            except aiosmtplib.SMTPException:
                client.close()
        return deliveries

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, timeout=server.timeout, use_tls=server.security == "tls",
            start_tls=server.security == "starttls", username=server.username, password=server.password,
            tls_context=server.trusts,
        )  # fmt: skip
        await client.connect()
        return client

    async def _send(self, client: aiosmtplib.SMTP, message: Outgoing, written: _Written) -> Delivery:
        name, given = written.name, False
        international = not message.recipient.isascii()
        if international and not client.supports_extension("smtputf8"):
            return Delivery("failed", reason="the mail server takes no address in other letters than Latin ones")
        try:
            options = ["SMTPUTF8"] if international else []
            await client.mail(self._server.bounces or parseaddr(self._server.sender)[1], options=options)
            await client.rcpt(message.recipient, encoding="utf-8" if international else "ascii")
            given = True
            await client.data(written.content)
        except aiosmtplib.SMTPResponseException as refused:
            delivery = _refused(refused)
            await _start_over(client)
            return delivery
        except (aiosmtplib.SMTPException, OSError) as problem:
            client.close()
            if given:
                return Delivery("unknown", provider_id=name, reason=f"no answer: {type(problem).__name__}")
            return Delivery("retry", reason=f"the connection was lost: {type(problem).__name__}", after=LATER_SECONDS)
        return Delivery("sent", provider_id=name)

    def _written(self, message: Outgoing) -> _Written:
        """The message as it goes over the wire. Raises MailError, NoWayOutError and what `email` raises."""
        read = mail.read(message.body)
        name, address = parseaddr(self._server.sender)
        written = EmailMessage()
        written["Subject"] = read.subject
        written["From"] = Address(name, addr_spec=address)
        written["To"] = Address(addr_spec=message.recipient)
        written["Date"] = format_datetime(self._clock.now())
        written["Message-ID"] = f"<{name_of(message.key, self._site)}@{address.rpartition('@')[2]}>"
        if message.kind == "marketing":
            if self._site is None:
                raise NoWayOutError(NO_WAY_OUT)
            written["List-Unsubscribe"] = f"<{unsubscribe_url(message.key, self._site)}>"
            written["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            written["Precedence"] = "bulk"
        written.set_content(read.text, cte="base64")
        written.add_alternative(read.html, subtype="html", cte="base64")
        lines = LINES if message.recipient.isascii() else LINES.clone(utf8=True)
        return _Written(str(written["Message-ID"]), written.as_bytes(policy=lines))


def _refused(refused: aiosmtplib.SMTPResponseException) -> Delivery:
    """What the server's refusal of a message means. Its words may repeat the address."""
    if refused.code == 421:
        return Delivery("retry", reason="421 the mail server takes no more now", after=LATER_SECONDS)
    if 400 <= refused.code < 500:
        return Delivery("retry", reason=f"{refused.code} come again later", after=GREYLISTED_SECONDS, alone=True)
    if refused.code in (530, 535) or isinstance(refused, aiosmtplib.SMTPSenderRefused):
        return Delivery("retry", reason=f"{refused.code}: our account or sender is not set up right",
                        after=MISCONFIGURED_SECONDS)  # fmt: skip
    words = "the recipient is refused" if isinstance(refused, aiosmtplib.SMTPRecipientRefused) else "refused"
    return Delivery("failed", reason=f"{refused.code} {words}")


def _unconnected(problem: Exception) -> Delivery:
    if isinstance(problem, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPNotSupported):
        return Delivery("retry", reason="our account is not set up right", after=MISCONFIGURED_SECONDS)
    return Delivery("retry", reason=f"no connection: {type(problem).__name__}", after=LATER_SECONDS)


async def _start_over(client: aiosmtplib.SMTP) -> None:
    """Forget the transaction that was refused; where that fails, the next begins on a connection of its own."""
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
