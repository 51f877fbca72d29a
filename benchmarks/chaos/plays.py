"""Floods a lottery from outside while its parts are killed, and holds what was acknowledged against what came of it.

    python -m benchmarks.chaos.plays [--people 800] [--winners 500] [--seed 1]

`aftershow up` runs as its users run it. Everybody enters by a token, over plain connections that are as impatient as
phones: whoever gets no answer, `429` or `503` sends the same entry again, and now and then one sends it once more. The
API is killed twice and Postgres once while they do; then the entries are closed, and the worker and the API are killed
while winners are drawn, which is slowed for it, and while they are told.
"""

import argparse
import asyncio
import hashlib
import hmac
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from benchmarks.chaos.siege import Chaos, eventually, stack
from tests.providers.twilio_server import twilio_server

PHONES = 60
"""So many entries are under way at once."""

PATIENCE = 0.5
"""Seconds before what was refused, or not answered, is sent again."""

PLAY = """
play: flood
rules: 免费
steps:
  - {{id: collect, collect: entries, for: 1h}}
  - {{id: draw, draw: {{prizes: [{{coupon: five, count: {winners}}}]}}}}
  - {{id: tell, announce: [screen, winners], send: won, via: [sms]}}
"""
SLOW = """
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$;
    CREATE TRIGGER slow AFTER INSERT ON play_winners FOR EACH STATEMENT EXECUTE FUNCTION slow();
"""
"""A page of winners takes seconds, so that a kill comes in the midst of it."""


@dataclass(frozen=True)
class Found:
    """What came of it. All after `messages` should be 0."""

    people: int
    acknowledged: int
    retried: int
    kills: int
    in_the_draw: int
    """Kills after the close, before all was told."""
    winners: int
    messages: int
    lost: int
    """Acknowledged entries that aren't there, or are another one's."""
    twice: int
    """Entries beyond one for each person."""
    changed: int
    """Winners that aren't those whom the promised seed makes so, or that were others when they were first seen."""
    sent_twice: int
    not_sent: int
    """Winners without a message, and messages to who didn't win."""
    unverified: int
    """Problems that `aftershow play verify` would tell of."""

    @property
    def wrong(self) -> int:
        """How much went wrong."""
        return self.lost + self.twice + self.changed + self.sent_twice + self.not_sent + self.unverified


def phone(number: int) -> str:
    """Somebody's."""
    return f"+86139{number:08}"


class Crowd:
    """All who enter; `entries` are those that were acknowledged, by the person."""

    def __init__(self, url: str, tokens: Sequence[str], dice: random.Random) -> None:
        self.entries: dict[int, set[int]] = {}
        self.retried = 0
        self._url = f"{url}/v1/plays/flood/entries"
        self.tokens = tokens
        self._dice = dice

    def enter(self) -> None:
        """Everybody, until everybody has got an answer."""
        asyncio.run(self._enter_all())

    async def _enter_all(self) -> None:
        waiting = iter(range(len(self.tokens)))
        async with httpx.AsyncClient(timeout=3) as http:
            await asyncio.gather(*(self._phone(http, waiting) for _ in range(PHONES)))

    async def _phone(self, http: httpx.AsyncClient, waiting: Any) -> None:
        for person in waiting:
            for _ in range(2 if self._dice.random() < 0.3 else 1):
                answer = await self._send(http, {"id": f"tap-{person}", "token": self.tokens[person]})
                self.entries.setdefault(person, set()).add(answer["entry"])
            await asyncio.sleep(self._dice.random() / 2)

    async def _send(self, http: httpx.AsyncClient, entry: dict[str, str]) -> Any:
        while True:
            try:
                answer = await http.post(self._url, json=entry)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 202:
                return answer.json()
            assert answer is None or answer.status_code in (429, 503), answer.text
            self.retried += 1
            await asyncio.sleep(PATIENCE * (0.5 + self._dice.random()))


def run(people: int, winners: int, seed: int) -> Found:
    """Let so many enter, draw so many, and kill meanwhile."""
    dice = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        twilio_server() as provider,
        stack(Path(folder), provider, dice) as chaos,
    ):
        _published(chaos, winners)
        tokens = [_token(chaos, number) for number in range(people)]
        crowd = Crowd(chaos.url, tokens, dice)
        flood = threading.Thread(target=crowd.enter)
        flood.start()
        for part in ("API", "Postgres", "API"):
            time.sleep(dice.uniform(1, 2))
            chaos.kill_part(part)
        flood.join()
        _call(chaos, "POST", "/close")
        seen: set[tuple[int, int]] = set()
        in_the_draw = 0
        for part in ("Worker", "API", "Worker"):
            time.sleep(dice.uniform(1, 2))
            chaos.kill_part(part)
            seen |= _won(chaos)
            in_the_draw += not _is_over(chaos)
        eventually(lambda: _see(chaos)["state"] == "over", 180)
        eventually(lambda: len(provider.messages) >= winners, 60)
        time.sleep(3)  # one too many would come now
        return _audit(chaos, crowd, winners, seen, in_the_draw)


