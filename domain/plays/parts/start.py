"""Carries out `start`."""

from domain.plays.followers import tell_people
from domain.plays.running import DONE, GO_ON, Came, Run
from workflows.plays.parts.start import Start


def carry_out(run: Run, part: Start) -> Came:
    """Let the journey be begun by an event of each of them."""
    return DONE if tell_people(run, part.for_, "done", journey=part.start) else GO_ON
