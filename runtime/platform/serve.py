"""Runs the API as one process, and waits for what a process needs."""

import asyncio
import time
from collections.abc import Callable

import uvicorn
from fastapi import APIRouter
from sqlalchemy import Engine, make_url
from uvicorn.config import LOGGING_CONFIG

from activities.adapters.wechat_shop import WechatShopOrders
from api import links
from api.access.outside import SigninWay
from api.app import create_app
from api.http.limits import Limits
from api.http.protocol import BoundedProtocol
from api.journeys.recipes import Recipes
from api.journeys.trials import Trials
from api.texts.sending import SendText
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database
from runtime.imports.uploading import sheet_importer
from runtime.platform import providers
from runtime.platform.database import API, connect, trouble
from runtime.platform.decisions import Decisions
from runtime.platform.heap import settle_heap
from runtime.platform.providers import aliyun_sms, mini, oidc, settings_of, smtp, tencent_sms, twilio, wechat, wecom
from runtime.platform.providers.connect import secret, surroundings
from runtime.platform.settings import Settings, site_of
from runtime.platform.stored_clock import clock_of
from runtime.platform.telemetry import log_as, trace_to_environment
from runtime.platform.temporal import count_workers, is_healthy, temporal_address
from workflows.terms.channels import CHANNEL_KINDS

DRAIN_SECONDS = 10
REMIND_SECONDS = 10


SendTests = Callable[[Database, Clock], SendText]
"""Makes what sends texts to those who write them."""

TryOut = Callable[[Engine, Database, Clock], Trials]
"""Makes what plays drafts."""


def serve(
    settings: Settings,
    say: Callable[[str], None],
    try_out: TryOut | None = None,
    recipes: Recipes | None = None,
    send_tests: SendTests | None = None,
) -> None:
    """Serve the API until a signal ends it. It waits for Postgres, and does without Temporal."""
    log_as(settings.log)
    trace_to_environment("aftershow-api")
    engine, db = connect(settings.database_url, API)
    probe, _ = connect(settings.database_url, API, pool_size=1)

    def ready() -> dict[str, bool]:
        return {"postgres": trouble(probe) is None, "temporal": temporal_is_there()}

    wait_for_postgres(settings.database_url, say)
    if settings_of(twilio.Settings) and settings.public_url is None:
        say("Twilio can't reach us: set AFTERSHOW_PUBLIC_URL, or no receipt and no STOP is heard")
    clock = clock_of(db)
    app = create_app(
        db,
        clock,
        ready=ready,
        limits=limits_of(settings),
        receivers=receivers(settings),
        webhooks=settings.webhooks,
        signing_key=settings.signing_key.get_secret_value() if settings.signing_key else None,
        decide=Decisions().decide,
        temporal_ui=settings.temporal_ui,
        import_sheet=sheet_importer(db, clock),
        providers=configured(clock),
        signin_ways=signin_ways(db, clock),
        public_url=settings.public_url,
        wechat_viewers=wechat.viewers(),
        four_eyes=settings.four_eyes,
        try_out=try_out(engine, db, clock) if try_out else None,
        known_recipes=recipes,
        send_text=send_tests(db, clock) if send_tests else None,
        test_addresses=settings.test_addresses,
        count_workers=lambda: asyncio.run(count_workers()),
        find_secret=secret,
        fetch_order=WechatShopOrders(surroundings(clock)).fetch,
    )
    settle_heap()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        http=BoundedProtocol,
        access_log=False,
        log_config=None if settings.log == "json" else LOGGING_CONFIG,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    probe.dispose()
    engine.dispose()


def limits_of(settings: Settings) -> Limits:
    """What a caller may ask of this process."""
    return Limits(
        max_body_bytes=settings.body_limit,
        max_batch=settings.batch_limit,
        events_per_second=settings.rate,
    )


def configured(clock: Clock) -> dict[str, str]:
    """The providers that carry channels, by channel; none under a clock that isn't the real one, a demo's."""
    if not isinstance(clock, SystemClock):
        return {}
    found = {channel: ", ".join(providers.configured(kind)) for channel, kind in CHANNEL_KINDS.items()}
    return {channel: names for channel, names in found.items() if names}


def signin_ways(db: Database, clock: Clock) -> list[SigninWay]:
    """How users can sign in beside by a password, as far as it is configured."""
    ways: list[SigninWay] = []
    if of_oidc := settings_of(oidc.Settings):
        ways.append(oidc.signin_way(of_oidc))
    if of_wecom := settings_of(wecom.Settings):
        ways.append(wecom.signin_way(of_wecom, db, clock))
    return ways


def receivers(settings: Settings) -> list[APIRouter]:
    """What takes in what comes back from customers and providers, as far as it is configured."""
    site = site_of(settings)
    routers = [links.router(site)] if site else []
    if of_twilio := settings_of(twilio.Settings):
        routers += twilio.receivers(of_twilio, settings.public_url)
    if of_aliyun := settings_of(aliyun_sms.Settings):
        routers.append(aliyun_sms.receiver(of_aliyun))
    if of_tencent := settings_of(tencent_sms.Settings):
        routers.append(tencent_sms.receiver(of_tencent))
    if of_wecom := settings_of(wecom.Settings):
        routers.append(wecom.receiver(of_wecom))
    if of_wechat := settings_of(wechat.Settings):
        routers.append(wechat.receiver(of_wechat))
    if of_mini := settings_of(mini.Settings):
        routers += mini.receivers(of_mini)
    if of_smtp := settings_of(smtp.Settings):
        routers += smtp.receivers(of_smtp)
    return routers


def wait_for_postgres(database_url: str, say: Callable[[str], None]) -> None:
    """Come back as soon as Postgres answers."""
    engine, _ = connect(database_url, API, pool_size=1)
    url = make_url(database_url)
    _wait(f"Postgres at {url.host or url.query.get('host', 'its default address')}", lambda: trouble(engine), say)
    engine.dispose()


def wait_for_temporal(say: Callable[[str], None]) -> None:
    """Come back as soon as Temporal answers."""
    _wait(f"Temporal at {temporal_address()}", lambda: None if temporal_is_there() else "it does not answer", say)


def temporal_is_there() -> bool:
    """Whether Temporal answers. Not to be called from a coroutine."""
    return asyncio.run(is_healthy())


def _wait(name: str, reason_against: Callable[[], str | None], say: Callable[[str], None]) -> None:
    reminded = float("-inf")
    while reason := reason_against():
        if time.monotonic() - reminded >= REMIND_SECONDS:
            reminded = time.monotonic()
            say(f"waiting for {name}: {reason}")
        time.sleep(0.5)
