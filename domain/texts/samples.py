"""Stand-ins for values, to check a text before it is rendered for a customer."""

from collections.abc import Iterator
from typing import Any


class Sample(str):
    """Stands for a value that isn't known, when a text is tried: whatever is asked of it, it is another.

    It is there or it isn't, as conditions see it; as a list it has two items, so that pairs can be taken from it.
    """

    there: bool

    def __new__(cls, *, there: bool) -> "Sample":
        """Nothing to read."""
        sample = super().__new__(cls)
        sample.there = there
        return sample

    def __bool__(self) -> bool:
        return self.there

    def __iter__(self) -> Iterator[str]:
        return iter((self, self))

    def __len__(self) -> int:
        return 2

    def __int__(self) -> int:
        return 1

    __index__ = __int__

    def __float__(self) -> float:
        return 1.0

    def __contains__(self, _: object) -> bool:
        return self.there

    def __call__(self, *_: Any, **__: Any) -> "Sample":
        return self

    def _same(self, *_: object) -> Any:
        return self

    def _whether(self, _: object) -> bool:
        return self.there

    __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = __pos__ = _same
    __lt__ = __le__ = __gt__ = __ge__ = _whether
    lower = upper = strip = _same  # as filters that sort ask for it
