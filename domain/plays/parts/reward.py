"""Carries out `reward`."""

from collections import Counter
from collections.abc import Sequence

from domain.coupons.issuing import lock_budgets
from domain.coupons.reserving import NotAskedError, ReservationRequest
from domain.customers.resolution import lock_customers
from domain.plays.entrants import among, first_of_each, people
from domain.plays.running import DONE, GO_ON, Came, Run
from domain.plays.winning import ASKED, PAGE, CannotHaveError, Giving, step_of, who_can_have
from workflows.plays.parts.draw import Draw
from workflows.plays.parts.rank import Rank
from workflows.plays.parts.reward import Reward
from workflows.plays.people import WHOM


def carry_out(run: Run, part: Reward) -> Came:
    """Give each of them one, a page at a time; who can't have it is counted by the reason.

    `joined`: has it already, as somebody who became the same person since the close.
    """
    whom = _whom(run, part)
    done: int = run.instance.progress.get("done", 0)
    refused: Counter[str] = Counter(run.instance.progress.get("refused", {}))
    page = whom[done : done + PAGE]
    persons = lock_customers(run.work, {customer for _, customer in page})
    if part.reward.coupon:
        lock_budgets(run.work, [part.reward.coupon])
    giving = Giving(run, list(persons.values()))
    given = {customer for _, customer in whom[:done]}
    for entry_id, customer in page:
        person = persons[customer]
        try:
            if customer in given:
                raise CannotHaveError("joined")
            giving.check(person)
            giving.give(person, part.reward, f"{entry_id}")
        except CannotHaveError as refusal:
            refused[str(refusal)] += 1
        except NotAskedError:
            break
        given.add(customer)
        done += 1
    run.note(done=done, refused=dict(refused))
    if done < len(whom):
        return GO_ON
    run.instance.shown = [
        *run.instance.shown,
        {"reward": run.path, "given": done - refused.total(), "refused": dict(refused), "at": run.now.isoformat()},
    ]
    return DONE


def coupons_wanted(run: Run, part: Reward) -> list[ReservationRequest]:
    """The coupons of those who come next."""
    if part.reward.coupon is None:
        return []
    done: int = run.instance.progress.get("done", 0)
    page = _whom(run, part)[done : done + ASKED]
    able = who_can_have(run, (customer for _, customer in page))
    return [
        ReservationRequest(None, step_of(run, f"{entry_id}"), part.reward.coupon, customer)
        for entry_id, customer in page
        if customer in able
    ]


def _whom(run: Run, part: Reward) -> Sequence[tuple[int, int]]:
    """An entry of each who is meant, and the customer."""
    row = run.round()
    if isinstance(part.to, str) and part.to in WHOM:
        before = run.play.before(run.path, (Draw, Rank))
        return people(run.work, run.instance.id, row, before.path if before else None, part.to)  # type: ignore[arg-type]
    return first_of_each(among(run.work, run.play, row, part.to))
