"""A quiet event starts at once and alone; a burst is gathered, but nobody waits for long."""

from runtime.platform.outbox.gathering import MOST, CohortPolicy, StartRate


class Watch:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def pace() -> tuple[StartRate, Watch]:
    watch = Watch()
    return StartRate(CohortPolicy(size=500, seconds=0.2, paging=2, quiet=5), watch), watch


def test_quiet_starts_are_never_gathered() -> None:
    ours, watch = pace()
    for _ in range(100):
        ours.note({"p": 1})
        assert not ours.gathered
        watch.now += 0.25
    assert ours.gathered == set()


def test_a_burst_of_one_plan_is_gathered_until_somebody_has_waited_long_enough() -> None:
    ours, watch = pace()
    ours.note({"p": 6, "q": 1})
    assert ours.gathered == {"p"}
    assert list(ours.ripe({"p": 40}, set())) == []
    watch.now += 0.2
    assert list(ours.ripe({"p": 40}, set())) == ["p"]
    assert ours.gathered == set()


def test_a_full_cohort_waits_for_nobody_and_what_is_left_waits_for_others() -> None:
    ours, watch = pace()
    ours.note({"p": 6})
    assert list(ours.ripe({"p": 1200}, set())) == ["p", "p"]
    watch.now += 0.2
    assert list(ours.ripe({"p": 200}, set())) == ["p"]


def test_a_schedule_is_given_time_for_its_pages() -> None:
    ours, watch = pace()
    ours.note({"p": 200})
    watch.now += 1.9
    assert list(ours.ripe({"p": 400}, {"p"})) == []
    watch.now += 0.1
    assert list(ours.ripe({"p": 400}, {"p"})) == ["p"]


def test_a_backlog_is_told_while_it_is_formed() -> None:
    ours, watch = pace()
    ours.note({"p": 200})
    watch.now += 60
    assert len(list(ours.ripe({"p": 100_000}, set()))) == MOST
    assert ours.gathered == {"p"}


def test_what_keeps_coming_too_fast_stays_gathered() -> None:
    ours, watch = pace()
    alone, waiting = list[float](), 0
    for _ in range(50):
        watch.now += 0.1
        if not ours.gathered:
            ours.note({"p": 1})
        if ours.gathered:
            waiting += 1
        else:
            alone.append(watch.now)
        if list(ours.ripe({"p": waiting}, set())):
            waiting = 0
    assert len(alone) == 5
    assert alone[-1] < watch.now - 4


def test_a_quiet_event_after_a_burst_starts_at_once() -> None:
    ours, watch = pace()
    ours.note({"p": 6})
    assert ours.gathered
    watch.now += 0.2
    assert list(ours.ripe({}, set())) == []
    watch.now += 1
    ours.note({"p": 1})
    assert not ours.gathered
