"""`make bench`: every measurement, each beside what it is compared with in the same run."""

import json
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import cohorts, coupons, growth, history, ingest, latency, ledger, stock

HEADINGS = ("what", "measured", "beside", "ratio", "aim")
FILE = Path(".aftershow/bench.json")


def main() -> None:
    """Measure, print one table, and write it to a file."""
    console = Console()
    table = Table(title="Aftershow, measured on this machine")
    rows: list[dict[str, str]] = []
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("what", "beside") else "right")
    measures = (
        history.measure, ingest.measure, growth.measure, latency.measure, cohorts.measure, ledger.measure,
        coupons.measure, stock.measure,
    )  # fmt: skip
    for measure in measures:
        for row in measure():
            table.add_row(*row)
            rows.append(dict(zip(HEADINGS, row, strict=True)))
    console.print(table)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps({"at": datetime.now(UTC).isoformat(), "rows": rows}, ensure_ascii=False, indent=2))
    console.print(f"also in {FILE}")


if __name__ == "__main__":
    main()