def _published(chaos: Chaos, winners: int) -> None:
    _call(chaos, "POST", "/versions", {"text": PLAY.format(winners=winners)})
    with chaos.db() as session:
        session.connection().execute(text(SLOW))
        session.commit()
    _call(chaos, "POST", "/open")


def _token(chaos: Chaos, number: int) -> str:
    made = _call(chaos, "POST", "/tokens", {"customer": {"phone": phone(number)}, "minutes": 60})
    return str(made.json()["token"])


def _call(chaos: Chaos, method: str, path: str, body: Any = None) -> httpx.Response:
    """Until it is answered; what was done by a call whose answer was lost is a `409` at the next."""
    headers = {"Authorization": f"Bearer {chaos.key}"}
    found: list[httpx.Response] = []

    def call() -> bool:
        answer = httpx.request(method, f"{chaos.url}/v1/plays/flood{path}", json=body, headers=headers, timeout=10)
        found.append(answer)
        return answer.is_success or answer.status_code == httpx.codes.CONFLICT

    assert eventually(call, 90), found[-1].text if found else path
    return found[-1]


def _see(chaos: Chaos) -> Any:
    return _call(chaos, "GET", "").json()


def _won(chaos: Chaos) -> set[tuple[int, int]]:
    """The place and the entry of who has won by now, told or not."""
    with chaos.db() as session:
        rows = session.connection().execute(text("SELECT place, entry_id FROM play_winners WHERE place IS NOT NULL"))
        return {(place, entry) for place, entry in rows}


def _is_over(chaos: Chaos) -> bool:
    with chaos.db() as session:
        state = session.connection().execute(text("SELECT state FROM play_instances")).scalar_one()
    return bool(state == "over")


def _audit(chaos: Chaos, crowd: Crowd, winners: int, seen: set[tuple[int, int]], in_the_draw: int) -> Found:
    from domain.plays.tables import PlayInstance
    from domain.plays.verifying import verify

    state = _see(chaos)
    (draw,) = state["draws"]
    lines = _call(chaos, "GET", f"/entries?instance={state['instance']}&step=collect").text.splitlines()
    ids = [line.split("\t")[0] for line in lines]
    order = sorted(ids, key=lambda id: hmac.new(draw["seed"].encode(), id.encode(), hashlib.sha256).hexdigest())
    promised = [(place, int(id)) for place, id in enumerate(order[:winners], 1)]
    won = [(each["place"], each["entry"]) for each in draw["winners"]]
    with chaos.db() as session:
        problems = [each.problems for each in verify(session, session.get_one(PlayInstance, state["instance"]))]
        owners = dict(
            tuple(row)
            for row in session.connection().execute(
                text("SELECT e.id, i.value FROM play_entries e JOIN identifiers i ON i.customer_id = e.customer_id")
            )
        )
    there = {int(id) for id in ids}
    lost = sum(
        len(entries) != 1 or not entries <= there or {owners[entry] for entry in entries} != {phone(person)}
        for person, entries in crowd.entries.items()
    )
    told = Counter(message["to"] for message in chaos.provider.messages)
    meant = {owners[entry] for _, entry in won}
    return Found(
        people=len(crowd.tokens),
        acknowledged=len(crowd.entries),
        retried=crowd.retried,
        kills=sum(chaos.kills.values()),
        in_the_draw=in_the_draw,
        winners=len(won),
        messages=len(chaos.provider.messages),
        lost=lost + len(crowd.tokens) - len(crowd.entries),
        twice=len(ids) - len({owners[int(id)] for id in ids}),
        changed=len(set(won) ^ set(promised)) + len(seen - set(won)),
        sent_twice=sum(count - 1 for count in told.values()),
        not_sent=len(meant ^ set(told)),
        unverified=sum(map(len, problems)),
    )


def main() -> None:
    """Run it, show the table, and end with 1 if anything went wrong."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--people", type=int, default=800)
    arguments.add_argument("--winners", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    found = run(options.people, options.winners, options.seed)
    table = Table("audited", "count")
    for name, value in vars(found).items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
