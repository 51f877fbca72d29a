"""`make bench`: every measurement, each beside what it is compared with in the same run.

python -m benchmarks [MEASURE…]
"""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    cohorts,
    connect,
    coupons,
    forecast,
    growth,
    history,
    identity,
    ingest,
    language,
    latency,
    ledger,
    memory,
    people,
    plays,
    recovery,
    sleepers,
    stock,
    telemetry,
    tracking,
)

HEADINGS = ("what", "measured", "beside", "ratio", "aim")
WIDTH = 200
"""Of the table where it isn't written to a terminal."""
FILE = Path(".aftershow/bench.json")
MEASURES: Mapping[str, Callable[[], Iterator[tuple[str, ...]]]] = {
    item.__name__.rpartition(".")[2]: item.measure
    for item in (
        history,
        ingest,
        growth,
        language,
        latency,
        cohorts,
        sleepers,
        memory,
        ledger,
        coupons,
        stock,
        forecast,
        people,
        identity,
        plays,
        connect,
        recovery,
        tracking,
        telemetry,
    )
}


def measure(names: Sequence[str], file: Path, say: Callable[[str], None]) -> list[dict[str, str]]:
    """The rows of these measures, written to the file after each. One that fails has a row with its `error`."""
    rows: list[dict[str, str]] = []
    for number, name in enumerate(names, 1):
        say(f"{number}/{len(names)} {name} …")
        began = time.monotonic()
        try:
            rows += (dict(zip(HEADINGS, row, strict=True)) for row in MEASURES[name]())
        except Exception as error:
            rows.append({"what": name, "error": f"{type(error).__name__}: {error}"})
            say(f"{name} failed: {rows[-1]['error']}")
        say(f"{number}/{len(names)} {name}: {time.monotonic() - began:.0f} s")
        at = datetime.now(UTC).isoformat()
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"at": at, "rows": rows}, ensure_ascii=False, indent=2), encoding="utf-8")
    return rows


def main() -> None:
    """Measure, print one table, and write it to a file; end with 1 if a measure failed."""
    parser = ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; else all")
    names = parser.parse_args().measures or list(MEASURES)
    if unknown := set(names) - set(MEASURES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    rows = measure(names, FILE, lambda line: console.print(line, markup=False, highlight=False))
    table = Table(title="Aftershow, measured on this machine")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("what", "beside") else "right")
    for row in rows:
        table.add_row(*([row["what"], row["error"]] if "error" in row else row.values()))
    console.print(table)
    console.print(f"also in {FILE}")
    sys.exit(any("error" in row for row in rows))


if __name__ == "__main__":
    main()
