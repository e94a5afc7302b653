"""`make bench`: measures, prints one table, writes var/bench.json.

    python -m bench [--quick] [--out FILE]

A missed target is a result, not an error: the status is 0. It is 1 when the benchmark itself broke.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bench import (
    api,
    backup,
    campaign_kills,
    campaign_sends,
    campaigns,
    console,
    console_live,
    end_to_end,
    erasure,
    imports,
    kpi,
    mail,
    parsing,
    product,
    robustness,
    segments,
    simulation,
    sizes,
    survey,
    survey_data,
    teaching,
    webhooks,
)
from bench.catalogue import NOTES, Sheet
from bench.figures import table
from bench.machine import Unavailable
from bench.scale import FULL, QUICK, Scale
from hotline.errors import Stop
from hotline.paths import ROOT, VAR

LIMIT_SECONDS = 40 * 60
# What a person is called for, and what the product waits for more of on purpose (2.5 s), measures no turn.
NO_TURN = frozenset({"request_person", "complain", "need_spoken_help", "nlu_fallback"})
T = TypeVar("T")


class Run:
    """One run of the benchmark, part by part. A part that cannot be measured leaves the others alone."""

    def __init__(self, scale: Scale) -> None:
        self.scale, self.sheet, self.broke = scale, Sheet(scale.decides), False
        self.began = time.perf_counter()

    def all(self) -> None:
        """Measure everything there is."""
        sentences = product.sentences(self.scale.sentences)
        self.part("disk", self.disk)
        archive = self.part("training", lambda: product.prepare_model(self.sheet, self.scale))
        if archive is not None:
            self.dialogue(archive, sentences)
        self.robustness()
        self.part("stored responses", lambda: survey_data.measure(self.sheet, self.scale))
        if archive is not None:
            self.timed_part("simulated owners", simulation.measure(self.sheet, self.scale))
            self.timed_part("teaching", teaching.measure(self.sheet, self.scale))
            self.timed_part("officer's screen", console_live.measure(self.sheet, self.scale))
        self.timed_part("console", console.measure(self.sheet, self.scale))
        self.timed_part("API", api.measure(self.sheet, self.scale))
        self.timed_part("programme's figures", kpi.measure(self.sheet, self.scale))
        self.timed_part("campaigns", campaigns.measure(self.sheet, self.scale))
        self.timed_part("imports", imports.measure(self.sheet, self.scale))
        self.timed_part("campaigns' pace", campaign_sends.measure(self.sheet, self.scale))
        self.timed_part("segments", segments.measure(self.sheet, self.scale))
        # Last, since it takes longest: nothing else goes unmeasured for it
        self.timed_part("kills, campaigns", campaign_kills.measure(self.sheet, self.scale))

    def dialogue(self, archive: Path, sentences: Sequence[str]) -> None:
        """What needs the trained model."""
        intents = self.part("parsing", lambda: parsing.measure(archive, sentences, self.sheet))
        questions = [
            sentence for sentence, intent in zip(sentences, intents or (), strict=False) if intent not in NO_TURN
        ]
        if questions:
            self.timed_part("product", product.measure(questions, self.sheet, self.scale))
            self.timed_part("webhooks", webhooks.measure(questions, self.sheet, self.scale))
            self.timed_part("end to end", end_to_end.measure(questions, self.sheet, self.scale))
        self.timed_part("survey", survey.measure(archive, self.sheet, self.scale))
        if self.scale.with_default_pipeline:
            self.part("Rasa's default pipeline", lambda: parsing.measure_default(archive, sentences, self.sheet))

    def robustness(self) -> None:
        """What neither kills nor hostile calls may do."""
        self.timed_part("kills, one process", robustness.kill_one(self.sheet, self.scale))
        self.timed_part("kills, two processes", robustness.kill_two(self.sheet, self.scale))
        self.timed_part("fuzzing", robustness.fuzz(self.sheet, self.scale))
        self.timed_part("mail", mail.measure(self.sheet, self.scale))
        self.timed_part("erasure", erasure.measure(self.sheet, self.scale))
        self.timed_part("backup", backup.measure(self.sheet, self.scale))

    def disk(self) -> None:
        ours = [sizes.measure(ROOT, "hotline"), sizes.measure(ROOT / "nlu", "hotline-nlu")]
        note = " + ".join(f"{size.without_tools_mb:.0f}" for size in ours)
        tools = sum(size.tools for size in ours) / 1e6
        note = f"app + Rasa: {note} MB; {tools:.0f} MB of development packages not counted"
        self.sheet.put(self.sheet["disk"].counted(sum(size.without_tools_mb for size in ours), note=note))
        stock = sizes.measure(ROOT / "bench" / "stock", "hotline-bench-stock")
        self.sheet.put(self.sheet["disk"].with_peer(stock.without_tools_mb))

    def timed_part(self, name: str, measuring: Coroutine[Any, Any, None]) -> None:
        """A part that ends when the whole benchmark must."""
        self.part(name, lambda: self.within_limit(measuring))

    def within_limit(self, measuring: Coroutine[Any, Any, None]) -> None:
        """Run a part for as long as the whole benchmark may still take. Raises Unavailable."""

        async def limited() -> None:
            try:
                async with asyncio.timeout(LIMIT_SECONDS - (time.perf_counter() - self.began)) as limit:
                    await measuring
            except TimeoutError as late:
                if not limit.expired():
                    raise
                raise Unavailable(f"the benchmark would take longer than {LIMIT_SECONDS // 60} minutes") from late

        asyncio.run(limited())

    def part(self, name: str, measure: Callable[[], T]) -> T | None:
        """The result of `measure`; None, and a problem noted, when it could not be measured."""
        started = time.perf_counter()
        try:
            return measure()
        except (Unavailable, Stop) as missing:
            self.sheet.problems.append(f"{name}: {missing}")
        except Exception as error:  # noqa: BLE001 - the other figures are worth having; the status says that we broke
            self.broke = True
            traceback.print_exc()
            self.sheet.problems.append(f"{name} broke: {error!r}")
        finally:
            print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="see that the benchmark works; decides nothing")
    parser.add_argument("--out", type=Path, help="where the figures go (var/bench.json)")
    options = parser.parse_args(arguments)
    out = options.out or VAR / ("bench-quick.json" if options.quick else "bench.json")
    load = os.getloadavg()[0]
    run = Run(QUICK if options.quick else FULL)
    run.all()
    figures = run.sheet.figures
    notes = [*NOTES, f"{os.cpu_count()} cores, load {load:.1f} when it began.", *run.sheet.problems]
    if options.quick:
        notes.insert(0, "Smoke run: too few samples and too few turns for any of these numbers to mean much.")
    print(table(figures, notes))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([f.as_json() for f in figures], ensure_ascii=False, indent=1) + "\n")
    return 1 if run.broke else 0


if __name__ == "__main__":
    sys.exit(main())
