"""Papers as answers: JSON as it is, Markdown, or a file for a word processor."""

from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import Query, Response

from domain.voice.papers import Paper, docx, markdown

Format = Literal["json", "markdown", "docx"]
FormatQuery = Annotated[
    Format, Query(alias="format", description="`markdown` and `docx`, a file, are for people; JSON is described here")
]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def written(paper: Callable[[], Paper], form: Format, name: str) -> Response | None:
    """The paper in the form; None for JSON, which isn't made of it."""
    if form == "json":
        return None
    if form == "markdown":
        return Response(markdown(paper()), media_type="text/markdown; charset=utf-8")
    disposition = f"attachment; filename=\"aftershow.docx\"; filename*=UTF-8''{quote(name, safe='')}.docx"
    return Response(docx(paper()), media_type=DOCX, headers={"Content-Disposition": disposition})
