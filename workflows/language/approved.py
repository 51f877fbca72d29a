"""What SMS providers have approved of a text: `templates/messages/…/sms.yaml`."""

import re
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic, quoted
from workflows.source.tree import Source, TooManyError, read_source
from workflows.terms.values import Frozen
from workflows.terms.written import matching

VARIABLE = re.compile(r"\$\{([^{}]*)\}")
"""A variable as it is written in an approved text."""

Variable = Annotated[str, matching(r"[A-Za-z]\w{0,31}", "a variable: a letter first, then letters, digits and `_`")]
Expression = Annotated[str, Field(min_length=1, max_length=500)]


class ApprovedText(Frozen):
    """A template as providers have approved it, without 【签名】, which goes apart.

    `aliyun` and `tencent` are its codes there; `variables` says what our text has where the template has a variable, as
    it stands between `{{` and `}}`. Tencent's `{1}`, `{2}` are the variables in the order of the text.
    """

    aliyun: Annotated[str, matching(r"SMS_\d{1,20}", "a code of Aliyun's, like SMS_123456789")] | None = None
    tencent: Annotated[int, Field(ge=1)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    variables: Annotated[dict[Variable, Expression], Field(max_length=50)] = Field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The text in pieces: what is fixed and the names of variables by turns, the first and the last fixed."""
        return VARIABLE.split(self.text.strip())


def read_approved(text: str, path: str) -> tuple[ApprovedText | None, list[Diagnostic]]:
    """Read an `sms.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    approved = validate(ApprovedText, source)
    if approved is not None:
        with suppress(TooManyError):
            _check(approved, source)
    return None if source.broken else approved, source.sorted()


def _check(approved: ApprovedText, source: Source) -> None:
    root = source.root
    if root is None:
        return
    text, listed = root.get("text"), root.get("variables")
    named = approved.parts[1::2]
    if approved.aliyun is None and approved.tencent is None:
        source.report(root, "E090", "says neither aliyun: nor tencent:, so that nobody has approved it")
    if approved.text.lstrip().startswith("【"):
        source.report(text, "E090", "the signature isn't part of an approved text; it stands in sms.j2 alone")
    for name in dict.fromkeys(named):
        if name not in approved.variables:
            source.report(text, "E090", f"variables: doesn't say what {quoted(name)} is in our text")
    for name, key in (listed.keys if listed is not None else {}).items():
        if name not in named:
            source.report(key, "E090", f"the approved text has no {quoted('${' + name + '}')}")
    if any(not fixed for fixed in approved.parts[2:-1:2]):
        source.report(text, "E090", "two variables stand side by side; one of them can hold both")
