"""Codes: what is typed wrong is told from what isn't known."""

from hypothesis import given
from hypothesis import strategies as st

from domain.coupons.codes import ALPHABET, LENGTH, is_slip, make_code, tidy

codes = st.builds(make_code)


@given(codes)
def test_a_code_is_no_slip_however_it_is_typed(code: str) -> None:
    assert len(code) == LENGTH
    assert not is_slip(code)
    assert tidy(f" {code[:5].lower()}-{code[5:8]} {code[8:]}") == code


@given(codes, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET + "01IOL元"))
def test_a_wrong_character_is_a_slip(code: str, place: int, character: str) -> None:
    assert is_slip(code[:place] + character + code[place + 1 :]) == (character != code[place])


@given(codes, st.integers(0, LENGTH - 2))
def test_neighbours_that_changed_places_are_a_slip(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert is_slip(swapped) == (swapped != code)


@given(codes)
def test_one_that_is_too_short_or_too_long_is_a_slip(code: str) -> None:
    assert is_slip(code[:-1])
    assert is_slip(code + code[0])
    assert is_slip("")
