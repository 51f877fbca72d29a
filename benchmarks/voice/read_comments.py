"""How well and how fast comments are read: `python -m benchmarks.voice.read_comments FILE.csv …`.

A file has the columns text and positive (1 or 0), or text, kind, aspect and sentiment as `aftershow voice read` writes
them, with a row for each aspect. With AFTERSHOW_READER_URL a model reads, as a worker has it read.
"""

import csv
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import process_time

from pydantic import SecretStr
from rich.console import Console

from activities.adapters.model_reader import Model, ModelReader
from domain.voice.reading import EmbeddedReader, Opinion, Reader
from workflows.language.voice import read_voice

LEXICON = Path("journey_specs/_voice.yaml")
Rows = list[dict[str, str]]


def tone(said: Sequence[Opinion]) -> float:
    """What all rows of a comment say together: above 0 if it is rather pleased."""
    return sum(each.confidence * {"positive": 1, "negative": -1}.get(each.sentiment or "", 0) for each in said)


def of_reviews(rows: Rows, said: Sequence[Sequence[Opinion]]) -> str:
    """Accuracy of the tone, and how often each side is missed."""
    counts = Counter((row["positive"] == "1", tone(each) > 0) for row, each in zip(rows, said, strict=True))
    right = counts[True, True] + counts[False, False]
    return (
        f"sentiment {right / len(rows):.3f} of {len(rows)}; "
        f"pleased taken for displeased {counts[True, False]}, displeased for pleased {counts[False, True]}"
    )


def of_comments(rows: Rows, said: Sequence[Sequence[Opinion]]) -> str:
    """Share of comments of which the kinds are right; F1 of the pairs of aspect and sentiment; what is mistaken."""
    wanted: dict[str, Rows] = {}
    for row in rows:
        wanted.setdefault(row["text"], []).append(row)
    read = {row["text"]: each for row, each in zip(rows, said, strict=True)}
    kinds, hits, false, missed = 0, 0, 0, 0
    mistaken: Counter[str] = Counter()
    by_aspect: dict[str, Counter[str]] = {}
    confused: Counter[str] = Counter()
    for text, labels in wanted.items():
        told = {row["kind"] for row in labels}, {each.kind for each in read[text]}
        kinds += told[0] == told[1]
        pairs = {(row["aspect"], row["sentiment"]) for row in labels if row["aspect"]}
        found = {(each.aspect or "", each.sentiment or "") for each in read[text] if each.aspect}
        hits, false, missed = hits + len(pairs & found), false + len(found - pairs), missed + len(pairs - found)
        for what, group in (("right", pairs & found), ("missed", pairs - found), ("imagined", found - pairs)):
            for aspect, _ in group:
                by_aspect.setdefault(aspect, Counter())[what] += 1
        confused[f"{'+'.join(sorted(told[0]))} as {'+'.join(sorted(told[1]))}"] += 1
        mistaken.update(f"{' '.join(pair)} missed" for pair in pairs - found)
        mistaken.update(f"{' '.join(pair)} imagined" for pair in found - pairs)
    worst = ", ".join(f"{what} {count}" for what, count in mistaken.most_common(8))
    f1 = 2 * hits / (2 * hits + false + missed)
    aspects = "\n".join(f"  {name}: {dict(counts)}" for name, counts in sorted(by_aspect.items()))
    kinds_told = ", ".join(f"{what} {count}" for what, count in confused.most_common())
    details = f"\n{aspects}\n  kinds: {kinds_told}\n  "
    return f"kind {kinds / len(wanted):.3f} of {len(wanted)}; pairs F1 {f1:.3f}; {worst}{details}"


def measure(file: Path, reader: Reader) -> str:
    """One line for a file."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    start = process_time()
    said = reader.read([row["text"] for row in rows])
    each = len(rows) / (process_time() - start)
    told = of_reviews(rows, said) if "positive" in rows[0] else of_comments(rows, said)
    return f"{file.name}: {told}; {each:,.0f} comments a second"


def main() -> None:
    """Measure the files named on the command line."""
    lexicon = read_voice(LEXICON.read_text(encoding="utf-8"), str(LEXICON))[0] if LEXICON.is_file() else None
    reader: Reader = EmbeddedReader(lexicon)
    reader.read(["好吃"])
    if url := os.environ.get("AFTERSHOW_READER_URL"):
        name, token = os.environ.get("AFTERSHOW_READER_MODEL", "gpt-4o-mini"), os.environ.get("AFTERSHOW_READER_TOKEN")
        reader = ModelReader(Model(url, name, SecretStr(token) if token else None), reader)
    for name in sys.argv[1:]:
        Console().print(measure(Path(name), reader), markup=False)


if __name__ == "__main__":
    main()
