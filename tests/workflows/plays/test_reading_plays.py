"""Each play in broken/ has the heads of its diagnostics beside it, in a .txt; a sound one is stored as it was read."""

from pathlib import Path

import pytest

from workflows.language.compile import read_journey
from workflows.language.policy import read_coupons
from workflows.plays.model import Play
from workflows.plays.reading import ReadPlay, read_play
from workflows.plays.words import describe_play, play_graph
from workflows.source.diagnostics import CODES, render
from workflows.terms.scope import References
from workflows.terms.wording import Wording

BROKEN = Path(__file__).parent / "broken"
SPECS = Path(__file__).parents[3] / "journey_specs"
TERMS, _ = read_coupons(
    """
minus5: {name: 减5, amount_off: 5元, valid: 3d, budget: {count: 20}}
few: {name: 减5, amount_off: 5元, valid: 3d, budget: {money: 100元}}
huge: {name: 大奖, amount_off: 60000元, valid: 3d}
lot: {name: 临期, amount_off: 5元, valid: 3d, products: lot}
""",
    "coupons",
)
REFERENCES = References(
    templates={"hello": frozenset({"sms", "wecom"}), "coupon_text": frozenset({"sms"})},
    variables={("coupon_text", "sms"): frozenset({"coupon", "customer"})},
    campaigns=frozenset(TERMS or ()),
    segments=frozenset({"vip"}),
    events={"stream.commented": frozenset({"text", "stream_id"})},
)
JOURNEYS = {
    name: read_journey(
        f"journey: {name}\ntrigger: {{event: {event}}}\nentry: {{again: never}}\nsteps: [{{tag: a}}]", name, None
    ).plan
    for name, event in (("other", "order.paid"), ("follower", "play.told"))
}  # fmt: skip
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
PLAYS = sorted(path.stem for path in (SPECS / "plays").glob("*.yaml"))


def read(name: str) -> ReadPlay:
    journeys = {name: plan for name, plan in JOURNEYS.items() if plan is not None}
    return read_play((BROKEN / f"{name}.yaml").read_text(), f"{name}.yaml", REFERENCES, TERMS, journeys)


@pytest.mark.parametrize("name", NAMES)
def test_says_what_is_wrong(name: str) -> None:
    found = read(name)
    assert found.play is None
    assert [render(each) for each in found.diagnostics] == (BROKEN / f"{name}.txt").read_text().splitlines()
    assert {each.code for each in found.diagnostics} <= CODES.keys()


@pytest.mark.parametrize("name", PLAYS)
def test_a_shipped_play_is_stored_as_it_was_read_and_told_in_both_languages(name: str) -> None:
    text = (SPECS / "plays" / f"{name}.yaml").read_text()
    play = read_play(text, f"{name}.yaml").play
    assert play is not None, read_play(text, f"{name}.yaml").diagnostics
    assert Play.model_validate(play.model_dump(mode="json")) == play
    for lang in ("zh", "en"):
        assert play.title in describe_play(play, Wording(lang))
        assert play_graph(play, Wording(lang)).count("-->") >= len(play.placed)
