"""The HTTP API, put together."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, FastAPI

from api import (
    calendar,
    companions,
    desk,
    docs,
    health,
    metrics,
    search,
    segments,
    settings,
    tags,
    timeline,
    today,
)
from api import clock as journey_clock
from api.access import audit, outside, users
from api.access import keys as api_keys
from api.access import sessions as user_sessions
from api.assistants.http import Assistants
from api.connect import receivers as connect_receivers
from api.connect import routes as connect
from api.console import files
from api.coupons import campaigns
from api.coupons import routes as coupons
from api.customers import records
from api.customers import routes as customers
from api.events import routes as events
from api.http import problems
from api.http.batching import MicroBatcher
from api.http.bounds import Bounds
from api.http.context import Context, Decide, Readiness
from api.http.feed import Feed
from api.http.limits import Limits, Rate
from api.http.metrics import Watch
from api.journeys import (
    canvas,
    documents,
    drafts,
    kept_tests,
    messages,
    recipes,
    results,
    specs,
    stuck,
    todos,
    trials,
    vocabulary,
)
from api.journeys import routes as journeys
from api.plays import entries as play_entries
from api.plays import pages as play_pages
from api.plays import routes as plays
from api.plays import specs as play_specs
from api.plays import wechat as play_wechat
from api.plays.flood import EntryDoor
from api.stock import forecasts, imports, lots, replenishment, shows, streams, suppliers
from api.texts import preview as text_previews
from api.texts import routes as texts
from api.texts import sending as text_tests
from api.tracking import routes as tracking
from api.voice import opinions, reading, reports, requirements, reviews, tasks
from api.voice import topics as voice_topics
from domain.access.keys import find_keys
from domain.access.tables import ApiKey
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database

DESCRIPTION = """\
Events come in here, and journeys begin.

Send what happened, a purchase, a changed cart, a livestream that ended, to `POST /v1/events` as CloudEvents 1.0. What
the `data` of each type holds is listed in `docs/events.md`. Sending an event twice is the same as sending it once, so
on a time-out, `429` or `503` send it again.

Errors are problem details (RFC 9457): `type` names the kind of problem, `errors` each thing that is wrong.
"""


ROUTERS = (
    events.router,
    tracking.router,
    timeline.router,
    customers.router,
    records.router,
    segments.router,
    tags.router,
    text_previews.router,
    texts.router,
    calendar.router,
    todos.router,
    journeys.router,
    results.router,
    canvas.router,
    specs.router,
    drafts.router,
    documents.router,
    vocabulary.router,
    metrics.router,
    streams.router,
    forecasts.router,
    suppliers.router,
    connect.router,
    reviews.router,
    shows.router,
    lots.router,
    replenishment.router,
    messages.router,
    stuck.router,
    coupons.router,
    campaigns.router,
    search.router,
    today.router,
    companions.router,
    reading.router,
    opinions.router,
    voice_topics.router,
    tasks.router,
    reports.router,
    requirements.router,
    plays.router,
    play_entries.router,
    play_pages.router,
    play_specs.router,
    desk.router,
    journey_clock.router,
    health.router,
    user_sessions.router,
    users.router,
    api_keys.router,
    audit.router,
)


def create_app(
    db: Database,
    clock: Clock,
    *,
    ready: Callable[[], dict[str, bool]],
    limits: Limits | None = None,
    signing_key: str | None = None,
    decide: Decide | None = None,
    feed: Feed | None = None,
    receivers: Sequence[APIRouter] = (),
    webhooks: Collection[str] = (),
    wall: Clock | None = None,
    temporal_ui: str | None = None,
    import_sheet: imports.ImportSheet | None = None,
    providers: Mapping[str, str] | None = None,
    signin_ways: Sequence[outside.SigninWay] = (),
    public_url: str | None = None,
    wechat_viewers: play_wechat.WechatViewers | None = None,
    four_eyes: bool = False,
    try_out: trials.Trials | None = None,
    known_recipes: recipes.Recipes | None = None,
    send_text: text_tests.SendText | None = None,
    test_addresses: Mapping[str, str] | None = None,
    count_workers: Callable[[], int | None] | None = None,
    find_secret: connect_receivers.FindSecret | None = None,
    fetch_order: connect_receivers.FetchOrder | None = None,
) -> FastAPI:
    """The app. `ready` is asked by `/readyz` and may block; `limits` hold for this process.

    `signing_key` signs the links to screens, `decide` takes buyers' decisions to their runs; `receivers` take what the
    configured providers send us, `webhooks` names what journeys may call, `wall` times sessions and the audit,
    `temporal_ui` is where the namespace's runs are looked at, `import_sheet` takes spreadsheets of stock,
    `providers` names what carries each channel that is configured, `signin_ways` let users in beside the password, and
    send them back to `public_url`; `wechat_viewers` names those who look at plays in WeChat. With `four_eyes`, a second
    person agrees before a draft is published; `try_out` plays drafts, `known_recipes` are what new journeys are begun
    with; `count_workers` tells how many workers Temporal knows of, None if it doesn't answer.
    send them back to `public_url`. With `four_eyes`, a second person agrees before a draft is published;
    `try_out` plays drafts, `known_recipes` are what new journeys are begun with; `find_secret` and `fetch_order` serve
    what connected platforms push.
    """
    assistants = Assistants()
    app = FastAPI(
        title="Aftershow",
        version=_version(),
        description=DESCRIPTION,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        lifespan=assistants.lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # its spans hold paths and queries: who it is
    )
    limits = limits or Limits()
    intake = MicroBatcher(
        partial(events.store, db, clock), threads=limits.transactions, most=events.CHUNK, patience=events.PATIENCE
    )
    keys = MicroBatcher(partial(_keys, db), threads=1, most=events.CHUNK)
    quotes = MicroBatcher(partial(coupons.quote, db, clock), threads=limits.transactions, most=coupons.PARTY)
    tills = MicroBatcher(partial(coupons.carry_out, db, clock), threads=limits.transactions, most=coupons.PARTY)
    app.state.context = Context(
        db,
        clock,
        Readiness(ready),
        limits,
        Rate(limits),
        intake,
        keys,
        quotes,
        tills,
        webhooks,
        signing_key,
        decide,
        feed or Feed(),
        wall or SystemClock(),
        temporal_ui,
        four_eyes,
        try_out.play_tests if try_out else None,
        count_workers,
    )
    problems.install(app)
    app.add_middleware(Bounds, limits=limits)
    app.add_middleware(Watch)
    app.add_middleware(EntryDoor, db=db, clock=clock)
    own = (
        imports.router(import_sheet),
        outside.router(signin_ways, public_url),
        play_wechat.router(wechat_viewers or play_wechat.WechatViewers(), public_url),
        settings.router(providers or {}),
        trials.router(try_out),
        kept_tests.router(try_out),
        recipes.router(known_recipes),
        connect_receivers.router(find_secret or _no_secret, fetch_order),
        text_tests.router(send_text, test_addresses or {}, providers or {}),
    )
    for router in (*ROUTERS, *own, files.router(), docs.router, *receivers):
        app.router.routes += router.routes  # `include_router` would make each of them anew, at the first request
    app.router.routes.append(assistants.route)
    app.mount(docs.ASSETS, docs.assets())
    return app


def _no_secret(_: str) -> None:
    """Nothing is connected to an app that is given no secrets."""


def _keys(db: Database, secrets: Sequence[str]) -> list[ApiKey | None]:
    with db() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})  # one statement needs no transaction
        return find_keys(session, secrets)


def _version() -> str:
    try:
        return version("aftershow")
    except PackageNotFoundError:
        return "0"
