"""What a shop sells: from the owner's words to a trade group, or to the groups between which to ask.

Names with their accents first ("gà" is no "ga"), then without; a name inside a longer one is not meant ("cám gà").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictBool, StringConstraints

from programme.packs import Text
from programme.survey.definition import Words
from programme.survey.file import Value
from programme.yaml_source import ContentModel, read_yaml
from store.text import folded_words

OUT_OF_SCOPE = "out_of_scope"


class _Code(ContentModel):
    code: Text
    name: Text


class _GroupRow(ContentModel):
    id: Value
    btn: Annotated[str, StringConstraints(max_length=24)]
    btn_en: Annotated[str, StringConstraints(max_length=24)] | None = None
    vi: Text
    en: Text
    report_group: Value | None = None
    vsic_retail: tuple[_Code, ...] = ()
    vsic_wholesale: tuple[_Code, ...] = ()
    vsic_section: Text | None = None
    synonyms: tuple[Text, ...]
    keys_noaccent: tuple[Text, ...]
    note: Text | None = None
    conditional_goods: StrictBool = False
    say_vi: Text | None = None
    say_en: Text | None = None


class _ReportGroupRow(ContentModel):
    id: Value
    vi: Text
    en: Text


class _Ambiguous(ContentModel):
    key: Text
    groups: Annotated[tuple[Value, ...], Field(min_length=2)]


class _TradesFile(ContentModel):
    meta: dict[str, Any]
    report_groups: tuple[_ReportGroupRow, ...]
    groups: tuple[_GroupRow, ...]
    out_of_scope: tuple[_GroupRow, ...]
    ambiguous: tuple[_Ambiguous, ...]
    ambiguous_notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Trade:
    """`report_group`: under which reports count it; OUT_OF_SCOPE for what the programme is not for, with its `say`."""

    id: str
    button: Words
    words: Words
    report_group: str
    say: Words | None = None


@dataclass(frozen=True)
class ReportGroup:
    id: str
    words: Words


@dataclass(frozen=True)
class Trades:
    """All trade groups. `accented` and `plain`: names as spelt and without accents, to the ids they may mean."""

    trades: Mapping[str, Trade]
    report_groups: tuple[ReportGroup, ...]
    accented: Mapping[tuple[str, ...], tuple[str, ...]]
    plain: Mapping[tuple[str, ...], tuple[str, ...]]

    @cached_property
    def _longest(self) -> int:
        return max(len(name) for name in (*self.accented, *self.plain))

    def find(self, text: str) -> list[Trade]:
        """The trades that `text` names: one is the answer, several are asked about, none was understood."""
        words, folded = _spelt_words(text), folded_words(text)
        if words == folded:
            found = self._named(self.plain, folded)
        else:
            # "thuôc tây" may be a slip of the pen, but "năm" is no "nấm"
            other_words = {word for word in folded if word not in words}
            slips = {name: ids for name, ids in self.plain.items() if len(name) > 1 or name[0] not in other_words}
            found = self._named(self.accented, words) or self._named(slips, folded)
        return [self.trades[id_] for id_ in found]

    def of_report_group(self, id_: str) -> list[Trade]:
        return [trade for trade in self.trades.values() if trade.report_group == id_]

    def _named(self, names: Mapping[tuple[str, ...], tuple[str, ...]], words: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        at = 0
        while at < len(words):
            for size in range(min(self._longest, len(words) - at), 0, -1):
                ids = names.get(tuple(words[at : at + size]))
                if ids:
                    found.update(dict.fromkeys(ids))
                    at += size
                    break
            else:
                at += 1
        return list(found)


def load_trades(path: Path) -> Trades:
    """Raises ContentError with file and line."""
    source = read_yaml(path)
    file = source.validate(_TradesFile)
    known = {group.id for group in file.report_groups}
    for index, group in enumerate(file.groups):
        if group.report_group not in known:
            raise source.error(("groups", index), f'không có report_group "{group.report_group}"', "sửa lại")
    rows = [*file.groups, *file.out_of_scope]
    ids = {row.id for row in rows}
    for index, one in enumerate(file.ambiguous):
        if not set(one.groups) <= ids:
            raise source.error(("ambiguous", index), "nhóm không có trong danh sách", "sửa lại mã nhóm")
    accented = _names((_spelt_words(name), row.id) for row in rows for name in (*row.synonyms, row.btn, row.vi))
    plain = _names(
        (folded_words(name), row.id) for row in rows for name in (*row.keys_noaccent, *row.synonyms, row.btn)
    )
    ambiguous = {tuple(folded_words(one.key)): one.groups for one in file.ambiguous}
    plain |= ambiguous
    accented |= ambiguous
    return Trades(
        trades={row.id: _trade(row) for row in rows},
        report_groups=tuple(ReportGroup(row.id, Words(row.vi, row.en)) for row in file.report_groups),
        accented=accented,
        plain=plain,
    )


def _trade(row: _GroupRow) -> Trade:
    say = Words(row.say_vi, row.say_en or row.say_vi) if row.say_vi else None
    button = Words(row.btn, row.btn_en or row.en)
    return Trade(row.id, button, Words(row.vi, row.en), row.report_group or OUT_OF_SCOPE, say)


def _names(pairs: Iterable[tuple[Sequence[str], str]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    names: dict[tuple[str, ...], tuple[str, ...]] = {}
    for words, id_ in pairs:
        known = names.get(tuple(words), ())
        if words and id_ not in known:
            names[tuple(words)] = (*known, id_)
    return names


def _spelt_words(text: str) -> list[str]:
    """The words with their accents, lower case."""
    composed = unicodedata.normalize("NFC", text).lower()
    return "".join(c if c.isalnum() else " " for c in composed).split()
