"""How the page's script is divided: fetched at once, imported in one direction only. No browser is needed for that."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

from .stub_server import PAGE

MODULES = {path.name: path for path in PAGE.glob("*.js")}
IMPORT = re.compile(r"^import .* from '\./(.+)';$", re.MULTILINE)


def imports_of(path: Path) -> set[str]:
    return set(IMPORT.findall(path.read_text(encoding="utf-8")))


def test_the_page_asks_for_every_module_before_the_first_one_has_come() -> None:
    """A module that is not named in the HTML would wait for those that import it: one more way there and back."""
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    preloaded = re.findall(r'<link rel="modulepreload" href="/webchat/(.+)">', page)
    assert re.findall(r'<script type="module" src="/webchat/(.+)"></script>', page) == ["chat.js"]
    assert sorted(preloaded) == sorted(MODULES.keys() - {"chat.js"})


def test_every_module_is_imported_and_every_import_is_there() -> None:
    imported = set().union(*map(imports_of, MODULES.values()))
    assert imported == MODULES.keys() - {"chat.js"}


def test_the_modules_import_one_another_in_one_direction_only() -> None:
    order = TopologicalSorter({name: imports_of(path) for name, path in MODULES.items()})
    assert list(order.static_order())[-1] == "chat.js"
