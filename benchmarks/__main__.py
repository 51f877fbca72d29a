"""`make bench`: every measurement, each beside what it is compared with in the same run."""

from rich.console import Console
from rich.table import Table

from benchmarks import cohorts, coupons, growth, history, ingest, latency, ledger, stock


def main() -> None:
    """Measure and print one table."""
    console = Console()
    table = Table(title="Aftershow, measured on this machine")
    for heading in ("what", "measured", "beside", "ratio", "aim"):
        table.add_column(heading, justify="left" if heading in ("what", "beside") else "right")
    measures = (
        history.measure, ingest.measure, growth.measure, latency.measure, cohorts.measure, ledger.measure,
        coupons.measure, stock.measure,
    )  # fmt: skip
    for measure in measures:
        for row in measure():
            table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main()
