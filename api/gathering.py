"""What many requests ask of the database, asked for several of them at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from api.problems import is_away

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class _Waiting(Generic[Question, Answer]):
    questions: Sequence[Question]
    answers: Future[list[Answer]] = field(default_factory=Future)


class Gathering(Generic[Question, Answer]):
    """Who comes alone is served at once; who come while all `threads` are busy are then served together.

    `serve` is given up to `most` questions, those of one request in their order, and answers them in theirs.
    """

    def __init__(self, serve: Callable[[list[Question]], Sequence[Answer]], *, threads: int, most: int) -> None:
        self._serve = serve
        self._most = most
        self._threads = ThreadPoolExecutor(threads)
        self._queue: deque[_Waiting[Question, Answer]] = deque()
        self._lock = Lock()

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers for one request, if it has more questions than `most` in parts, one after the other."""
        answers: list[Answer] = []
        for start in range(0, len(questions), self._most):
            waiting = _Waiting[Question, Answer](questions[start : start + self._most])
            with self._lock:
                self._queue.append(waiting)
            self._threads.submit(self._work)
            answers.extend(await asyncio.wrap_future(waiting.answers))
        return answers

    def _work(self) -> None:
        """Serve as many as fit. There is a call for each that waits; most find that it was served already."""
        party, size = [], 0
        with self._lock:
            while self._queue and size + len(self._queue[0].questions) <= self._most:
                waiting = self._queue.popleft()
                if waiting.answers.set_running_or_notify_cancel():
                    party.append(waiting)
                    size += len(waiting.questions)
        if party:
            self._answer(party)

    def _answer(self, party: Sequence[_Waiting[Question, Answer]]) -> None:
        try:
            answers = iter(self._serve([question for waiting in party for question in waiting.questions]))
        except Exception as error:
            if len(party) > 1 and not is_away(error):  # it is the trouble of one, and not that of the others
                for waiting in party:
                    self._answer([waiting])
                return
            for waiting in party:
                waiting.answers.set_exception(error)
            return
        for waiting in party:
            waiting.answers.set_result([next(answers) for _ in waiting.questions])
