"""The consent page and the exchange, as OAuth v4 of Zalo wants them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.errors import Fate, SendFailed
from integrations.zalo.oauth import ACCESS_LIFETIME, OAuth, Pair, challenge_of
from integrations.zalo.transport import Transport
from tests.integrations.zalo import stub
from tests.integrations.zalo.account import APP_ID, APP_SECRET, zalo_settings

PAIR = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": "90000"}


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    transport = Transport()
    yield transport
    await transport.close()


def oauth(transport: Transport, url: str = "https://oauth.zaloapp.com") -> OAuth:
    settings = zalo_settings(zalo_oauth_url=url, public_url="https://hotline.example.vn")
    return OAuth.from_settings(settings, transport)


def test_the_challenge_is_that_of_rfc_7636():
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_the_consent_page_has_zalos_four_parameters(transport):
    url = urlsplit(oauth(transport).consent_url("state 1", "challenge"))
    assert url.path == "/v4/oa/permission"
    assert parse_qs(url.query) == {
        "app_id": [APP_ID],
        "redirect_uri": ["https://hotline.example.vn/oauth/zalo/callback"],
        "code_challenge": ["challenge"],
        "state": ["state 1"],
    }


async def test_a_code_is_exchanged_with_its_verifier(transport):
    async with stub.running(PAIR) as zalo:
        pair = await oauth(transport, zalo.url).exchange("code-1", "verifier-1")
    assert pair == Pair("access-2", "refresh-2", timedelta(hours=25))
    (asked,) = zalo.asked
    assert (asked.method, asked.path, asked.headers["secret_key"]) == ("POST", "/v4/oa/access_token", APP_SECRET)
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {
        "code": ["code-1"],
        "code_verifier": ["verifier-1"],
        "app_id": [APP_ID],
        "grant_type": ["authorization_code"],
    }


async def test_a_code_from_the_consoles_own_page_has_no_verifier(transport):
    async with stub.running(PAIR) as zalo:
        await oauth(transport, zalo.url).exchange("code-1", None)
    assert "code_verifier" not in parse_qs(zalo.asked[0].body.decode())


@pytest.mark.parametrize(
    ("expires_in", "lifetime"),
    [
        ("3600", timedelta(hours=1)),
        (3600, timedelta(hours=1)),
        ("soon", ACCESS_LIFETIME),
        (None, ACCESS_LIFETIME),
        ("-1", ACCESS_LIFETIME),
        (10**30, ACCESS_LIFETIME),
    ],
)
async def test_the_lifetime_is_a_text_or_a_number_of_seconds(transport, expires_in, lifetime):
    async with stub.running({**PAIR, "expires_in": expires_in}) as zalo:
        assert (await oauth(transport, zalo.url).refresh("r")).lifetime == lifetime


@pytest.mark.parametrize(
    ("answer", "fate", "code"),
    [
        ({"error": -14014, "error_name": "Invalid refresh token"}, Fate.CHANNEL_DOWN, "zalo_oauth_-14014"),
        ({"error": "-14014"}, Fate.CHANNEL_DOWN, "zalo_oauth_-14014"),
        ({"error": -1}, Fate.REFUSED, "zalo_oauth_-1"),
        ({}, Fate.UNCERTAIN, "zalo_not_json"),
        ({"access_token": "a"}, Fate.UNCERTAIN, "zalo_not_json"),
        (stub.page(502), Fate.UNCERTAIN, "zalo_server_error"),
        (stub.reset, Fate.UNCERTAIN, "zalo_no_answer"),
    ],
)
async def test_a_refusal_is_told_apart_from_a_lost_reply(transport, answer, fate, code):
    async with stub.running(answer) as zalo:
        with pytest.raises(SendFailed) as failed:
            await oauth(transport, zalo.url).refresh("refresh-1")
    assert (failed.value.error.fate, failed.value.error.code) == (fate, code)


def test_a_pair_does_not_show_itself():
    assert "access" not in repr(Pair("access-2", "refresh-2")).replace("access_", "")
