"""What reads comments can be trained anew, and says of what it was trained on what it was told."""

from pathlib import Path

from benchmarks.voice.train_reader import labelled, together, train
from domain.voice.model import load
from workflows.language.voice import ASPECTS


def test_the_labels_are_those_that_there_are() -> None:
    rows = list(labelled())
    assert {row.kind for row in rows} == {"opinion", "wish", "question", "chatter", "spam"}
    assert {row.aspect for row in rows} - {""} == set(ASPECTS)
    assert {row.sentiment for row in rows} == {"", "positive", "negative", "neutral"}


def test_a_model_that_is_trained_says_what_it_was_told_and_is_the_same_each_time(tmp_path: Path) -> None:
    own = list(labelled())[::3]
    for name in ("one.npz", "other.npz"):
        train(own, list(together(own))[::20], tmp_path / name)
    model = load(tmp_path / "one.npz")
    scores = model.scores([row.text for row in own])
    kinds, names = model.of(scores, "kind").argmax(axis=1), model.names("kind")
    right = sum(names[each] == row.kind for each, row in zip(kinds, own, strict=True))
    assert right > 0.95 * len(own)
    assert (model.weights == load(tmp_path / "other.npz").weights).all()
