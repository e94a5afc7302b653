"""`hotline report survey`: completed surveys by commune, group of trades and level, safe to hand on.

Responsible for names, order and totals. Which numbers may be shown is decided in `small_counts.py`: no published
combination gives away a count of 1 to k−1 shops.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from programme.content import Content
from programme.packs import normalise_province_id
from programme.small_counts import Key, Mark, Published, publish
from programme.survey.trades import OUT_OF_SCOPE
from store.report_queries import survey_counts

DEFAULT_K = 5
ALL_GROUPS, ALL_COMMUNES = "Tất cả ngành hàng", "Toàn tỉnh"
HIDDEN = "…"
UNKNOWN = ""  # no commune or trade was given, or one that no file has
_UNKNOWN_COMMUNE, _UNKNOWN_GROUP, _OUT_OF_SCOPE = "Chưa rõ xã/phường", "Chưa rõ", "Ngoài phạm vi"
_OTHER_PROVINCE = "Tỉnh khác"
NO_LEVEL = -1  # there are too few answers for one

Row = tuple[str | int, ...]


def header(content: Content) -> tuple[str, ...]:
    """The names of the columns."""
    levels = (f"Mức {level}" for level in _levels(content))
    return ("Tỉnh", "Xã/phường", "Ngành hàng", *levels, "Chưa đủ dữ liệu", "Tổng")


def notes(k: int) -> tuple[str, ...]:
    """What the marks mean, in Vietnamese sentences."""
    return (
        f"<{k}: từ 1 đến {k - 1} cửa hàng, không ghi số để không nhận ra ai.",
        f"{HIDDEN}: không công bố, có thể là số bất kỳ kể cả 0; nếu ghi thì tính ngược ra được một số dưới {k}.",
    )


def survey_report(connection: Connection, content: Content, province: str | None, k: int = DEFAULT_K) -> list[Row]:
    """The rows under `header`: per province its total, then per commune its total and its groups of trades.

    Every commune of a pack has its total; a group of trades without any shop there has no row. Communes are in the
    directory's order, groups in their file's. `province`: a pack's id, None for all. Each shop counts once, by its
    latest survey. Numbers are int, marks text. Raises UnknownProvince.
    """
    if province is not None:
        province = content.packs.province(province).id
    by_province = shops_by_key(connection, content, province)
    return [row for id_, cells in by_province.items() for row in _rows(content, id_, cells, k)]


def shops_by_key(connection: Connection, content: Content, province: str | None) -> dict[str, dict[Key, int]]:
    """Every cell of the table, unprotected, per province. `province`: a pack's id, None for all."""
    counted = survey_counts(connection, province)
    by_province: dict[str, dict[Key, int]] = {id_: {} for id_ in content.packs.provinces if province in (None, id_)}
    for row in counted:
        commune = content.communes.by_code(row.commune) if row.commune else None
        code = commune.code if commune and commune.province == row.province else UNKNOWN
        level = NO_LEVEL if row.level is None else int(row.level)
        cells = by_province.setdefault(normalise_province_id(row.province), {})
        key = Key(code, _group(content, row.trade), level)
        cells[key] = cells.get(key, 0) + int(row.shops)
    return by_province


def published_shops(content: Content, cells: Mapping[Key, int], k: int = DEFAULT_K) -> dict[Key, Published]:
    """Every cell and total of a province as it may be handed on: whoever shows part of the table shows it from here."""
    return publish(cells, levels_of(content), k)


def _group(content: Content, trade: str | None) -> str:
    known = content.trades.trades.get(trade) if trade else None
    return known.report_group if known else UNKNOWN


def levels_of(content: Content) -> list[int]:
    """The levels of the table, the lowest first; at the end NO_LEVEL."""
    return [*_levels(content), NO_LEVEL]


def groups_of(content: Content) -> dict[str, str]:
    """The groups of trades by id, in the order of their file, as the table calls them."""
    return dict(_groups(content))


def _levels(content: Content) -> list[int]:
    return sorted(level.level for level in content.surveys.latest.levels)


def _rows(content: Content, province: str, cells: Mapping[Key, int], k: int) -> Iterator[Row]:
    levels = levels_of(content)
    published = published_shops(content, cells, k)
    pack = content.packs.provinces.get(province)
    name = pack.name if pack else _OTHER_PROVINCE

    def line(commune: str | None, group: str | None, words: Sequence[str]) -> Row:
        shown = (published.get(Key(commune, group, level), 0) for level in (*levels, None))
        return (name, *words, *(_shown(one, k) for one in shown))

    yield line(None, None, (ALL_COMMUNES, ALL_GROUPS))
    for code, commune_name in _communes(content, province, cells):
        yield line(code, None, (commune_name, ALL_GROUPS))
        for group, group_name in _groups(content):
            if Key(code, group, None) in published:
                yield line(code, group, (commune_name, group_name))


def _shown(published: Published, k: int) -> str | int:
    if published is Mark.SMALL:
        return f"<{k}"
    return HIDDEN if isinstance(published, Mark) else published


def _communes(content: Content, province: str, cells: Iterable[Key]) -> Iterator[tuple[str, str]]:
    if province in content.packs.provinces:
        for commune in content.communes.communes(province):
            yield commune.code, commune.full_name[0].upper() + commune.full_name[1:]
    if any(key.commune == UNKNOWN for key in cells):
        yield UNKNOWN, _UNKNOWN_COMMUNE


def _groups(content: Content) -> Iterator[tuple[str, str]]:
    yield from ((group.id, group.words.vi) for group in content.trades.report_groups)
    yield OUT_OF_SCOPE, _OUT_OF_SCOPE
    yield UNKNOWN, _UNKNOWN_GROUP
