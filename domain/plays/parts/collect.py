"""Carries out `collect`."""

from domain.plays.rounds import close_round, open_round, top_of
from domain.plays.running import DONE, GO_ON, Came, Run, round_of
from domain.plays.telling import is_behind, tell_entries
from domain.stock.shows import state_of
from domain.stock.tables import Stream
from workflows.plays.parts.collect import Collect


def carry_out(run: Run, part: Collect) -> Came:
    """Open, tell what came in, a page at a time, and close when its time is over, it is full or the show has ended."""
    work, instance, now = run.work, run.instance, run.now
    row = round_of(work, instance.id, run.path)
    if row is None:
        instance.state = "open"
        row = open_round(work, instance, run.path, part, now)
        return Came(done=False, at=row.closes_at)
    over = _is_show_over(run)
    if now < row.closes_at and row.entries < row.at_most and not over and is_behind(work, instance.id):
        tell_entries(work, run.play, instance)
        return GO_ON
    row = round_of(work, instance.id, run.path, locked=True)
    assert row is not None
    row.stirred = False
    if now < row.closes_at and row.entries < row.at_most and not over:
        return GO_ON if is_behind(work, instance.id) else Came(done=False, at=row.closes_at)
    close_round(work, run.play, row, min(now, row.closes_at))
    instance.state = "closed"
    run.tell(
        "play.closed", f"{run.path}/closed", step=run.path, entries=row.entries, top=top_of(part, row.tally),
        stream_id=instance.stream_id,
    )  # fmt: skip
    return DONE


def _is_show_over(run: Run) -> bool:
    stream = run.work.get(Stream, run.instance.stream_id) if run.instance.stream_id else None
    return stream is not None and state_of(stream, run.now) in ("ended", "cancelled")
