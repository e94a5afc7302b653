"""`hotline channel check` and `hotline zalo connect` against the simulators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.web.sms_door import address
from bot.web.verification import zalo_verification_route
from hotline.channel_check import Finding, check_public_url
from hotline.channel_commands import channel_group, zalo_group
from hotline.errors import Stop
from hotline.mail_check import check_email
from hotline.serve import LOOPBACK, bind, server_for
from hotline.sms_check import check_sms
from hotline.telegram_check import PORTS, check_telegram
from hotline.zalo_check import check_zalo
from integrations.email.simulator import MailSimulator
from integrations.registry import settings_for
from integrations.sms.esms.simulator import EsmsSimulator
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.simulator import TelegramSimulator
from integrations.zalo.oauth import Pair
from integrations.zalo.simulator import ZaloSimulator
from integrations.zalo.tokens import replace_pair
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate
from store.settings import Settings, load_settings
from tests.conftest import SECRET


@asynccontextmanager
async def hotline_behind(status: int = 401) -> AsyncIterator[str]:
    """Where a hotline answers strangers' webhook calls with `status`."""

    async def webhook(_: Request) -> JSONResponse:
        return JSONResponse({}, status)

    routes = [Route("/webhooks/{channel}", webhook, methods=["POST"]), zalo_verification_route("proof")]
    listener, server = bind(LOOPBACK, 0), server_for(Starlette(routes=routes))
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
def own(tmp_path: Path, keyring: Keyring, clock: ManualClock) -> Database:
    """One engine is enough: the commands have no statements of their own."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    made = Database(url)
    migrate(made)
    made.close()
    return open_database(url, keyring, clock)


async def findings_of(steps: AsyncIterator[Finding]) -> list[str]:
    return [str(finding) async for finding in steps]


def that_are(mark: str, findings: list[str]) -> str:
    return "\n".join(finding for finding in findings if finding.startswith(mark))


def with_account(account: dict[str, object], **changes: object) -> Settings:
    given = {name.lower(): value for name, value in account.items() if name.isupper()}
    return load_settings(_env_file=None, **{**given, **changes})


# --- the address


@pytest.mark.parametrize(
    ("url", "ports", "is_right"),
    [
        ("https://hotline.thainguyen.gov.vn", (), True),
        (None, (), False),
        ("http://hotline.thainguyen.gov.vn", (), False),
        ("https://localhost", (), False),
        ("https://203.0.113.5", (), False),
        ("https://[2001:db8::1]", (), False),
        ("https://hotline.thainguyen.gov.vn:8443", (), False),
        ("https://hotline.thainguyen.gov.vn:8443", PORTS, True),
        ("https://hotline.thainguyen.gov.vn:9000", PORTS, False),
    ],
)
def test_an_address_that_providers_can_call(url: str | None, ports: tuple[int, ...], is_right: bool) -> None:
    finding = check_public_url(url, ports)
    assert finding.is_right is is_right
    assert bool(finding.remedy) is not is_right


# --- E-mail


async def test_a_mailbox_that_works_and_one_that_does_not() -> None:
    server = MailSimulator()
    async with server.running():
        findings = await findings_of(check_email(settings_for(server.account())))
        assert that_are("✗", findings) == "" and that_are("✓", findings).count("✓") == 4
        server.imap.lets_in = False
        server.smtp.password = "another"
        findings = await findings_of(check_email(settings_for(server.account())))
        wrong = that_are("✗", findings)
        assert "imap_login" in wrong and "email_login" in wrong and wrong.count("→") == 2
        assert not [one for one in findings if "mophong-thu-dien-tu" in one]
    findings = await findings_of(check_email(load_settings(_env_file=None)))
    assert "HOTLINE_MAIL_FROM" in that_are("✗", findings)


# --- SMS


async def test_an_sms_account_that_works_and_what_to_enter_at_the_provider(keyring: Keyring) -> None:
    sim = EsmsSimulator()
    async with sim.running():
        account = dict(sim.account())
        settings = with_account(account, public_url="https://hotline.thainguyen.gov.vn")
        findings = await findings_of(check_sms(settings, keyring))
        assert that_are("✗", findings) == ""
        assert "eSMS nhận khóa; còn 1.000.000.000 đồng; brandname trong cấu hình: CDS.XA" in that_are("✓", findings)
        reports = address("https://hotline.thainguyen.gov.vn", keyring, "esms")
        assert findings[-2].endswith(f": {reports}") and findings[-1].endswith(f": {reports}/inbound")
        for key in ("ESMS_API_KEY", "ESMS_SECRET_KEY", "ESMS_MO_KEY"):
            assert account[key] not in "".join(findings)
        sim.switches.balance = 0
        assert "hết tiền" in that_are("✗", await findings_of(check_sms(settings, keyring)))


async def test_sms_keys_that_the_gateway_does_not_know(keyring: Keyring) -> None:
    sim = EsmsSimulator()
    async with sim.running():
        settings = with_account(dict(sim.account()), esms_secret_key="of-another-account")
        findings = await findings_of(check_sms(settings, keyring))
    wrong = that_are("✗", findings)
    assert "Chưa có địa chỉ công khai" in wrong and "eSMS không nhận lời gọi (esms_101)" in wrong
    assert "of-another-account" not in "".join(findings)


# --- Zalo


@asynccontextmanager
async def zalo(own: Database, clock: ManualClock, connected: bool = True) -> AsyncIterator[ZaloSimulator]:
    sim = ZaloSimulator(retry_scale=0.0001)
    async with sim.running():
        if connected:
            pair = Pair(sim.tokens.access, sim.tokens.refresh)
            own.run_now(lambda c: replace_pair(c, pair, clock.now()))
        yield sim
    own.close()


async def test_a_zalo_channel_that_works(own: Database, clock: ManualClock) -> None:
    async with zalo(own, clock) as sim, hotline_behind() as home:
        settings = with_account(dict(sim.account()), public_url=home, zalo_verification="proof")
        findings = await findings_of(check_zalo(settings, own, clock))
    assert that_are("✗", findings).startswith(f"✗ Địa chỉ công khai {home} không phải https.")
    assert that_are("✗", findings).count("✗") == 1
    right = that_are("✓", findings)
    for words in (
        "ZALO_APP_ID",
        "/zalo_verifierproof.html mở được",
        "từ chối lời gọi không có chữ ký",
        "mã truy cập còn 25 giờ",
        "Zalo nhận lời gọi; Official Account:",
    ):
        assert words in right


async def test_without_an_account_there_is_one_step_and_the_simulator_is_named(
    own: Database, clock: ManualClock
) -> None:
    (finding,) = await findings_of(check_zalo(load_settings(_env_file=None), own, clock))
    own.close()
    assert finding.startswith("✗ Chưa có tài khoản Zalo. Hotline đang dùng trình mô phỏng.") and "→ Đặt" in finding


async def test_while_the_secret_is_missing_the_webhook_believes_nobody(own: Database, clock: ManualClock) -> None:
    async with zalo(own, clock) as sim, hotline_behind(200) as home:
        settings = with_account(dict(sim.account()), public_url=home, zalo_oa_secret=None)
        findings = await findings_of(check_zalo(settings, own, clock))
    assert "Chưa có ZALO_OA_SECRET" in that_are("✗", findings)
    assert "trả lời 200 và bỏ qua nội dung" in that_are("–", findings)


@pytest.mark.parametrize(("status", "words"), [(404, "chưa bật kênh này"), (200, "đúng ra phải từ chối"), (502, "502")])
async def test_a_webhook_that_does_not_refuse_a_stranger_is_wrong(
    own: Database, clock: ManualClock, status: int, words: str
) -> None:
    async with zalo(own, clock) as sim, hotline_behind(status) as home:
        settings = with_account(dict(sim.account()), public_url=home)
        findings = await findings_of(check_zalo(settings, own, clock))
    assert words in that_are("✗", findings)


async def test_a_hotline_that_does_not_answer(own: Database, clock: ManualClock) -> None:
    async with zalo(own, clock) as sim:
        settings = with_account(dict(sim.account()), public_url="http://127.0.0.1:1", zalo_verification="proof")
        findings = await findings_of(check_zalo(settings, own, clock))
    assert "Không gọi được" in that_are("✗", findings)
    assert "không có nội dung cần thiết" in that_are("✗", findings)


async def test_tokens_that_are_missing_dead_or_of_another_oa(own: Database, clock: ManualClock) -> None:
    async with zalo(own, clock, connected=False) as sim:
        settings = with_account(dict(sim.account()), zalo_access_token=None, zalo_refresh_token=None)
        findings = await findings_of(check_zalo(settings, own, clock))
        assert "Chưa có cặp mã truy cập" in that_are("✗", findings)
        assert "zalo_no_token" in that_are("✗", findings)
        pair = Pair(sim.tokens.access, sim.tokens.refresh)
        own.run_now(lambda c: replace_pair(c, pair, clock.now() - timedelta(days=76)))
        findings = await findings_of(check_zalo(settings, own, clock))
        assert "76 ngày" in that_are("✗", findings)
        own.run_now(lambda c: replace_pair(c, Pair(sim.tokens.access, sim.tokens.refresh), clock.now()))
        other = settings.model_copy(update={"zalo_oa_id": "1"})
        assert "Official Account khác" in that_are("✗", await findings_of(check_zalo(other, own, clock)))
        own.run_now(lambda c: replace_pair(c, Pair("burnt " * 4, "burnt as well " * 4), clock.now()))
        findings = await findings_of(check_zalo(settings, own, clock))
        assert "Zalo không nhận lời gọi" in that_are("✗", findings)
        findings = await findings_of(check_zalo(settings, own, clock))
        assert "Lần đổi mã gần nhất không thành" in that_are("✗", findings)
        assert "burnt" not in "".join(findings)


# --- Telegram


@asynccontextmanager
async def telegram() -> AsyncIterator[TelegramSimulator]:
    sim = TelegramSimulator(retry_scale=0.0001)
    async with sim.running():
        yield sim


async def set_up(settings: Settings) -> None:
    provider = TelegramProvider.from_settings(settings)
    await provider.set_up()
    await provider.close()


async def test_a_telegram_channel_that_works(clock: ManualClock) -> None:
    async with telegram() as sim, hotline_behind() as home:
        settings = with_account(dict(sim.account()), public_url=home)
        before = await findings_of(check_telegram(settings, clock))
        await set_up(settings)
        findings = await findings_of(check_telegram(settings, clock))
    assert "Telegram chưa gọi địa chỉ webhook này" in that_are("✗", before)
    assert that_are("✗", findings).startswith(f"✗ Địa chỉ công khai {home} không phải https.")
    assert that_are("✗", findings).count("✗") == 1
    right = that_are("✓", findings)
    assert "Telegram nhận mã của bot: @" in right and "Telegram gọi đúng địa chỉ webhook" in right
    assert "từ chối lời gọi không có chữ ký" in right
    assert "0 tin đang chờ" in that_are("–", findings) and "báo động chỉ có trong nhật ký" in that_are("–", findings)


async def test_a_telegram_channel_that_polls(clock: ManualClock) -> None:
    async with telegram() as sim, hotline_behind() as home:
        settings = with_account(dict(sim.account()))
        await set_up(settings)
        assert that_are("✗", await findings_of(check_telegram(settings, clock))) == ""
        await set_up(settings.model_copy(update={"public_url": home}))
        assert "còn một webhook" in that_are("✗", await findings_of(check_telegram(settings, clock)))


async def test_a_token_that_telegram_does_not_know(clock: ManualClock) -> None:
    async with telegram() as sim:
        settings = with_account(dict(sim.account()), telegram_bot_token="123456:of-another-bot")
        findings = await findings_of(check_telegram(settings, clock))
    assert "telegram_token" in that_are("✗", findings)
    assert "of-another-bot" not in "".join(findings)


async def test_a_chat_for_alarms_that_the_bot_is_not_in(clock: ManualClock) -> None:
    async with telegram() as sim:
        settings = with_account(dict(sim.account()), telegram_alarm_chat="-1009")
        findings = await findings_of(check_telegram(settings, clock))
    assert "nhóm nhận báo động" in that_are("✗", findings)


# --- the commands


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}",
        "HOTLINE_SECRET_KEY": SECRET,
        "HOTLINE_PUBLIC_URL": "https://hotline.thainguyen.gov.vn",
        "ZALO_APP_ID": "123",
        "ZALO_APP_SECRET": "secret-of-the-app",
        "ZALO_OA_ID": "456",
    }


def run(*arguments: str, environment: dict[str, str]) -> Result:
    group = channel_group if arguments[0] == "check" else zalo_group
    return CliRunner().invoke(group, arguments, env=environment)


@pytest.mark.parametrize("channel", ["zalo", "telegram", "sms"])
def test_something_wrong_is_exit_code_one(environment: dict[str, str], channel: str) -> None:
    alone = {name: value for name, value in environment.items() if name.startswith("HOTLINE")}
    result = run("check", channel, environment=alone)
    assert result.exit_code == 1
    assert result.output.startswith("✗ Chưa có") and result.output.endswith("1 bước chưa đúng.\n")


def test_connect_prints_the_address_of_the_consent(environment: dict[str, str]) -> None:
    result = run("connect", environment=environment)
    assert result.exit_code == 0, result.exception
    consent = result.output.split("\n")[-2]
    assert consent.startswith(
        "https://oauth.zaloapp.com/v4/oa/permission?app_id=123&redirect_uri=https%3A%2F%2Fhotline"
    )
    assert "secret-of-the-app" not in result.output


def test_without_an_account_there_is_nothing_to_connect(environment: dict[str, str]) -> None:
    alone = {name: value for name, value in environment.items() if name.startswith("HOTLINE")}
    result = run("connect", environment=alone)
    assert isinstance(result.exception, Stop) and "ZALO_APP_ID" in str(result.exception)


def test_the_consent_needs_an_address_to_come_back_to(environment: dict[str, str]) -> None:
    nowhere = {**environment, "HOTLINE_PUBLIC_URL": ""}
    result = run("connect", environment=nowhere)
    assert isinstance(result.exception, Stop) and "HOTLINE_PUBLIC_URL" in str(result.exception)
