"""The activities about what customers say."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from activities.adapters.model_reader import Model, ModelReader
from activities.liveness import sign_of_life
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database
from domain.voice import alerts, hearing, reports
from domain.voice.hearing import Comment
from domain.voice.lessons import requirements, reviews
from domain.voice.products import spoken_skus
from domain.voice.reading import EmbeddedReader, Opinion, Reader
from domain.voice.themes import Themes
from workflows.plan.lessons import RequirementState, ReviewState


class VoiceActivities:
    """Reads comments, by a `model` if there is one. What each tells is without personal data."""

    def __init__(self, db: Database, clock: Clock, model: Model | None = None) -> None:
        self._db = db
        self._clock = clock
        self._model = model

    def all(self) -> list[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [self.read_comments, self.report_week, self.review_show, self.look_after_requirement]

    @activity.defn
    def read_comments(self) -> int:
        """Read all that is unread, in pages, and keep what it says. Returns how many comments that were."""
        read = 0
        with self._db() as session:
            library = read_library(session)
            products = spoken_skus(session)
        reader: Reader = EmbeddedReader(library.voice, products)
        themes = Themes(library.voice, products)
        if self._model is not None:
            reader = ModelReader(self._model, reader)
        while comments := self._page():
            sign_of_life()
            said = reader.read([comment.text for comment in comments])
            read += self._keep(themes, comments, said)
        return read

    @activity.defn
    def report_week(self) -> list[str]:
        """Tell the managers of products what customers said in the week."""
        with self._db.begin() as work:
            return [f"{reports.tell_week(work, self._clock.now())} managers told"]

    @activity.defn
    def review_show(self, stream: str) -> ReviewState:
        """Work the figures of a show out, if it is time."""
        with self._db.begin() as work:
            stage, next_at = reviews.make(work, stream, self._clock.now())
        return ReviewState(stage=stage, seconds=self._clock.seconds_until(next_at) if next_at else None)

    @activity.defn
    def look_after_requirement(self, requirement: int) -> RequirementState:
        """Remind, escalate, measure, whatever is due; and say where it stands."""
        with self._db.begin() as work:
            standing, due_at = requirements.look_after(work, requirement, self._clock.now())
        return standing.model_copy(update={"seconds": self._clock.seconds_until(due_at) if due_at else None})

    def _page(self) -> Sequence[Comment]:
        with self._db() as session:
            return hearing.unread(session)

    def _keep(self, themes: Themes, comments: Sequence[Comment], said: Sequence[Sequence[Opinion]]) -> int:
        with self._db.begin() as work:
            read = hearing.keep(work, comments, said, themes)
            alerts.look(work, comments, self._clock.now())
            return read
