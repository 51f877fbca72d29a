"""Carries out `reward`."""

from collections import Counter

from domain.coupons.issuing import lock_budgets
from domain.customers.resolution import lock_customers
from domain.plays.entrants import among, people
from domain.plays.running import DONE, GO_ON, Came, Run
from domain.plays.winning import PAGE, CannotHaveError, Giving
from workflows.plays.parts.draw import Draw
from workflows.plays.parts.rank import Rank
from workflows.plays.parts.reward import Reward
from workflows.plays.people import WHOM


def carry_out(run: Run, part: Reward) -> Came:
    """Give each of them one, a page at a time; who can't have it is counted by the reason."""
    row = run.round()
    if isinstance(part.to, str) and part.to in WHOM:
        before = run.play.before(run.path, (Draw, Rank))
        whom = people(run.work, run.instance.id, row, before.path if before else None, part.to)  # type: ignore[arg-type]
    else:
        first: dict[int, int] = {}
        for entry in among(run.work, run.play, row, part.to):
            first.setdefault(entry.customer_id, entry.id)
        whom = [(entry_id, customer) for customer, entry_id in first.items()]
    done = run.instance.progress.get("done", 0)
    refused: Counter[str] = Counter(run.instance.progress.get("refused", {}))
    page = whom[done : done + PAGE]
    persons = lock_customers(run.work, {customer for _, customer in page})
    if part.reward.coupon:
        lock_budgets(run.work, [part.reward.coupon])
    giving = Giving(run, list(persons.values()))
    for entry_id, customer in page:
        person = persons[customer]
        try:
            giving.check(person)
            giving.give(person, part.reward, f"{entry_id}")
        except CannotHaveError as refusal:
            refused[str(refusal)] += 1
    run.note(done=done + len(page), refused=dict(refused))
    if done + len(page) < len(whom):
        return GO_ON
    run.instance.shown = [
        *run.instance.shown, {"reward": run.path, "given": len(whom) - sum(refused.values()), "refused": dict(refused)}
    ]  # fmt: skip
    return DONE
