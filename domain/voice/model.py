"""What the reader learned: linear weights of character runs, trained by `python -m benchmarks.voice.train_reader`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.voice.clauses import grams

FILE = Path(__file__).with_name("reader.npz")
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """Weights by character run for several questions, each a group of columns that are named."""

    places: Mapping[str, int]
    rarity: Numbers
    weights: Numbers
    bias: Numbers
    columns: Mapping[str, tuple[int, Sequence[str]]]

    def scores(self, plain_texts: Sequence[str]) -> Numbers:
        """The logits (texts × columns) of texts as `plain` gives them. Each has at least one known run: its ends."""
        places: list[int] = []
        starts: list[int] = []
        for text in plain_texts:
            starts.append(len(places))
            places += [place for gram in grams(text) if (place := self.places.get(gram)) is not None] or [0]
        rarity = self.rarity[places]
        sums = np.add.reduceat(self.weights[places] * rarity[:, None], starts)
        lengths = np.sqrt(np.add.reduceat(rarity**2, starts))
        return np.asarray(self.bias + sums / lengths[:, None], dtype=np.float32)

    def of(self, scores: Numbers, question: str) -> Numbers:
        """The columns of one question."""
        start, names = self.columns[question]
        return scores[..., start : start + len(names)]

    def names(self, question: str) -> Sequence[str]:
        """What its columns stand for."""
        return self.columns[question][1]


def chances(logits: Numbers) -> Numbers:
    """Logits of answers that exclude each other, in the last dimension, as probabilities."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)


@cache
def load(file: Path = FILE) -> Model:
    """Read the model file; weights are kept as whole numbers and a scale for each column."""
    with np.load(file) as stored:
        vocabulary = bytes(stored["grams"]).decode().split("\n")
        return Model(
            places={gram: place for place, gram in enumerate(vocabulary)},
            rarity=stored["rarity"].astype(np.float32),
            weights=stored["weights"].astype(np.float32) * stored["scale"],
            bias=stored["bias"],
            columns={name: (start, names) for name, start, names in json.loads(bytes(stored["columns"]))},
        )


def save(
    file: Path, vocabulary: Sequence[str], rarity: Any, weights: Any, bias: Any, columns: Mapping[str, Any]
) -> None:
    """Write a model file: weights (runs × columns) in steps of a 127th of each column's largest."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-6) / 127
    np.savez_compressed(
        file,
        grams=np.frombuffer("\n".join(vocabulary).encode(), dtype=np.uint8),
        rarity=np.asarray(rarity, dtype=np.float16),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=np.asarray(bias, dtype=np.float32),
        columns=np.frombuffer(
            json.dumps([[name, start, list(names)] for name, (start, names) in columns.items()]).encode(), np.uint8
        ),
    )
