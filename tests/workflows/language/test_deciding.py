"""A split is decided in the text, of which nothing else changes."""

import pytest

from workflows.language.compile import read_journey
from workflows.language.deciding import with_winner
from workflows.verbs.split import Split

TEXT = """\
journey: visits   # 来访
trigger: {event: form.filled}
entry: {again: always}
steps:
  - id: weekly
    repeat: 2
    steps:
      - id: offer
        split:
          - {variant: 'control', weight: 34, steps: []}   # nothing
          - variant: ten
            weight:   33
            steps: [{wait: 1h}]
          - {weight: 33, steps: [{wait: 2h}], variant: twenty}
        winner: auto
      - {id: other, split: [{variant: ten, weight: 100, steps: []}]}
"""


def test_the_winner_has_all_the_weight_and_nothing_else_changes() -> None:
    decided = with_winner(TEXT, "offer", "ten")
    assert decided == TEXT.replace("weight: 34", "weight: 0").replace(" 33\n", " 100\n").replace(
        "weight: 33", "weight: 0"
    )
    plan = read_journey(decided, "a journey", None).plan
    assert plan is not None
    splits = [step for step in plan.steps.values() if isinstance(step, Split) and step.written_id == "offer"]
    assert [[arm.weight for arm in split.arms] for split in splits] == [[0, 100, 0]] * 2
    assert {split.winner for split in splits} == {"auto"}


@pytest.mark.parametrize(("step", "variant"), [("offer", "thirty"), ("weekly", "ten"), ("nothing", "ten")])
def test_what_is_not_there_cannot_win(step: str, variant: str) -> None:
    with pytest.raises(LookupError, match="no split"):
        with_winner(TEXT, step, variant)
