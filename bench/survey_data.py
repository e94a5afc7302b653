"""Measures what is done with all stored responses: scoring them anew, and the report; on PostgreSQL, its own database.

The responses are answers drawn by chance, scored by the engine, spread over the real communes and trades as unevenly as
shops are. INSERT … SELECT multiplies them; every row has a contact of its own.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection

from bench.catalogue import Sheet
from bench.figures import Figure
from bench.machine import FOLDER, hotline_environment, run
from bench.postgres import new_database
from bench.scale import Scale
from hotline.paths import ROOT
from programme.content import Content, load_content
from programme.responses import is_personal, rescore
from programme.safe_cells import csv_bytes
from programme.survey.definition import CONSENT, CORE, FORM, FULL, Answer, Survey
from programme.survey.response import Response, answered, next_item, options_of
from programme.survey.scoring import score
from programme.survey_report import Row, header, survey_report
from store.database import Database
from store.migrate import migrate

PATTERNS = 1_000  # different responses, which the stored ones repeat
WARM_RUNS = 3
COMMAND_SECONDS = 60.0
REPORT = FOLDER / "survey-report.csv"
CHOSEN: dict[str, Answer] = {CONSENT: "yes_only", FORM: FULL}
SEED = 148

_PATTERN_TABLES = """
CREATE TEMPORARY TABLE pattern (
    number integer PRIMARY KEY, answers jsonb, form text, result text, total_tenths integer, level integer,
    pillar_tenths jsonb);
CREATE TEMPORARY TABLE place (number integer PRIMARY KEY, province text, commune text);
CREATE TEMPORARY TABLE trade (number integer PRIMARY KEY, trade text);
"""
_CONTACTS = """
INSERT INTO contact (id, created_at) SELECT n, now() FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
"""
# A cube of a chance: few communes and trades have most of the shops, many have a handful.
_RESPONSES = """
INSERT INTO survey_response (
    contact_id, survey, version, status, revision, answers, form, province, commune, trade, result, total_tenths, level,
    pillar_tenths, code, channel, started_at, updated_at, completed_at)
SELECT n, %(survey)s, %(version)s, 'done', 1, pattern.answers, pattern.form, place.province, place.commune, trade.trade,
    pattern.result, pattern.total_tenths, pattern.level, pattern.pillar_tenths, md5(n::text), 'webchat', now(), now(),
    now()
