"""Carries out `announce`."""

from domain.plays.followers import tell_people
from domain.plays.running import DONE, GO_ON, Came, Run
from workflows.plays.parts.announce import Announce


def carry_out(run: Run, part: Announce) -> Came:
    """Show the result, then let those named be written to, by the journey that the play's publishing made of it."""
    if not run.instance.progress:
        run.instance.shown = [*run.instance.shown, {"announce": run.path, "to": list(part.announce)}]
    for number, whom in enumerate(part.people):
        key = f"done{number}"
        if not tell_people(run, whom, key):
            return GO_ON
    return DONE
