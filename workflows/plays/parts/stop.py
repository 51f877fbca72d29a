"""`stop`: the play is over here, and nobody wins what hasn't been drawn."""

from typing import ClassVar

from workflows.plays.base import Part
from workflows.terms.wording import Wording
from workflows.terms.written import Text


class Stop(Part):
    part: ClassVar = "stop"

    stop: Text

    def words(self, say: Wording) -> str:
        return say.pick(f"结束：{self.stop}", f"stop: {self.stop}")
