"""Carries out `wait`."""

from datetime import datetime

from domain.plays.running import DONE, Came, Run
from workflows.plays.parts.wait import Wait


def carry_out(run: Run, part: Wait) -> Came:
    """Rest until its time is over."""
    until = run.instance.progress.get("until")
    if until is None:
        ends_at = part.wait.after(run.now, run.library.policy_zone)
        run.note(until=ends_at.isoformat())
        return Came(done=False, at=ends_at)
    ends_at = datetime.fromisoformat(until)
    return DONE if run.now >= ends_at else Came(done=False, at=ends_at)
