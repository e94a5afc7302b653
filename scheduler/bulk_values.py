"""What the variables of a bulk message's text become for one recipient, read for a whole batch in few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, select

from programme import responses, short_links
from programme.campaign_text import variables
from programme.content import Content
from programme.lead_owner import firm_short
from programme.survey.definition import UnknownVersion
from programme.survey.response import left
from store.crypto import Keyring
from store.many_rows import among
from store.survey_tables import lead, training_class
from store.tables import contact, shop, shop_domain


def values_of(
    connection: Connection,
    content: Content,
    keyring: Keyring,
    public_url: str,
    timezone: tzinfo,
    rows: Sequence[Mapping[str, Any]],
    texts: Sequence[str],
) -> dict[int, dict[str, str]]:
    """By recipient id, the values of the variables that `texts` use. `rows`: id, contact_id and about."""
    wanted = {name for text in texts for name in variables(text)}
    found: dict[int, dict[str, str]] = {row["id"]: {} for row in rows}
    if not wanted:
        return found
    contacts = [row["contact_id"] for row in rows]
    if wanted & {"name"}:
        names = select(contact.c.id, contact.c.name).where(among(connection, contact.c.id, contacts))
        known = {id_: name or "" for id_, name in connection.execute(names)}
        for row in rows:
            found[row["id"]]["name"] = known.get(row["contact_id"], "")
    if wanted & {"shop", "commune", "vendor"}:
        _shops(connection, content, rows, found)
    if wanted & {"link", "stop"}:
        for row in rows:
            found[row["id"]]["link"] = short_links.link(public_url, keyring, row["id"])
            found[row["id"]]["stop"] = short_links.stop_link(public_url, keyring, row["id"])
    if wanted & {"class", "day", "time", "place"}:
        _classes(connection, timezone, rows, found)
    if wanted & {"domain", "expires"}:
        _domains(connection, rows, found)
    if "left" in wanted:
        _surveys(connection, content, rows, found)
    if "vendor" in wanted:
        _leads(connection, content, rows, found)
    return found


def _shops(
    connection: Connection, content: Content, rows: Sequence[Mapping[str, Any]], found: dict[int, dict[str, str]]
) -> None:
    of = select(shop.c.contact_id, shop.c.name, shop.c.commune).where(
        among(connection, shop.c.contact_id, [row["contact_id"] for row in rows])
    )
    shops = {contact_id: (name, commune) for contact_id, name, commune in connection.execute(of)}
    for row in rows:
        name, code = shops.get(row["contact_id"], (None, None))
        values = found[row["id"]]
        values["shop"] = name or ""
        place = content.communes.by_code(code) if code else None
        if place is not None:
            values["commune"] = place.name
            if place.vendor is not None:
                values["vendor"] = place.vendor.name


def _classes(
    connection: Connection, timezone: tzinfo, rows: Sequence[Mapping[str, Any]], found: dict[int, dict[str, str]]
) -> None:
    about = {row["id"]: int(row["about"].split()[1]) for row in rows if _is_about(row, "class")}
    of = select(training_class).where(training_class.c.id.in_(set(about.values())))
    classes = {row["id"]: row for row in connection.execute(of).mappings()}
    for id_, number in about.items():
        if number in classes:
            starts: datetime = classes[number]["starts_at"].astimezone(timezone)
            found[id_] |= {
                "class": classes[number]["title"],
                "place": classes[number]["place"],
                "day": _day(starts.date()),
                "time": f"{starts:%H:%M}",
            }


def _domains(connection: Connection, rows: Sequence[Mapping[str, Any]], found: dict[int, dict[str, str]]) -> None:
    about = {
        row["id"]: (int(row["about"].split()[1]), row["about"].split()[2])
        for row in rows
        if _is_about(row, "domain", 3)
    }
    of = select(shop_domain).where(shop_domain.c.shop_id.in_({number for number, _ in about.values()}))
    domains = {(row["shop_id"], row["tld"]): row for row in connection.execute(of).mappings()}
    for id_, key in about.items():
        if key in domains and domains[key]["expires_on"]:
            found[id_] |= {"domain": key[1], "expires": _day(domains[key]["expires_on"])}


def _surveys(
    connection: Connection, content: Content, rows: Sequence[Mapping[str, Any]], found: dict[int, dict[str, str]]
) -> None:
    for row in rows:
        if _is_about(row, "survey"):
            try:
                kept = responses.find(connection, content.surveys, int(row["about"].split()[1]))
            except UnknownVersion:  # its number of questions is not known: the row says so, and holds up nobody
                continue
            if kept is not None:
                found[row["id"]]["left"] = str(left(kept.response))


def _leads(
    connection: Connection, content: Content, rows: Sequence[Mapping[str, Any]], found: dict[int, dict[str, str]]
) -> None:
    """Of a lead, the firm that it was offered to, whichever serves the commune."""
    about = {row["id"]: int(row["about"].split()[1]) for row in rows if _is_about(row, "lead")}
    of = select(lead.c.id, lead.c.province, lead.c.vendor).where(lead.c.id.in_(set(about.values())))
    firms = {id_: firm_short(content, province, vendor) for id_, province, vendor in connection.execute(of)}
    for id_, number in about.items():
        if number in firms:
            found[id_]["vendor"] = firms[number]


def _is_about(row: Mapping[str, Any], what: str, words: int = 2) -> bool:
    said = row["about"].split()
    return len(said) >= words and said[0] == what and said[1].isdecimal()


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
