"""The models of lifetime value on the customers that their authors used: CDNOW, from the library `lifetimes`."""

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.insight.lifetime import Histories, fit_purchases, fit_values


@pytest.fixture(scope="module")
def customers() -> dict[str, NDArray[np.float64]]:
    """2,357 customers in weeks: x repeat orders until t_x of T, of zbar dollars each."""
    spec = find_spec("lifetimes")
    assert spec
    assert spec.submodule_search_locations
    name = Path(spec.submodule_search_locations[0], "datasets", "cdnow_customers_summary_with_transactions.csv")
    with name.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([float(row[column]) for row in rows]) for column in ("x", "t_x", "T", "zbar")}


def test_purchases(customers: dict[str, NDArray[np.float64]]) -> None:
    model = fit_purchases(Histories(customers["x"], customers["t_x"], customers["T"]))
    assert [round(each, 3) for each in (model.r, model.alpha, model.a, model.b)] == [0.243, 4.414, 0.793, 2.426]
    assert round(model.log_likelihood, 1) == -9582.4
    one = Histories(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert round(float(model.expected(one, 39)[0]), 3) == 1.226


def test_values(customers: dict[str, NDArray[np.float64]]) -> None:
    model = fit_values(customers["x"], customers["zbar"])
    assert [model.p, model.q, model.gamma] == pytest.approx([6.25, 3.74, 15.44], abs=0.02)
    assert round(float(model.expected(np.array([2.0]), np.array([22.35]))[0]), 2) == 24.66
