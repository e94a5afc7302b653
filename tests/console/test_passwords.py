"""The parameters of passwords as they are in earnest; the other tests of this folder use cheap ones."""

from __future__ import annotations

from argon2 import Type, extract_parameters

from console import passwords
from tests.console.conftest import REAL_HASHER


def test_a_password_is_as_dear_to_try_as_the_decision_says() -> None:
    kept = REAL_HASHER.hash("một câu dễ nhớ")
    found = extract_parameters(kept)
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 46 * 1024, 2, 1)
    assert REAL_HASHER.verify(kept, "một câu dễ nhớ")
    assert passwords.may_be_weaker(kept), "cheap parameters are in use here"
