"""Carries out `if`."""

from domain.plays.rounds import top_of
from domain.plays.running import Came, Run
from workflows.plays.parts.collect import Collect
from workflows.plays.parts.if_ import If


def carry_out(run: Run, part: If) -> Came:
    """Go one way or another."""
    row = run.round()
    if part.if_.entries_at_least is not None:
        holds = row.entries >= part.if_.entries_at_least
    else:
        collect = run.play.placed[row.step].part
        holds = isinstance(collect, Collect) and top_of(collect, row.tally) == part.if_.top
    return Came(done=True, branch="then" if holds else "else")
