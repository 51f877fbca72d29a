"""What a comment says: opinions and wishes about aspects of a product, or a question, chatter, spam.

A reader gives one row for each aspect that is spoken of, or a single row without any. This one needs no service: it is
linear in the runs of characters of each clause, helped by the words of the lexicon.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Literal, Protocol

import numpy as np

from domain.voice.clauses import LONGEST, NAMED, clauses, nameless, plain
from domain.voice.model import Model, Numbers, chances, load
from workflows.language.voice import ASPECTS, Aspect, Voice

Kind = Literal["opinion", "wish", "question", "chatter", "spam"]
Sentiment = Literal["positive", "negative", "neutral", "wish"]

WHOLE, WHOLE_STORY = 0.7, 3.0
"""What the tone of the whole comment says of each of its clauses, beside the clause's own sentiment; of a long one.

The tone is what clauses and what whole reviews taught of the whole text, and the mean of its clauses.
"""

STORY = 4
"""A comment of so many clauses is long: a review, in which few clauses can be understood alone."""

MIXED = 0.6
"""A comment as a whole says so much of the kind of each clause."""

WORD = 8.0
"""A word of the lexicon moves a logit by this."""

SURE = 1.5
"""A comment that seems to be chatter but has a sentiment this strong is an opinion: reviews tell stories."""

UNSURE = 0.2
"""A clause that is read with less confidence than this says nothing."""

TOGETHER = 100
"""Comments are read in batches of this many: at their longest, some 100 MB are held meanwhile."""

LONG = 15
"""If it has more characters than this."""


@dataclass(frozen=True)
class Opinion:
    """One thing that a comment says. `confidence` lies between 0 and 1; `phrase` is as it was written.

    `aspect` and `sentiment` are None for questions, chatter and spam; a wish's sentiment is `wish`.
    """

    kind: Kind
    aspect: Aspect | None = None
    sentiment: Sentiment | None = None
    product: str | None = None
    phrase: str | None = None
    confidence: float = 0.0


class Reader(Protocol):
    """Reads comments, each into one row or more."""

    def read(self, texts: Sequence[str]) -> list[list[Opinion]]: ...


@dataclass(frozen=True)
class _Comment:
    """A comment as it is written and plainly, where its clauses stand among all, and the product that it names."""

    text: str
    plain: str
    clauses: Sequence[str]
    first: int
    product: str | None


class EmbeddedReader:
    """Reads by the model file of this package and a lexicon; `products` are names by what people write for them."""

    def __init__(self, lexicon: Voice | None = None, products: Mapping[str, str] | None = None) -> None:
        lexicon = lexicon or Voice()
        self._model: Model = load()
        self._kinds = self._model.names("kind")
        self._aspects = [aspect for name in self._model.names("aspect") for aspect in ASPECTS if aspect == name]
        self._products = {plain(written): name for written, name in (products or {}).items() if written}
        self._words = [
            (plain(word), self._aspects.index(aspect), {"positive": WORD, "negative": -WORD}.get(says, 0.0))
            for aspect, words in lexicon.aspects.items()
            for says, listed in words.model_dump().items()
            for word in listed
        ]
        self._chatter = [plain(word) for word in lexicon.chatter]

    def read(self, texts: Sequence[str]) -> list[list[Opinion]]:
        """One row or more for each text, in its order; an empty text is chatter."""
        return [row for start in range(0, len(texts), TOGETHER) for row in self._read(texts[start : start + TOGETHER])]

    def _read(self, texts: Sequence[str]) -> list[list[Opinion]]:
        comments: list[_Comment] = []
        written: list[str] = []
        for text in texts:
            parts = clauses(text) or [text]
            whole_text = plain(text[:LONGEST])
            named = [name for name in self._products if name in whole_text]
            comments.append(_Comment(text, nameless(whole_text, named), parts, len(written), self._product(named)))
            written += [nameless(plain(part), named) for part in parts]
        model = self._model
        whole, scores = model.scores([comment.plain for comment in comments]), model.scores(written)
        of = np.array([len(comment.clauses) for comment in comments])
        kinds, aspects = model.of(scores, "kind").copy(), model.of(scores, "aspect").copy()
        feelings, neutral = model.of(scores, "sentiment")[:, 0].copy(), model.of(scores, "neutral")[:, 0]
        feeling = (model.of(whole, "sentiment")[:, 0] + model.of(whole, "tone")[:, 0]) / 2
        kinds += np.repeat(np.where(of > 1, MIXED, 0)[:, None] * model.of(whole, "kind"), of, axis=0)
        firsts = [comment.first for comment in comments]
        feeling = np.where(of == 1, feeling, feeling + np.add.reduceat(feelings, firsts) / of)
        feelings += np.repeat(np.where(of == 1, 0, np.where(of < STORY, WHOLE, WHOLE_STORY)) * feeling, of)
        opinion, chatter = self._kinds.index("opinion"), self._kinds.index("chatter")
        for place, text in enumerate(written):
            for word, aspect, moved in self._words:
                if word in text:
                    aspects[place, aspect] += WORD
                    feelings[place] += moved
                    kinds[place, opinion] += abs(moved)
            if text == NAMED or any(word in text for word in self._chatter) or not any(map(str.isalnum, text)):
                kinds[place, chatter] += WORD
        likely_kinds, likely_aspects = chances(kinds), chances(aspects)
        found = []
        for comment, tone in zip(comments, feeling.tolist(), strict=True):
            places = range(comment.first, comment.first + len(comment.clauses))
            said = [
                self._said(text, likely_kinds[each], likely_aspects[each], float(feelings[each]), float(neutral[each]))
                for each, text in zip(places, comment.clauses, strict=True)
            ]
            likely = likely_kinds[places.start : places.stop].mean(axis=0).tolist()
            found.append(self._rows(comment, [each for each in said if each], likely, tone))
        return found

    def _rows(self, comment: _Comment, said: list[Opinion], kinds: Sequence[float], tone: float) -> list[Opinion]:
        likely = dict(zip(self._kinds, kinds, strict=True))
        if likely["spam"] > max(likely["opinion"], likely["wish"], 0.5):
            return [Opinion("spam", confidence=likely["spam"])]
        if not said and abs(tone) > SURE and len(comment.plain) > LONG and likely["question"] < 0.5:
            said = [self._overall(comment.text, tone)]
        product = comment.product
        if said:
            return [replace(each, product=product) for each in _without_repeats(said)]
        kind: Kind = max(("question", "chatter", "spam"), key=lambda name: likely[name])
        return [Opinion(kind, product=product if kind == "question" else None, confidence=round(likely[kind], 4))]

    def _said(self, text: str, kinds: Numbers, aspects: Numbers, feeling: float, neutral: float) -> Opinion | None:
        kind = self._kinds[int(kinds.argmax())]
        if kind not in ("opinion", "wish"):
            return None
        best = int(aspects.argmax())
        sure = float(aspects[best] * kinds.max())
        if sure < UNSURE:
            return None
        if kind == "wish":
            return Opinion("wish", self._aspects[best], "wish", phrase=text, confidence=round(sure, 4))
        sentiment: Sentiment = "positive" if feeling > 0 else "negative"
        if neutral > 0 and abs(feeling) < neutral + 2:
            sentiment = "neutral"
        polar = 1 / (1 + exp(-abs(feeling)))
        return Opinion("opinion", self._aspects[best], sentiment, phrase=text, confidence=round(sure * polar, 4))

    def _overall(self, text: str, feeling: float) -> Opinion:
        sentiment: Sentiment = "positive" if feeling > 0 else "negative"
        sure = round(1 / (1 + exp(-abs(feeling))), 4)
        return Opinion("opinion", "overall", sentiment, phrase=text[:100], confidence=sure)

    def _product(self, named: Sequence[str]) -> str | None:
        """The product of the longest name."""
        return self._products[max(named, key=len)] if named else None


def _without_repeats(said: Sequence[Opinion]) -> Iterator[Opinion]:
    """One row for an aspect; what is said of everything only where no aspect says the same."""
    rows: dict[tuple[str, str | None], Opinion] = {}
    for each in said:
        key = each.kind, each.aspect
        if (before := rows.get(key)) is None:
            rows[key] = each
        else:
            rows[key] = _both(before, each)
    specific = {row.sentiment for row in rows.values() if row.aspect != "overall"}
    for row in rows.values():
        if row.aspect != "overall" or row.sentiment not in specific:
            yield row


def _both(first: Opinion, second: Opinion) -> Opinion:
    """What two clauses say of one aspect: with equal confidence in opposites, neither."""
    sentiment = first.sentiment
    if first.sentiment != second.sentiment:
        surer = max(first, second, key=lambda each: each.confidence)
        apart = abs(first.confidence - second.confidence) > 0.2
        sentiment = surer.sentiment if apart or "neutral" in (first.sentiment, second.sentiment) else "neutral"
    phrase = "，".join(each.phrase for each in (first, second) if each.phrase)
    return replace(first, sentiment=sentiment, phrase=phrase, confidence=max(first.confidence, second.confidence))
