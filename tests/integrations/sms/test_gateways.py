"""What holds of every gateway in the registry: genuine calls, a whole error table, and secrets that stay inside."""

from __future__ import annotations

import logging
import re
import traceback
import unicodedata
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

import integrations
from integrations.errors import Fate, NotGenuine, ProviderError, SendFailed
from integrations.registry import settings_for
from integrations.sms.esms.callback import read_callback
from integrations.sms.esms.inbound import read_inbound
from integrations.sms.gateway import Bulk, Gateway, Opinion, Report
from integrations.sms.registry import ERRORS, GATEWAYS, NAMES, error_of, open_gateways
from integrations.sms.speedsms.callback import read_report
from integrations.zalo import errors as zalo_errors
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID
from programme.bulk_law import MessageKind
from store.clock import ManualClock
from store.database import Database
from store.events import NumberReached
from tests.integrations.zalo.account import SENT_AT, read

FOLDER = Path(integrations.__file__).parent
KEY, SECRET, TOKEN = "key-hunter2", "secret-hunter2", "token-hunter2"
VIETNAMESE = re.compile("[àáảãạăâèéẻẽẹêìíỉĩịòóỏõọôơùúủũụưỳýỷỹỵđ]", re.IGNORECASE)
MO_KEY = "key1"


def esms_call(body: bytes) -> Report | Opinion:
    query = dict(parse_qsl(body.decode().strip(), keep_blank_values=True))
    return read_inbound(query, MO_KEY) if "sign" in query else read_callback(query)


def zbs_call(body: bytes) -> NumberReached:
    event = read(body, SENT_AT, {"x-zevent-server": "ZNS"})
    assert isinstance(event, NumberReached)
    return event


@dataclass(frozen=True)
class Known:
    """`fixtures`: genuine calls; `reads`: what reads them; `errors`: the whole table."""

    fixtures: list[Path]
    reads: Callable[[bytes], Any]
    errors: list[ProviderError]


def _known(name: str, calls: str, reads: Callable[[bytes], Any]) -> Known:
    return Known(sorted((FOLDER / "sms" / name / "fixtures").glob(calls)), reads, list(ERRORS[name].values()))


