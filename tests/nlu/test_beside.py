from __future__ import annotations

import pytest

from nlu.components.beside import beside


def test_it_computes_with_what_its_caller_has() -> None:
    numbers = [1.5, 2.5]
    first, second = beside(lambda: sum(numbers)), beside(lambda: max(numbers))
    numbers.append(100.0)
    assert (first(), second()) == (4.0, 2.5)


def test_what_breaks_is_told_and_not_waited_for_for_ever(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="broke"):
        beside(lambda: 1 / 0)()
    assert "ZeroDivisionError" in capfd.readouterr().err
