"""What a shop stands on: settings, the machine's disk and clock, the certificate of its address."""

import difflib
import os
import pkgutil
import shutil
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from pydantic_settings import BaseSettings
from sqlalchemy import text

from runtime import StartError
from runtime.doctor.finding import Finding, Shop, Talk
from runtime.platform import providers
from runtime.platform.settings import load_settings

SOON = timedelta(days=14)
"""So long before a certificate runs out, it is told."""

SKEW = 2.0
"""Seconds by which clocks may differ."""

SCARCE = 0.1
"""Of a disk, when less is free it is told; half of it is wrong."""

OF_COMMANDS = ("DATA_DIR", "LANG", "SPECS", "TEMPLATES", "KEY", "URL")
"""What is no setting of a process."""

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


def settings(shop: Shop) -> Iterator[Finding]:
    """Settings that are missing, wrong, unknown, or that contradict each other."""
    talk = Talk("settings", shop.say)
    try:
        found = load_settings()
    except StartError as problem:
        for line in str(problem).splitlines():
            yield talk.wrong((line, line), ("改好这个环境变量，再重启", "put this variable right and start again"))
        return
    known = _known()
    for name in sorted(set(os.environ) - known):
        if name.startswith("AFTERSHOW_"):
            like = difflib.get_close_matches(name, known, 1)
            zh, en = (f"；是不是 {like[0]}？", f"; did you mean {like[0]}?") if like else ("", "")
            yield talk.warning(
                (f"没有 {name} 这个设置{zh}", f"there is no setting {name}{en}"),
                ("改名或删掉", "rename it or take it away"),
            )
    if found.public_url and not found.signing_key:
        yield talk.wrong(
            ("有 AFTERSHOW_PUBLIC_URL，没有 AFTERSHOW_SIGNING_KEY：消息里的链接做不出来",
             "AFTERSHOW_PUBLIC_URL is set but not AFTERSHOW_SIGNING_KEY: no link in a message can be made"),
            ("设一个 32 个字以上的随机串", "set it to 32 random characters or more"),
        )  # fmt: skip
    for prefix, zh, en in (
        ("AFTERSHOW_TWILIO_", "收不到回执和退订", "no receipt and no STOP is heard"),
        ("AFTERSHOW_SMTP_", "营销邮件没有退订链接，发不出去", "no marketing email goes, for want of a way out"),
        ("AFTERSHOW_OIDC_", "登录回不来", "nobody comes back from signing in"),
    ):
        if not found.public_url and any(name.startswith(prefix) for name in os.environ):
            yield talk.wrong(
                (f"设了 {prefix}…，没有 AFTERSHOW_PUBLIC_URL：{zh}", f"{prefix}… without AFTERSHOW_PUBLIC_URL: {en}"),
                ("设成外面看到的 https 地址", "set it to the https address that others see"),
            )
    for url, token in (("erp_url", "erp_token"), ("reader_url", "reader_token")):
        if getattr(found, token) and not getattr(found, url):
            names = f"AFTERSHOW_{token.upper()}", f"AFTERSHOW_{url.upper()}"
            yield talk.wrong(
                (f"有 {names[0]}，没有 {names[1]}：没用上", f"{names[0]} without {names[1]} does nothing"),
                (f"设上 {names[1]}，或删掉 {names[0]}", f"set {names[1]}, or take {names[0]} away"),
            )
    yield talk.ok("读完了环境变量", "the environment was read")


def _known() -> set[str]:
    """The variables of all settings that there are."""
    for module in pkgutil.iter_modules(providers.__path__):
        import_module(f"{providers.__name__}.{module.name}")
    kinds, known = [BaseSettings], {f"AFTERSHOW_{name}" for name in OF_COMMANDS}
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        known |= {f"{kind.model_config.get('env_prefix', '')}{name}".upper() for name in kind.model_fields}
    return known


def certificate(shop: Shop) -> Iterator[Finding]:
    """When the certificate of AFTERSHOW_PUBLIC_URL runs out."""
    talk = Talk("certificate", shop.say)
    url = urlsplit(shop.settings.public_url or "") if shop.settings else urlsplit("")
    if url.hostname is None or url.hostname in _LOCAL:
        return
    if url.scheme != "https":
        yield talk.warning(
            (
                f"{url.geturl()} 不是 https：链接里的凭证谁都能看",
                f"{url.geturl()} is no https",
            ),
            ("在 API 前面放一个做 TLS 的代理", "put a proxy that ends TLS before the API"),
        )
        return
    mend = ("换证书；自动续期的看续期日志", "renew it; if that is automatic, look at its log")
    try:
        ends = _ends(url.hostname, url.port or 443)
    except ssl.SSLCertVerificationError as problem:
        why = problem.verify_message
        yield talk.wrong(
            (f"{url.hostname} 的证书不对：{why}", f"the certificate of {url.hostname} is bad: {why}"), mend
        )
        return
    except OSError as problem:
        why = type(problem).__name__
        yield talk.wrong(
            (f"连不上 {url.hostname}：{why}", f"{url.hostname} can't be reached: {why}"),
            ("看 DNS、防火墙和代理", "look at DNS, the firewall and the proxy"),
        )
        return
    days = (ends - datetime.now(UTC)).days
    said = (f"{url.hostname} 的证书还有 {days} 天", f"the certificate of {url.hostname} has {days} days left")
    yield talk.warning(said, mend) if days < SOON.days else talk.ok(*said)


def _ends(host: str, port: int) -> datetime:
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname=host) as tls,
    ):
        found = tls.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)


def clock(shop: Shop) -> Iterator[Finding]:
    """Whether Postgres's clock and this machine's agree."""
    talk = Talk("clock", shop.say)
    with shop.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        before = datetime.now(UTC)
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        ours = before + (datetime.now(UTC) - before) / 2
    ahead = (theirs - ours).total_seconds()
    if abs(ahead) > SKEW:
        yield talk.wrong(
            (
                f"Postgres 的钟和这台机器差 {ahead:+.1f} 秒",
                f"the clock of Postgres is {ahead:+.1f} s off",
            ),
            ("两边都开 NTP（chrony）", "have both follow NTP (chrony)"),
        )
    else:
        yield talk.ok("Postgres 的钟和这台机器一致", "Postgres's clock agrees with this machine's")


def disk(shop: Shop) -> Iterator[Finding]:
    """Free space where data is kept on this machine, and the size of the database."""
    talk = Talk("disk", shop.say)
    with shop.engine.connect() as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one() / 1e9
        shown = connection.execute(text("SELECT current_setting('data_directory', true)")).scalar()
    yield talk.ok(f"库有 {size:.1f} GB", f"the database has {size:.1f} GB")
    host = shop.engine.url.host or str(shop.engine.url.query.get("host", ""))
    postgres = Path(shown) if shown and (host in _LOCAL or host.startswith("/")) else None
    for place in dict.fromkeys(filter(None, (shop.data, postgres))):
        try:
            usage = shutil.disk_usage(place)
        except OSError:
            continue
        free, part = usage.free / 1e9, usage.free / usage.total
        said = (f"{place} 还有 {free:.1f} GB（{part:.0%}）", f"{place} has {free:.1f} GB left ({part:.0%})")
        mend = (
            "腾空间；AFTERSHOW_KEEP_EVENTS 设保留天数",
            "make room; see AFTERSHOW_KEEP_EVENTS",
        )
        if part >= SCARCE:
            yield talk.ok(*said)
        else:
            yield talk.wrong(said, mend) if part < SCARCE / 2 else talk.warning(said, mend)
