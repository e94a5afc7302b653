"""All 92 communes of Thái Nguyên, in the spellings people use, through the whole bot: the right vendor, or the right
question back."""

from __future__ import annotations

import pytest
import yaml

from hotline.conversing import Terminal
from programme.content import CONTENT_ROOT
from store.clock import ManualClock
from store.text import fold
from tests.conftest import NOW

FILE = yaml.safe_load((CONTENT_ROOT / "thai-nguyen" / "communes.yaml").read_text(encoding="utf-8"))
PACK = yaml.safe_load((CONTENT_ROOT / "thai-nguyen" / "pack.yaml").read_text(encoding="utf-8"))
VENDORS = {vendor["id"]: vendor for vendor in PACK["vendors"]}
COMMUNES = [
    {"unit": unit.lower(), "name": name, "vendor": VENDORS[commune["vendor"]]}
    for commune in FILE["communes"]
    for unit, _, name in [commune["name"].partition(" ")]
]
ABBREVIATION = {"xã": "x.", "phường": "p."}
SPELLINGS = {
    "full": lambda unit, name: f"{unit} {name}",
    "unaccented": lambda unit, name: fold(f"{unit} {name}"),
    "abbreviated": lambda unit, name: f"{ABBREVIATION[unit]} {name}",
    "abbreviated, unaccented": lambda unit, name: fold(f"{ABBREVIATION[unit]}{name}"),
}
SENTENCES = ("{} bên nào hỗ trợ", "nhà tôi ở {} thì công ty nào phụ trách", "{}")


def test_all_communes_are_there() -> None:
    assert len(COMMUNES) == 92


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_every_commune_gets_its_vendor(terminal: Terminal, spelling: str, sentence: str) -> None:
    assert isinstance(terminal.hotline.clock, ManualClock)
    terminal.hotline.clock.set(NOW)
    wrong = []
    for commune in COMMUNES:
        named = SPELLINGS[spelling](commune["unit"], commune["name"])
        exchange = await terminal.say(await terminal.open(), sentence.format(named))
        said = " ".join(reply.text for reply in exchange.replies)
        vendor = commune["vendor"]
        full_name = f"{commune['unit']} {commune['name']}"
        others = {other["name"] for other in COMMUNES if fold(other["name"]) == fold(commune["name"])} - {
            commune["name"]
        }
        right = full_name in said and vendor["short"] in said and vendor["platform"] in said
        # Văn Lang and Văn Lăng without accents: both are named, and the person is asked
        if others and "unaccented" in spelling:
            right = right and "?" in said and all(other in said for other in others)
        else:
            right = right and not said.strip().endswith("?")
        if not right:
            wrong.append((named, said))
    assert not wrong, f"{len(wrong)} of {len(COMMUNES)}: {wrong[:5]}"


@pytest.mark.asyncio(loop_scope="session")
async def test_without_the_unit_the_commune_is_answered_or_asked_about(terminal: Terminal) -> None:
    """ "tân cương bên nào hỗ trợ": answered, except where the name is also an old district's or a split unit's."""
    wrong = []
    for commune in COMMUNES:
        exchange = await terminal.say(await terminal.open(), f"tôi ở {commune['name']}, bên nào hỗ trợ cửa hàng")
        said = " ".join(reply.text for reply in exchange.replies)
        vendor = commune["vendor"]
        if f"{commune['unit']} {commune['name']}" not in said or vendor["short"] not in said:
            wrong.append((commune["name"], said))
    assert not wrong, f"{len(wrong)} of {len(COMMUNES)}: {wrong[:5]}"
