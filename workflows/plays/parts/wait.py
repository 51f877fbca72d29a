"""`wait`: nothing happens for a while: time for the host to speak."""

from typing import ClassVar

from workflows.plays.base import Part
from workflows.terms.values import Duration
from workflows.terms.wording import Wording


class Wait(Part):
    part: ClassVar = "wait"

    wait: Duration

    def words(self, say: Wording) -> str:
        return say.pick(f"等待 {say.span(self.wait)}", f"wait {say.span(self.wait)}")
