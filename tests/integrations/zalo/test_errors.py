"""Every error that Zalo documents has its consequence; what is not documented is final and told to somebody."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest

from integrations.errors import Fate
from integrations.zalo import errors
from integrations.zalo.errors import BUSINESS, OAUTH, OPENAPI, TEMPLATE, seconds_to_wait

OPENAPI_CODES = """-32 -100 -200 -201 -202 -204 -205 -207 -208 -209 -210 -211 -212 -213 -214 -215 -216 -217 -218 -219
 -220 -221 -222 -223 -224 -227 -230 -232 -233 -234 -235 -237 -238 -240 -241 -242 -244 -248 -249 -305 -311 -320 -321 -401
 -403"""
BUSINESS_CODES = """-32 -100 -101 -103 -104 -107 -108 -109 -1091 -111 -112 -1121 -1122 -1123 -1124 -113 -1131 -1132 -116
 -114 -115 -117 -120 -1202 -135 -1351 -136 -138 -1381 -145 -118 -119 -121 -122 -125 -124 -1241 -126 -127 -130 -131 -132
 -133 -137 -139 -140 -141 -142 -143 -151 -152 -144 -1441 -147 -1471 -1472 -160 -146 -148 -149 -150 -153 -158 -159 -161
 -162 -249"""
OAUTH_CODES = "-118 -14002 -14003 -14014"


@pytest.mark.parametrize(
    ("numbering", "codes"), [(OPENAPI, OPENAPI_CODES), (BUSINESS, BUSINESS_CODES), (OAUTH, OAUTH_CODES)]
)
def test_exactly_the_documented_codes_are_described(numbering, codes):
    assert set(numbering.entries) == {int(code) for code in codes.split()}


@pytest.mark.parametrize(
    ("fate", "codes"),
    [
        (Fate.BACK_OFF, "-32"),
        (Fate.RETRY, "-100 -200 -211 -214 -218 -234 -311"),
        (Fate.WINDOW_CLOSED, "-230 -232 -305 -321"),
        (Fate.UNREACHABLE, "-213 -217 -222 -227 -244"),
        (Fate.REFUSED, "-201 -202 -210 -233 -237 -238 -240 -241 -248 -249 -403"),
    ],
)
def test_what_becomes_of_the_message(fate, codes):
    assert {OPENAPI.error(int(code)).fate for code in codes.split()} == {fate}


def test_what_concerns_the_account_stops_the_channel_and_alarms():
    others = "-32 -100 -200 -211 -214 -218 -234 -311 -230 -232 -305 -321 -213 -217 -222 -227 -244 -201 -202 -210 -233"
    others += " -237 -238 -240 -241 -248 -249 -403"
    for code in set(OPENAPI_CODES.split()) - set(others.split()):
        error = OPENAPI.error(int(code))
        assert (error.fate, error.alarm) == (Fate.CHANNEL_DOWN, True), code


def test_an_unknown_code_is_final_and_told():
    error = OPENAPI.error(-9999)
    assert (error.code, error.fate, error.alarm) == ("zalo_-9999", Fate.REFUSED, True)


@pytest.mark.parametrize("code", [216, -216, 401, -401])
def test_token_trouble_counts_without_its_minus_too(code):
    assert OPENAPI.is_about_token(code)
    assert OPENAPI.error(code).code == f"zalo_-{abs(code)}"


def test_other_codes_keep_their_sign():
    assert not OPENAPI.is_about_token(220)
    assert OPENAPI.error(230).fate is Fate.REFUSED


def test_the_numberings_do_not_mix():
    assert OPENAPI.error(-118).code == "zalo_-118"
    assert BUSINESS.error(-118).fate is Fate.UNREACHABLE
    assert OAUTH.error(-118).code in errors.BURNT
    assert BUSINESS.is_about_token(-124)
    assert not BUSINESS.is_about_token(-216)


def test_a_template_to_a_user_may_fail_with_codes_of_both():
    assert TEMPLATE.error(-230).code == "zalo_-230"
    assert TEMPLATE.error(-133).code == "zalo_zbs_-133"
    assert TEMPLATE.is_about_token(-216)
    assert TEMPLATE.is_about_token(-124)


def test_every_detail_is_a_vietnamese_sentence():
    for numbering in (OPENAPI, BUSINESS, OAUTH):
        for code in numbering.entries:
            detail = numbering.error(code).detail
            assert detail.endswith(".")
            assert unicodedata.is_normalized("NFC", detail)
            assert not detail.isascii()


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (datetime(2026, 11, 23, 15, 0, tzinfo=UTC), 8 * 3600),  # 22:00 in Việt Nam
        (datetime(2026, 11, 23, 22, 30, tzinfo=UTC), 1800),
        (datetime(2026, 11, 23, 23, 0, tzinfo=UTC), 24 * 3600),
    ],
)
def test_what_is_forbidden_at_night_waits_for_the_morning(now, seconds):
    assert seconds_to_wait(-234, now) == seconds_to_wait(-133, now) == seconds


def test_too_fast_waits_for_the_next_minute_and_an_empty_quota_an_hour():
    now = datetime(2026, 11, 23, 2, 0, 42, tzinfo=UTC)
    assert seconds_to_wait(-32, now) == 19
    assert seconds_to_wait(-211, now) == 3600
    assert seconds_to_wait(-200, now) is None
