"""What drafts are asked and answered with."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.journeys.routes import Published
from domain.journeys.lifecycle import Running
from workflows.source.tree import MAX_BYTES

Text = Annotated[str, Field(max_length=MAX_BYTES)]
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Wish(BaseModel):
    """Somebody wants a revision published; a second person agrees, or goes on writing."""

    by: str
    name: str
    at: datetime
    running: Running
    reason: str


class DraftText(BaseModel):
    """A draft. Revision 0 is none yet: its text is the live version's. `base` is the version it goes out from, `live`
    the one that is live now; null for a journey that never was published.
    """

    journey: str
    revision: int
    etag: str = Field(description="what to send as `If-Match` with a change")
    text: str
    base: int | None
    live: int | None
    by: str | None
    at: datetime | None
    asked: Wish | None


class DraftListed(BaseModel):
    """A draft in a list; `live` is the journey's live version, null if it was never published."""

    journey: str
    revision: int
    base: int | None
    live: int | None
    by: str
    at: datetime
    waits: bool = Field(description="for a second person, to be published")


class Revision(BaseModel):
    """A text that the draft has had."""

    revision: int
    by: str
    at: datetime


class RevisionText(BaseModel):
    revision: int
    text: str


class VersionText(BaseModel):
    """A version as it was written."""

    version: int
    text: str
    published_at: datetime


class Saved(BaseModel):
    """A draft's text; `base` says from now on which version it goes out from."""

    text: Text
    base: Number | None = None


class ToMerge(BaseModel):
    """A text, and the revision that it went out from."""

    text: Text
    since: Number


class ClashIn(BaseModel):
    """Lines that both changed: mine stand in the merged text from `line` on."""

    line: int
    mine: str
    theirs: str


class MergedDraft(BaseModel):
    """The text with both changes, to be saved over `revision`; where they clash it has mine."""

    text: str
    revision: int
    etag: str
    by: str | None
    clashes: list[ClashIn]


class Here(BaseModel):
    """Where somebody is in their editor: the place of a step, or nothing."""

    place: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class Other(BaseModel):
    name: str
    place: str


class Present(BaseModel):
    """Who else has the draft open, and how it stands."""

    others: list[Other]
    revision: int
    by: str | None


class Review(BaseModel):
    """What publishing the draft would change: in words, in numbers of customers inside, and what is wrong with it.

    `running` counts the customers inside each version; of those in other versions `moving` would go on under this one
    with `running=move`, `staying` would finish theirs. `sound`: it can be published. `seconded`: a second person has
    to agree. `state` is that of the journey, null before its first version: one that is stopped would run again.
    """

    revision: int
    live: int | None
    base: int | None
    state: Literal["live", "paused", "stopped"] | None
    changes: list[str]
    running: dict[int, int]
    moving: int
    staying: int
    sound: bool
    seconded: bool
    problems: list[dict[str, Any]]


class ToPublish(BaseModel):
    """`base` is the version that was live when the review was read; what was published since is not overwritten."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
    running: Running = "finish"
    base: Number | None = None


class Outcome(BaseModel):
    """Published, or waiting for a second person."""

    published: Published | None
    draft: DraftText
