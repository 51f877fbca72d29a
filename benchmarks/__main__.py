"""`make bench`: every measurement, each beside what it is compared with in the same run."""

from rich.console import Console
from rich.table import Table

from benchmarks import history, ingest, latency


def main() -> None:
    """Measure and print one table."""
    console = Console()
    table = Table(title="Aftershow, measured on this machine")
    for heading in ("what", "measured", "beside", "ratio", "aim"):
        table.add_column(heading, justify="left" if heading in ("what", "beside") else "right")
    for measure in (history.measure, ingest.measure, latency.measure):
        for row in measure():
            table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    main()
