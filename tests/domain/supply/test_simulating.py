"""The shipped scenario: the plan keeps the fill rate with half the stock, and wastes at most half."""

from domain.supply.simulating import RULES, shipped, simulate


def test_the_plan_halves_the_stock_and_the_waste_at_the_same_fill_rate() -> None:
    scenario = shipped(20, 90)
    before, plan = (simulate(scenario, 90, name, rule) for name, rule in RULES if name != "min-max")
    assert before.turnover > 12
    assert plan.fill >= max(0.97, before.fill - 0.005)
    assert plan.turnover <= min(8, before.turnover / 2)
    assert plan.expired <= before.expired / 2
