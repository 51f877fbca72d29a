"""What many requests ask of the database, asked for several of them at once."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

from api.http.problems import is_away

Question = TypeVar("Question")
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class _Waiting(Generic[Question, Answer]):
    questions: Sequence[Question]
    answers: asyncio.Future[list[Answer]]

    def settle(self, answers: list[Answer] | Exception) -> None:
        if self.answers.cancelled():
            return
        if isinstance(answers, Exception):
            self.answers.set_exception(answers)
        else:
            self.answers.set_result(answers)


class MicroBatcher(Generic[Question, Answer]):
    """Who comes alone is served at once; who come while all `threads` are busy are then served together.

    `serve` is given up to `most` questions, those of one request in their order, and answers them in theirs. Threads
    hinder each other: while one is busy, the next begins when there are `most` questions, or one has waited `patience`
    seconds. Where serving costs much however few there are, they are gathered for some seconds first.
    """

    def __init__(
        self,
        serve: Callable[[list[Question]], Sequence[Answer]],
        *,
        threads: int,
        most: int,
        patience: float = 0,
        gather: float = 0,
    ) -> None:
        self._serve = serve
        self._most = most
        self._patience = patience
        self._gather = gather
        self._count = self._idle = threads
        self._threads = ThreadPoolExecutor(threads)
        self._queue: deque[_Waiting[Question, Answer]] = deque()
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """How many requests wait to be served, beside those that are."""
        return len(self._queue)

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers for one request, if it has more questions than `most` in parts, one after the other."""
        answers: list[Answer] = []
        for start in range(0, len(questions), self._most):
            loop = asyncio.get_running_loop()
            future: asyncio.Future[list[Answer]] = loop.create_future()
            with self._lock:
                waiting = _Waiting(questions[start : start + self._most], future)
                self._queue.append(waiting)
                size = sum(len(item.questions) for item in self._queue) if self._idle else 0
                if self._idle == self._count or size >= self._most:
                    self._begin()
                elif self._idle:
                    loop.call_later(self._patience, self._lose_patience, waiting)
            answers += await future
        return answers

    def _lose_patience(self, waiting: _Waiting[Question, Answer]) -> None:
        with self._lock:
            if waiting in self._queue:
                self._begin()

    def _begin(self) -> None:
        if self._idle:
            self._idle -= 1
            self._threads.submit(self._work)

    def _work(self) -> None:
        while party := self._gathered():
            self._answer(party)

    def _gathered(self) -> list[_Waiting[Question, Answer]]:
        if self._gather and len(self._queue) < self._most:
            time.sleep(self._gather)
        return self._next()

    def _next(self) -> list[_Waiting[Question, Answer]]:
        """As many of those who wait as fit; with none, the thread is idle again."""
        party, size = [], 0
        with self._lock:
            while self._queue and size + len(self._queue[0].questions) <= self._most:
                party.append(self._queue.popleft())
                size += len(party[-1].questions)
            if not party:
                self._idle += 1
        return party

    def _answer(self, party: Sequence[_Waiting[Question, Answer]]) -> None:
        try:
            answers = iter(self._serve([question for waiting in party for question in waiting.questions]))
            results: list[list[Answer] | Exception] = [[next(answers) for _ in waiting.questions] for waiting in party]
        except Exception as error:
            if len(party) > 1 and not is_away(error):  # it is the trouble of one, and not that of the others
                for waiting in party:
                    self._answer([waiting])
                return
            results = [error] * len(party)
        for loop in {waiting.answers.get_loop() for waiting in party}:  # waking it is dear: once for all of them
            loop.call_soon_threadsafe(_settle, loop, list(zip(party, results, strict=True)))


def _settle(
    loop: asyncio.AbstractEventLoop, results: Sequence[tuple[_Waiting[Question, Answer], list[Answer] | Exception]]
) -> None:
    for waiting, answers in results:
        if waiting.answers.get_loop() is loop:
            waiting.settle(answers)