FROM (
    SELECT n, floor(random() * %(patterns)s)::integer AS pattern, floor(random() ^ 2 * %(places)s)::integer AS place,
        floor(random() ^ 3 * %(trades)s)::integer AS trade
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
) drawn
JOIN pattern ON pattern.number = drawn.pattern
JOIN place ON place.number = drawn.place
JOIN trade ON trade.number = drawn.trade
"""


def measure(sheet: Sheet, scale: Scale) -> None:
    """On a database of its own. Raises Unavailable."""
    with new_database() as url:
        _measure(url, load_content(), sheet, scale)


def _measure(url: str, content: Content, sheet: Sheet, scale: Scale) -> None:
    database = Database(url)
    some, all_of_them = scale.scored_responses, scale.reported_responses
    try:
        migrate(database)
        with psycopg.connect(url, autocommit=True) as filling:
            _draw(filling, content)
            _fill(filling, content, 1, some)
            sheet.put(_scored(database, content, sheet, some))
            of_some, _ = _report(database, content)
            _fill(filling, content, some + 1, all_of_them)
        database.engine.dispose()
        first, rows = _report(database, content)
        warm = statistics.median(_report(database, content)[0] for _ in range(WARM_RUNS))
        note = (
            f"first run; warm {warm:.2f} s; the whole command with its start {_command(url):.1f} s; over {some:,},"
            f" which have more small counts to hide, {of_some:.2f} s; {len(rows)} rows"
        )
        sheet.put(sheet["survey_report"].counted(first, n=all_of_them, note=note))
    finally:
        database.close()


def _scored(database: Database, content: Content, sheet: Sheet, count: int) -> Figure:
    def work(connection: Connection) -> int:
        return sum(one.is_as_stored for one in rescore(connection, content.surveys))

    began = time.perf_counter()
    right = database.read_now(work)
    seconds = time.perf_counter() - began
    if right != count:
        raise AssertionError(f"{count - right} of {count} responses are scored otherwise than they are stored")
    return sheet["survey_scoring"].counted(seconds, n=count)


def _report(database: Database, content: Content) -> tuple[float, list[Row]]:
    """What `hotline report survey` does once it has started, to the written file; its seconds, and the rows."""
    began = time.perf_counter()
    rows = database.read_now(lambda connection: survey_report(connection, content, None))
    REPORT.write_bytes(csv_bytes(header(content), rows))
    return time.perf_counter() - began, rows


def _command(url: str) -> float:
    """The seconds of the command itself."""
    hotline = ROOT / ".venv" / "bin" / "hotline"
    command: list[str | Path] = [hotline, "report", "survey", "--out", REPORT]
    return run("survey-report", command, hotline_environment(url), COMMAND_SECONDS)


# --- the data


def _draw(connection: psycopg.Connection[Any], content: Content) -> None:
    """The patterns, places and trades that the responses are made of."""
    survey, chance = content.surveys.latest, random.Random(SEED)
    patterns = [_pattern(survey, chance, content) for _ in range(PATTERNS)]
    places = [(id_, one.code) for id_ in content.packs.provinces for one in content.communes.communes(id_)]
    chance.shuffle(places)
    connection.execute(_PATTERN_TABLES)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO pattern VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(number, *pattern) for number, pattern in enumerate(patterns)],
        )
        cursor.executemany("INSERT INTO place VALUES (%s, %s, %s)", [(n, *place) for n, place in enumerate(places)])
        cursor.executemany("INSERT INTO trade VALUES (%s, %s)", list(enumerate(content.trades.trades)))


def _pattern(survey: Survey, chance: random.Random, content: Content) -> tuple[Any, ...]:
    """The columns of a completed response whose choices are drawn by chance."""
    response = Response(survey, {})
    chosen = {**CHOSEN, FORM: chance.choice((FULL, CORE))}
    commune = content.communes.communes("thai-nguyen")[0].code
    trades = list(content.trades.trades)
    while (item := next_item(response)) is not None:
        answer: Answer
        if item.options:
            drawn = chance.choice(options_of(response, item))
            answer = chosen.get(item.id) or ([str(drawn)] if item.kind == "multi_choice" else drawn)
        elif item.kind == "choice_list":
            answer = chance.choice(trades)
        else:
            answer = commune if item.kind == "commune_lookup" else "x"
        response = answered(response, item.id, answer)
    points = score(response)
    pillars = {id_: _tenths(points.pillar(id_)) for id_ in points.pillars}
    answers = {id_: answer for id_, answer in response.answers.items() if not is_personal(survey.by_id[id_])}
    form = str(response.answers[FORM])
    return json.dumps(answers), form, points.status, _tenths(points.total), points.level, json.dumps(pillars)


def _tenths(value: Any) -> int | None:
    return None if value is None else int(value * 10)


def _fill(connection: psycopg.Connection[Any], content: Content, first: int, last: int) -> None:
    """Completed responses of the contacts from `first` to `last`, and what autovacuum would have done by then."""
    survey = content.surveys.latest
    places = sum(len(content.communes.communes(id_)) for id_ in content.packs.provinces)
    values = {
        "first": first,
        "last": last,
        "survey": survey.id,
        "version": survey.version,
        "patterns": PATTERNS,
        "places": places,
        "trades": len(content.trades.trades),
    }
    connection.execute(_CONTACTS, values)
    connection.execute(_RESPONSES, values)
    connection.execute("VACUUM ANALYZE contact, survey_response")
