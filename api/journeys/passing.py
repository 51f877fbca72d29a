"""What has tests is published only if it passes them."""

from pydantic import BaseModel

from api.http.context import Context
from api.http.problems import Invalid, Unavailable
from workflows.plan.model import Plan


class Played(BaseModel):
    """How a case went: the lines expected, and those that happened. `problem` is why it couldn't be played."""

    case: str
    passed: bool
    expected: list[str]
    happened: list[str]
    problem: str | None


def must_pass(env: Context, plan: Plan, tests: str) -> None:
    """Run the tests that are kept with a journey. Raises Invalid with each case that the plan doesn't pass."""
    if env.play_tests is None:
        raise Unavailable("A journey's tests can't be run here.")
    failed = [each for each in env.play_tests(plan, tests, "zh") if not each.passed]
    if failed:
        errors = [
            {
                "field": f"tests.{each.case}",
                "reason": "test_failed",
                "detail": each.problem or "; ".join(["nothing happens", *each.happened][bool(each.happened) :]),
            }
            for each in failed
        ]
        raise Invalid(
            "The journey doesn't pass the tests that are kept with it; mend it, or change them.", errors=errors
        )
