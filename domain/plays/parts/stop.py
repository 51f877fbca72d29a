"""Carries out `stop`."""

from domain.plays.running import DONE, Came, Run, end
from workflows.plays.parts.stop import Stop


def carry_out(run: Run, part: Stop) -> Came:
    """The instance is over."""
    end(run.work, run.instance, "stopped", run.now, part.stop)
    return DONE
