"""One part of the benchmark by itself: `python -m bench.<part> [--quick]`. Which parts there are: bench/__main__.py."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from bench.catalogue import Sheet
from bench.figures import table
from bench.scale import FULL, QUICK, Scale


def run_alone(name: str, what: str, measure: Callable[[Sheet, Scale], Awaitable[None]]) -> None:
    """Measure the part called `name` and print its figures. `what`: the module's docstring."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=what.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="see that it works; decides nothing")
    scale = QUICK if parser.parse_args().quick else FULL
    sheet = Sheet(scale.decides)

    async def whole() -> None:
        await measure(sheet, scale)

    asyncio.run(whole())
    print(table([figure for figure in sheet.figures if figure.value is not None]))
