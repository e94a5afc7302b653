"""The simulator's OAuth and calling conventions (rules Z1–Z7, Z13)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID, ZaloSwitches
from integrations.zalo.simulator import ZaloSimulator

from .simulated import CS, Zalo, zalo

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
GETOA = "/v2.0/oa/getoa"


async def refreshed(platform: Zalo, token: str | None = None) -> dict[str, str]:
    token = token or platform.sim.tokens.refresh
    return await platform.token(grant_type="refresh_token", refresh_token=token)


async def test_the_token_address_takes_only_a_form_with_the_right_secret_app_and_grant() -> None:
    async with zalo() as platform:
        refresh = platform.sim.tokens.refresh
        url, headers = f"{platform.sim.url}/v4/oa/access_token", {"secret_key": APP_SECRET}
        form = {"app_id": APP_ID, "grant_type": "refresh_token", "refresh_token": refresh}
        async with platform.session.post(url, json=form, headers=headers) as answer:
            assert answer.status == 200
            assert (await answer.json())["error"] < 0
        async with platform.session.get(url, params=form, headers=headers) as answer:
            assert answer.status == 404
        for wrong in ({"secret": "x"}, {"app_id": "2"}, {"grant_type": "password"}):
            said = await platform.token(**{"grant_type": "refresh_token", "refresh_token": refresh, **wrong})
            assert said["error"] < 0
            assert "access_token" not in said
        assert (await refreshed(platform))["expires_in"] == "90000"


async def test_consent_leads_back_with_a_code_that_works_once_with_its_verifier() -> None:
    async with zalo() as platform:
        asked = {"app_id": APP_ID, "redirect_uri": "http://127.0.0.1:1/oauth/zalo/callback"}
        asked |= {"code_challenge": CHALLENGE, "state": "s1"}
        url = f"{platform.sim.url}/v4/oa/permission"
        async with platform.session.get(url, params=asked) as page:
            assert "agree=1" in await page.text()
        codes = []
        for _ in range(2):
            async with platform.session.get(url, params={**asked, "agree": "1"}, allow_redirects=False) as back:
                query = parse_qs(urlsplit(back.headers["Location"]).query)
                assert (query["oa_id"], query["state"]) == ([OA_ID], ["s1"])
                codes.append(query["code"][0])
        grant = {"grant_type": "authorization_code", "code_verifier": VERIFIER}
        wrong = await platform.token(**{**grant, "code": codes[0], "code_verifier": "x" * 43})
        assert wrong["error"] == -118
        pair = await platform.token(**grant, code=codes[1])
        assert (await platform.post(CS, {}, token=pair["access_token"]))["error"] == -201
        assert (await platform.token(**grant, code=codes[1]))["error"] == -118


async def test_a_code_ends_after_ten_minutes() -> None:
    async with zalo() as platform:
        code = platform.sim.oauth.new_code()
        platform.sim.clock.advance(timedelta(minutes=10))
        assert (await platform.token(grant_type="authorization_code", code=code))["error"] == -118


@pytest.mark.parametrize("required", [False, True])
async def test_a_code_without_a_challenge_counts_only_while_pkce_is_not_required(required: bool) -> None:
    async with zalo(pkce_required=required) as platform:
        code = platform.sim.oauth.new_code()
        said = await platform.token(grant_type="authorization_code", code=code)
        assert ("access_token" in said) is not required


@pytest.mark.parametrize("code", [-14014, -118])
async def test_a_refresh_token_works_once(code: int) -> None:
    async with zalo(refresh_reuse_error=code) as platform:
        first = platform.sim.tokens.refresh
        pair = await refreshed(platform, first)
        assert pair["refresh_token"] != first
        assert (await refreshed(platform, first))["error"] == code
        assert "access_token" in await refreshed(platform, pair["refresh_token"])


async def test_a_refresh_token_ends_after_three_months() -> None:
    async with zalo() as platform:
        platform.sim.clock.advance(timedelta(days=90))
        assert (await refreshed(platform))["error"] == -14014


async def test_when_the_answer_to_a_refresh_is_lost_the_old_token_is_burnt_all_the_same() -> None:
    async with zalo() as platform:
        first = platform.sim.tokens.refresh
        platform.sim.faults.arm({"kind": "reset_after", "count": 1, "path": "/access_token"})
        with pytest.raises(aiohttp.ClientError):
            await refreshed(platform, first)
        assert platform.sim.tokens.refresh != first
        assert (await refreshed(platform, first))["error"] == -14014


async def test_of_two_refreshes_at_once_one_fails() -> None:
    async with zalo() as platform:
        first = platform.sim.tokens.refresh
        said = await asyncio.gather(refreshed(platform, first), refreshed(platform, first))
        assert sorted("access_token" in one for one in said) == [False, True]


async def test_a_hotline_keeps_its_tokens_when_the_simulator_starts_anew() -> None:
    async with zalo() as earlier:
        await refreshed(earlier)
        access, refresh = earlier.sim.tokens.access, earlier.sim.tokens.refresh
    async with zalo() as later:
        assert (await later.post(CS, {}, token=access))["error"] == -201
        assert "access_token" in await refreshed(later, refresh)


async def test_an_access_token_must_be_there_under_its_name_and_current() -> None:
    async with zalo() as platform:
        url, token = platform.sim.url + GETOA, platform.sim.tokens.access
        for headers in ({}, {"Authorization": f"Bearer {token}"}, {"access_token": "x"}):
            async with platform.session.get(url, headers=headers) as answer:
                assert (answer.status, (await answer.json())["error"]) == (200, -216)
        assert (await platform.get(GETOA))["data"]["oa_id"] == OA_ID
        await refreshed(platform)
        assert (await platform.post(CS, {}, token=token))["error"] == -216
        platform.sim.switches.old_access_token_lives = True
        assert (await platform.post(CS, {}, token=token))["error"] == -201


@pytest.mark.parametrize("code", [-220, -216])
async def test_an_access_token_expires_after_25_hours(code: int) -> None:
    async with zalo(expired_token_error=code) as platform:
        platform.sim.clock.advance(timedelta(hours=25))
        said = await platform.get(GETOA)
        assert (said["error"], "expired" in said["message"]) == (code, True)
        platform.sim.switches.token_errors_positive = True
        assert (await platform.get(GETOA))["error"] == -code


async def test_a_revoked_grant_ends_both_tokens() -> None:
    async with zalo() as platform:
        platform.sim.tokens.revoke()
        assert (await platform.get(GETOA))["error"] == -216
        assert (await refreshed(platform))["error"] == -14014


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ({"kind": "http_500"}, 500, "text/html"),
        ({"kind": "http_502"}, 502, "text/html"),
        ({"kind": "html"}, 200, "text/html"),
        ({"kind": "error", "code": -204}, 200, "application/json"),
    ],
)
async def test_faults_look_like_what_a_platform_in_trouble_answers(
    fault: dict[str, object], status: int, kind: str
) -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        platform.sim.faults.arm({**fault, "count": 1})
        headers = {"access_token": platform.sim.tokens.access}
        body = {"recipient": {"user_id": platform.lan.id}, "message": {"text": "x"}}
        async with platform.session.post(platform.sim.url + CS, json=body, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (status, kind)
            if kind == "application/json":
                assert (await answer.json())["error"] == -204
        assert platform.sim.journal.of("accepted") == []


async def test_a_time_out_after_accepting_leaves_the_message_accepted() -> None:
    async with zalo() as platform:
        platform.act("text", text="Chào")
        platform.sim.faults.arm({"kind": "timeout_after", "count": 1, "seconds": 10})
        with pytest.raises(TimeoutError):
            await platform.post(
                CS,
                {"recipient": {"user_id": platform.lan.id}, "message": {"text": "một"}},
                timeout=aiohttp.ClientTimeout(total=0.2),
            )
        assert [entry["text"] for entry in platform.sim.journal.of("accepted")] == ["một"]


async def test_get_parameters_count_only_inside_data() -> None:
    async with zalo() as platform:
        detail = "/v3.0/oa/user/detail"
        assert (await platform.get(detail, user_id=platform.lan.id))["error"] == -201
        assert (await platform.get(detail, data=f'{{"user_id":"{platform.lan.id}"}}', count="1"))["error"] == -201
        said = await platform.get(detail, data=f'{{"user_id":"{platform.lan.id}"}}')
        assert said["data"]["display_name"] == platform.lan.name


async def test_the_rate_is_told_with_every_answer_and_ends_with_the_minute() -> None:
    async with zalo(per_minute=2) as platform:
        clock = platform.sim.clock
        clock.set(clock.now().replace(second=1))
        url, headers = platform.sim.url + GETOA, {"access_token": platform.sim.tokens.access}
        seen = []
        for _ in range(3):
            async with platform.session.get(url, headers=headers) as answer:
                error = (await answer.json())["error"]
                assert answer.headers["X-RateLimit-Limit"] == "2"
                seen.append((error, answer.headers["X-RateLimit-Remain"]))
        assert seen == [(0, "1"), (0, "0"), (-32, "0")]
        clock.advance(timedelta(minutes=1))
        assert (await platform.get(GETOA))["error"] == 0


async def test_an_unknown_path_is_404_as_json() -> None:
    async with zalo() as platform:
        for path in ("/v3.0/oa/message/nothing", "/v9/anything"):
            async with platform.session.post(platform.sim.url + path, json={}) as answer:
                assert answer.status == 404
                assert (await answer.json())["error"] == 404


def test_the_account_can_configure_a_hotline() -> None:
    account = ZaloSimulator(ZaloSwitches()).account()
    assert account["ZALO_APP_ID"] == APP_ID
    assert {name for name in account if name.isupper()} == {
        "ZALO_APP_ID",
        "ZALO_APP_SECRET",
        "ZALO_OA_ID",
        "ZALO_OA_SECRET",
        "ZALO_ACCESS_TOKEN",
        "ZALO_REFRESH_TOKEN",
        "ZALO_OAUTH_URL",
        "ZALO_OPENAPI_URL",
        "ZALO_BUSINESS_URL",
    }
