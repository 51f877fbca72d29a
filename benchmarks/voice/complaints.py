"""What alerts about complaints cost and find: `python -m benchmarks.voice.complaints`.

Shows are simulated, for one product each, through the rule that production uses. In normal chatter each topic is said
by a share of its own, which differs from show to show; with a cluster, one topic is said by more speakers than usual.
The rule looks after every comment, as it may in production.
"""

from argparse import ArgumentParser
from dataclasses import dataclass
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from domain.voice.topics import Share, chance_of, reference, rises

TOPICS = (0.03, 0.02, 0.015, 0.01, 0.01, 0.005, 0.005, 0.002)
"""The usual shares of the topics of a product that customers complain of now and then."""

PAST = 5


@dataclass(frozen=True)
class World:
    """How many speak of the product in a show, whether it has a past, and by how much shares differ between shows.

    `spread` is the standard deviation of a share's logarithm.
    """

    speakers: int
    shows: int
    spread: float


def looked(said: np.ndarray, usual: Share) -> int | None:
    """The number of speakers after which an alert is raised, if one is; `said` tells of each whether they say it."""
    counts = np.cumsum(said)
    for place in np.flatnonzero(said):
        now = Share(int(counts[place]), int(place) + 1)
        if rises(now, usual, 0.0) and rises(now, usual, chance_of(now, usual)):
            return int(place) + 1
    return None


def before(rng: np.random.Generator, world: World, share: float) -> Share:
    """What a topic is compared with: how many said it in the shows before."""
    shares = np.minimum(share * np.exp(rng.normal(0, world.spread, world.shows)), 1)
    return reference(Share(int(rng.binomial(world.speakers, shares).sum()), world.speakers * world.shows), None)


def normal(rng: np.random.Generator, world: World, shows: int) -> int:
    """How many of so many show-products raise an alert, though nothing is wrong."""
    raised = 0
    for _ in range(shows):
        alarmed = False
        for share in TOPICS:
            today = min(share * float(np.exp(rng.normal(0, world.spread))), 1.0)
            said = rng.random(world.speakers) < today
            alarmed = alarmed or looked(said, before(rng, world, share)) is not None
        raised += alarmed
    return raised


def found(rng: np.random.Generator, world: World, share: float, usual: float, shows: int) -> list[int | None]:
    """After how many speakers a topic is found that a share of them say, where usually fewer do."""
    return [looked(rng.random(4_000) < share, before(rng, world, usual)) for _ in range(shows)]


def main() -> None:
    """Print both tables."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--shows", type=int, default=4_000, help="show-products of each world of normal chatter")
    given = parser.parse_args()
    rng, console = np.random.default_rng(1), Console()
    table = Table("speakers", "past shows", "spread", "alerts in 1,000", title="normal chatter")
    for speakers in (50, 200, 1_000):
        for shows, spread in ((0, 0.0), (PAST, 0.0), (PAST, 0.2)):
            raised = normal(rng, World(speakers, shows, spread), given.shows)
            told = f"{raised / given.shows * 1_000:.2f} ({raised} in {given.shows:,})"
            table.add_row(f"{speakers:,}", str(shows), str(spread), told)
    console.print(table)
    table = Table("said by", "usually", "past shows", "speakers needed: median", "90%", title="a cluster")
    for share, usual in ((0.05, 0.005), (0.05, 0.01), (0.1, 0.01), (0.2, 0.02), (0.3, 0.02)):
        for shows in (0, PAST):
            needed = sorted(each or 4_001 for each in found(rng, World(200, shows, 0.2), share, usual, 400))
            middle, most = median(needed), needed[int(0.9 * len(needed))]
            told = [f"{each:,.0f}" if each <= 4_000 else "more than 4,000" for each in (middle, most)]
            table.add_row(f"{share:.0%}", f"{usual:.1%}", str(shows), *told)
    console.print(table)


if __name__ == "__main__":
    main()