KNOWN = {
    "esms": _known("esms", "*.txt", esms_call),
    "speedsms": _known("speedsms", "*.json", read_report),
    "zbs": Known(
        sorted((FOLDER / "zalo" / "fixtures").glob("*.zns.json")),
        zbs_call,
        [zalo_errors.NO_TEMPLATE, *map(zalo_errors.BUSINESS.error, zalo_errors.BUSINESS.entries)],
    ),
}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A platform that answers with what it was asked, as a clumsy one would, and with nothing that can be used."""

    async def answer(request: web.Request) -> web.Response:
        said = {"headers": dict(request.headers), "path": request.path_qs, "body": (await request.read()).decode()}
        return web.json_response({"error": said, "status": "error", "message": said, "CodeResult": said})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server(access_log=None)
    yield str(server.make_url("")).rstrip("/")
    await server.close()


@asynccontextmanager
async def opened(database: Database, url: str) -> AsyncIterator[Mapping[str, Gateway]]:
    account = {
        "ESMS_API_KEY": KEY,
        "ESMS_SECRET_KEY": SECRET,
        "ESMS_BRANDNAME": "HOTLINE",
        "ESMS_API_URL": url,
        "SPEEDSMS_ACCESS_TOKEN": TOKEN,
        "SPEEDSMS_SENDER": "HOTLINE",
        "SPEEDSMS_API_URL": url,
        "ZALO_APP_ID": APP_ID,
        "ZALO_APP_SECRET": APP_SECRET,
        "ZALO_OA_ID": OA_ID,
        "ZALO_ACCESS_TOKEN": KEY,
        "ZALO_REFRESH_TOKEN": SECRET,
        **dict.fromkeys(("ZALO_OAUTH_URL", "ZALO_OPENAPI_URL", "ZALO_BUSINESS_URL"), url),
    }
    settings = settings_for(account)
    provider = ZaloProvider.from_settings(settings, database, ManualClock(SENT_AT))
    gateways = open_gateways(settings, provider)
    yield gateways
    for gateway in gateways.values():
        await gateway.close()
    await provider.close()


def test_whoever_has_a_folder_is_registered() -> None:
    assert {path.parent.name for path in (FOLDER / "sms").glob("*/client.py")} == set(GATEWAYS) == set(ERRORS)
    assert set(KNOWN) == set(NAMES)


async def test_each_opens_under_its_name_and_says_what_it_is(database: Database) -> None:
    async with opened(database, "http://127.0.0.1:9") as gateways:
        assert set(gateways) == set(NAMES)
        for name, gateway in gateways.items():
            assert gateway.name == name and len(name) <= 20  # the ledger's column
            assert gateway.kinds and gateway.kinds <= {kind.value for kind in MessageKind}
            assert gateway.remembers >= timedelta(0) and gateway.per_second >= 0


@pytest.mark.parametrize("name", NAMES)
def test_each_has_genuine_calls_that_are_read(name: str) -> None:
    assert KNOWN[name].fixtures
    for path in KNOWN[name].fixtures:
        said = KNOWN[name].reads(path.read_bytes())
        if isinstance(said, Report):
            assert said.state in ("accepted", "delivered", "failed") and (said.message_id or said.request_id)
            assert (said.state == "failed") == bool(said.reason) and len(said.reason) <= 40


def test_a_message_to_the_short_code_is_believed_by_its_signature_only() -> None:
    genuine = (FOLDER / "sms" / "esms" / "fixtures" / "inbound.txt").read_bytes().strip()
    assert isinstance(esms_call(genuine), Opinion)
    with pytest.raises(NotGenuine):
        esms_call(genuine.replace(b"noi+dung", b"DK"))


@pytest.mark.parametrize("name", NAMES)
def test_every_error_has_a_fate_and_a_vietnamese_sentence(name: str) -> None:
    table = KNOWN[name].errors
    codes = [error.code for error in table]
    assert len(set(codes)) == len(codes) and {Fate.REFUSED, Fate.UNREACHABLE, Fate.CHANNEL_DOWN} <= {
        error.fate for error in table
    }
    for error in table:
        assert error.code.startswith("zalo_zbs_" if name == "zbs" else f"{name}_") and len(error.code) <= 40
        assert error.fate is not Fate.WINDOW_CLOSED  # numbers have no window
        assert error.detail.endswith(".") and VIETNAMESE.search(error.detail)
        assert unicodedata.is_normalized("NFC", error.detail)
        assert error.alarm or error.fate is not Fate.CHANNEL_DOWN  # a person must act, so somebody is told


@pytest.mark.parametrize("name", GATEWAYS)
def test_each_code_is_described_also_one_that_nobody_knows(name: str) -> None:
    assert all(error_of(code) == error for code, error in ERRORS[name].items())
    unknown = error_of(f"{name}_998")
    assert unknown is not None and (unknown.fate, unknown.alarm) == (Fate.REFUSED, True)
    assert error_of(f"{name}_undelivered") is None and error_of("zalo_-204") is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_there", [True, False])
async def test_no_secret_leaves_a_gateway(
    database: Database, address: str, caplog: pytest.LogCaptureFixture, name: str, is_there: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    message, said = Bulk("+84900000001", "Moi ba con", "customer_care", "r-1", template="1", values={"ten": "Lan"}), ""
    async with opened(database, address if is_there else "http://127.0.0.1:9") as gateways:
        with structlog.testing.capture_logs() as logged:
            for call in (gateways[name].send(message), gateways[name].ask("m-1")):
                with pytest.raises(SendFailed) as failed:
                    await call
                said += "".join(traceback.format_exception(failed.value)) + repr(failed.value.error)
        said += f"{logged}{caplog.text}{gateways[name]!r}"
    for secret in (KEY, SECRET, TOKEN, "aHVudGVy", "900000001", "Moi ba con"):
        assert secret not in said
