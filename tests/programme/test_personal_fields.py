from __future__ import annotations

import pytest

from programme.personal_fields import ALL, PERSONAL, Erasure, Held
from store.purging import TOUCHED
from store.schema import metadata


def test_every_table_and_every_column_has_its_treatment() -> None:
    assert sorted(ALL) == sorted(metadata.tables), (
        "a table of the database has no entry in programme/personal_fields.py"
    )
    for held in ALL.values():
        named = [*held.neutral.split(), *held.personal.split()]
        assert sorted(named) == sorted(held.table.c.keys()), held.table.name
        assert set(held.shown.split()) <= set(named), held.table.name


def test_what_is_personal_is_taken_away() -> None:
    for held in PERSONAL:
        if held.erasure is Erasure.BLANK:
            assert set(held.personal.split()) == set(held.blank) & set(held.personal.split()), held.table.name
        if held.personal:
            assert held.erasure is not Erasure.KEEP or held.rule in ("forgotten", "partner_answers"), held.table.name
        assert held.rule, held.table.name


def _touched() -> list[Held]:
    return [held for held in PERSONAL if held.whose is not None and held.personal]


@pytest.mark.parametrize("held", _touched(), ids=lambda held: str(held.table.name))
def test_whatever_is_erased_leaves_the_disk_as_well(held: Held) -> None:
    assert held.table.name in TOUCHED or held.table.name in ("mention", "link_code", "consent")
