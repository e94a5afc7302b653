"""Template messages by phone and by user id (rule Z19)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from .simulated import Zalo, zalo

BY_PHONE, BY_USER = "/message/template", "/v3.0/oa/message/template"
DATA = {"ten": "Bà Lan", "ma_yeu_cau": "YC-12"}


def at(platform: Zalo, hour: int) -> None:
    """Put the clock to an hour of the day in Việt Nam."""
    clock = platform.sim.clock
    now = clock.now().astimezone(clock.timezone)
    platform.pass_time(hours=(hour - now.hour) % 24, minutes=-now.minute)


async def send(platform: Zalo, path: str = BY_PHONE, **changes: Any) -> Any:
    body = {"phone": "84900000001", "template_id": "400001", "template_data": DATA, "tracking_id": "hs-1"}
    body |= changes
    return await platform.post(path, {name: value for name, value in body.items() if value is not None})


async def test_a_template_reaches_a_phone_and_its_delivery_is_told() -> None:
    async with zalo() as platform:
        at(platform, 9)
        said = await send(platform)
        assert said["error"] == 0
        assert said["data"]["quota"] == {"dailyQuota": "500", "remainingQuota": "499"}
        (event,) = await platform.events()
        assert event["recipient"] == {"id": "84900000001"}
        assert event["message"]["msg_id"] == said["data"]["msg_id"]
        assert event["message"]["tracking_id"] == "hs-1"
        assert platform.hotline.calls[0][1]["x-zevent-server"] == "ZNS"


async def test_the_tracking_id_prevents_no_second_message() -> None:
    async with zalo() as platform:
        at(platform, 9)
        ids = {(await send(platform))["data"]["msg_id"] for _ in range(2)}
        assert len(ids) == len(platform.sim.journal.of("accepted")) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"phone": "0900000001"}, -108),
        ({"phone": 84900000001}, -108),
        ({"phone": "84999999999"}, -118),
        ({"template_id": "1"}, -109),
        ({"template_id": "400003"}, -131),
        ({"template_data": {}}, -111),
        ({"template_data": {"ten": "a"}}, -1122),
        ({"template_data": {**DATA, "ten": 5}}, -112),
        ({"template_data": {**DATA, "ten": "a" * 31}}, -1121),
        ({"template_data": {**DATA, "ten": " "}}, -1124),
        ({"template_data": {**DATA, "them": "a"}}, -132),
        ({"template_id": "400002", "template_data": {**DATA, "hen_date": "mai"}}, -1124),
        ({"tracking_id": None}, -132),
        ({"tracking_id": "a b"}, -132),
        ({"tracking_id": "a" * 49}, -132),
        ({"sending_mode": "2"}, -132),
    ],
)
async def test_what_does_not_fit_has_its_own_error(changes: dict[str, Any], code: int) -> None:
    async with zalo() as platform:
        at(platform, 9)
        assert (await send(platform, **changes))["error"] == code
        assert platform.sim.journal.of("accepted") == []


async def test_a_wrong_token_has_the_business_addresss_own_error() -> None:
    async with zalo() as platform:
        assert (await platform.post(BY_PHONE, {}, token="x"))["error"] == -124


async def test_names_are_measured_composed() -> None:
    async with zalo() as platform:
        at(platform, 9)
        decomposed = "e\u0323\u0302" * 30
        assert (await send(platform, template_data={**DATA, "ten": decomposed}))["error"] == 0


async def test_at_night_only_transactions_go_out() -> None:
    async with zalo() as platform:
        at(platform, 22)
        assert (await send(platform))["error"] == -133
        data = {**DATA, "hen_date": "01/12/2026"}
        assert (await send(platform, template_id="400002", template_data=data))["error"] == 0
        at(platform, 6)
        assert (await send(platform))["error"] == 0


async def test_quotas_and_the_balance_end() -> None:
    async with zalo(template_quota=3) as platform:
        at(platform, 9)
        limited = {"template_id": "400004"}
        assert [(await send(platform, **limited))["error"] for _ in range(3)] == [0, 0, -147]
        assert [(await send(platform))["error"] for _ in range(2)] == [0, -144]
        platform.sim.switches.template_quota = 10
        platform.sim.switches.balance = 199
        assert (await send(platform))["error"] == -115


@pytest.mark.parametrize("code", [-114, -139, -141])
async def test_a_citizen_may_refuse(code: int) -> None:
    async with zalo() as platform:
        at(platform, 9)
        platform.act("refuse_templates", code=code)
        assert (await send(platform))["error"] == code


@pytest.mark.parametrize("phone", ["+84900000001", "0900000001", "900000001", "84900000001"])
async def test_other_spellings_of_a_number_by_switch(phone: str) -> None:
    async with zalo(loose_phones=True, tracking_id_required=False) as platform:
        at(platform, 9)
        assert (await send(platform, phone=phone, tracking_id=None))["error"] == 0


async def test_a_number_may_be_given_as_its_hash() -> None:
    async with zalo() as platform:
        at(platform, 9)
        digest = hashlib.sha256(b"84900000001").hexdigest()
        assert (await send(platform, f"{BY_PHONE}/hashphone", phone=None, hash_phone=digest))["error"] == 0


async def test_by_user_id_outside_the_window() -> None:
    async with zalo() as platform:
        at(platform, 9)
        user = {"phone": None, "tracking_id": None, "user_id": platform.lan.id}
        assert (await send(platform, BY_USER, **user))["data"]["user_id"] == platform.lan.id
        assert (await send(platform, BY_USER, **user, template_id="400004"))["error"] == -249
        assert (await send(platform, BY_USER, **{**user, "tracking_id": "a"}))["error"] == -132
        platform.sim.switches.tracking_id_by_user = True
        assert (await send(platform, BY_USER, **{**user, "tracking_id": "a"}))["error"] == 0


async def test_a_template_can_be_added() -> None:
    async with zalo() as platform:
        at(platform, 9)
        url = f"{platform.sim.url}/__sim/templates"
        async with platform.session.post(url, json={"id": "9", "params": {"x": 3}}) as answer:
            assert "9" in (await answer.json())["templates"]
        assert (await send(platform, template_id="9", template_data={"x": "abc"}))["error"] == 0
