"""Lists on a page: who may, what is kept of an upload, the steps to the result, and what is said when it goes wrong."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from console.body_limit import LARGEST_UPLOAD
from console.context import ConsoleContext
from console.roles import Role
from programme.file_imports import WORDS
from programme.list_kinds import ListKind
from scheduler.imports import Importer
from store.registry_tables import do_not_call, file_import
from store.tables import consent, contact
from tests.console.conftest import SITE, Browser, MakePerson, OpenBrowser
from tests.console.signing_in import recorded

PAGE = "/console/imports"
LIST = "Tên cửa hàng,Chủ hộ,Điện thoại,Xã/Phường\nTạp hóa Lan,Lan,0912345678,Tân Cương\n=1+1,Hoa,12,\n".encode()
CODES = (
    "phone_missing invalid_phone fixed_line premium_number rounded_phone too_long tax_code_form tax_code_check"
    " commune_unknown commune_ambiguous consent_unclear consent_unproven consent_future formula error_value"
).split()


@pytest.fixture
def leader(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Thu", Role.SUPERVISOR))


@pytest.fixture
def importer(context: ConsoleContext) -> Importer:
    return Importer(context.database, context.clock, context.content, context.keyring, context.wakeups)


async def upload(browser: Browser, data: bytes = LIST, kind: str = "shops", name: str = "ds.csv") -> httpx.Response:
    return await browser.post(PAGE, {"kind": kind}, files={"file": (name, data, "text/csv")})


async def start(browser: Browser, here: str, typed: dict[str, str]) -> httpx.Response:
    """As the page that is open shows it."""
    shown = re.search('name="seen" value="([0-9a-f]+)"', (await browser.get(f"{here}/state")).text)
    return await browser.post(f"{here}/start", {**typed, "seen": shown[1] if shown else ""})


def kept(context: ConsoleContext) -> Any:
    rows = select(file_import).order_by(file_import.c.id.desc()).limit(1)
    return context.database.read_now(lambda c: c.execute(rows).mappings().one())


def count(context: ConsoleContext, table: Any) -> int:
    return int(context.database.read_now(lambda c: c.scalar(select(func.count()).select_from(table))) or 0)


async def test_from_the_upload_to_the_result_file(leader: Browser, context: ConsoleContext, importer: Importer) -> None:
    answer = await upload(leader)
    assert answer.status_code == 303
    here = answer.headers["location"]
    assert LIST not in bytes(kept(context)["content"]) and b"0912345678" not in bytes(kept(context)["content"])
    waiting = (await leader.get(here)).text
    assert f'hx-get="{here}/state"' in waiting and 'hx-trigger="every 2s"' in waiting
    await importer.work_due()
    shown = (await leader.get(f"{here}/state")).text
    assert "hx-trigger" not in shown and "Tạp hóa Lan" in shown and "1 × Không nhận: ô chứa công thức" in shown
    refused = await start(leader, here, {"source": "Phiếu 12"})
    assert refused.status_code == 422 and "căn cứ đồng ý" in refused.text and 'value="Phiếu 12"' in refused.text
    agreed = {"basis": "list", "source": "Phiếu 12", "day": "2026-10-05"}
    assert (await start(leader, here, agreed)).status_code == 303
    assert (await start(leader, here, agreed)).status_code == 409
    await importer.work_due()
    done = (await leader.get(here)).text
    assert "Đã nhập xong" in done and "Đã đọc 2/2 dòng." in done
    assert (count(context, contact), count(context, consent), kept(context)["content"]) == (1, 1, None)
    result = await leader.get(f"{here}/result.csv")
    assert result.text.splitlines()[1].startswith("3,KHÔNG NHẬP,formula")
    assert "=1+1" not in result.text
    assert (await leader.get(f"{here}/result.xlsx")).content[:2] == b"PK"
    number = here.rpartition("/")[2]
    for action in ("uploaded", "viewed", "started", "done", "exported"):
        assert next(one[2] for one in recorded(context, f"registry.import_{action}")) == f"import {number}"


async def test_columns_are_chosen_where_the_header_is_in_another_language(
    leader: Browser, context: ConsoleContext, importer: Importer
) -> None:
    here = (await upload(leader, b"nome;telefono\nLan;0912345678\nHoa;0987654321\n")).headers["location"]
    await importer.work_due()
    page = (await leader.get(here)).text
    assert "Không thấy dòng tên cột" in page and "B: telefono (0912345678)" in page
    twice = {"header_row": "1", "column_phone": "1", "column_owner": "1"}
    wrong = await leader.post(f"{here}/columns", twice)
    assert wrong.status_code == 422 and "một cột chỉ là một mục" in wrong.text
    assert (await leader.post(f"{here}/columns", {"header_row": "1", "column_phone": "1"})).status_code == 303
    await importer.work_due()
    assert kept(context)["dry"]["created"] == 2
    assert (await start(leader, here, {"basis": "none"})).status_code == 303
    await importer.work_due()
    assert (count(context, contact), count(context, consent)) == (2, 0)


async def test_nobody_starts_what_somebody_else_has_changed_since_they_looked(
    leader: Browser, context: ConsoleContext, importer: Importer
) -> None:
    here = (await upload(leader, b"a,phone,b\n0987654321,0912345678,Lan\n")).headers["location"]
    await importer.work_due()
    shown = re.search('name="seen" value="([0-9a-f]+)"', (await leader.get(here)).text)
    assert shown
    assert (await leader.post(f"{here}/columns", {"header_row": "1", "column_phone": "0"})).status_code == 303
    await importer.work_due()
    assert kept(context)["status"] == "checked"
    old = await leader.post(f"{here}/start", {"basis": "none", "seen": shown[1]})
    assert (old.status_code, kept(context)["status"]) == (409, "checked")
    assert (await start(leader, here, {"basis": "none"})).status_code == 303


async def test_a_list_of_numbers_states_whose_it_is(
    leader: Browser, context: ConsoleContext, importer: Importer
) -> None:
    here = (await upload(leader, b"0912345678\n0987654321\n", "do_not_call")).headers["location"]
    await importer.work_due()
    for typed in ({"source": "", "day": "2026-11-01"}, {"source": "AIS", "day": "2027-01-01"}, {"source": "AIS"}):
        assert (await start(leader, here, typed)).status_code == 422
    assert (await start(leader, here, {"source": "AIS", "day": "2026-11-01"})).status_code == 303
    await importer.work_due()
    assert count(context, do_not_call) == 2


async def test_a_cancelled_list_is_gone_with_its_file(leader: Browser, context: ConsoleContext) -> None:
    here = (await upload(leader)).headers["location"]
    assert (await leader.post(f"{here}/cancel")).status_code == 303
    assert (kept(context)["status"], kept(context)["content"]) == ("cancelled", None)
    assert (await leader.post(f"{here}/cancel")).status_code == 409


@pytest.mark.parametrize(("kind", "data"), [("shops", b""), ("people", LIST)])
async def test_an_upload_without_a_file_or_of_no_kind_is_refused(
    leader: Browser, context: ConsoleContext, kind: str, data: bytes
) -> None:
    assert (await upload(leader, data, kind)).status_code == 422
    assert count(context, file_import) == 0


async def test_a_file_that_is_too_large_is_refused_before_it_is_read(leader: Browser, context: ConsoleContext) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="ds.csv"\r\n\r\n'
        while True:
            sent += 1 << 20
            yield b"x" * (1 << 20)

    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-CSRF-Token": leader.csrf}
    announced = {**headers, "Content-Length": str(100 << 20)}
    for given in (announced, headers):
        answer = await leader.client.post(PAGE, content=endless(), headers=given)
        assert (answer.status_code, answer.headers["X-Problem"]) == (413, "file_too_large")
        assert "chia nhỏ" in answer.text
    assert sent <= LARGEST_UPLOAD + (3 << 20)
    assert count(context, file_import) == 0


async def test_who_is_not_signed_in_fills_no_memory_with_an_upload(open_browser: OpenBrowser) -> None:
    nobody = open_browser()
    answer = await nobody.client.post(f"{SITE}{PAGE}", files={"file": ("a.csv", b"x" * (1 << 20), "text/csv")})
    assert answer.status_code == 303 and "/console/login" in answer.headers["location"]


@pytest.mark.parametrize("role", [Role.OFFICER, Role.COMMUNE, Role.VENDOR])
async def test_only_leaders_read_lists_in(open_browser: OpenBrowser, make_person: MakePerson, role: Role) -> None:
    browser = open_browser(make_person("Ai", role, vendor="VNPT" if role is Role.VENDOR else None))
    assert (await upload(browser)).status_code == 403


async def test_lists_of_another_province_are_not_there(leader: Browser, context: ConsoleContext) -> None:
    here = (await upload(leader)).headers["location"]
    context.database.run_now(lambda c: c.execute(update(file_import).values(province="thanh-hoa")))
    assert (await leader.get(here)).status_code == 404
    assert (await leader.post(f"{here}/cancel")).status_code == 404


def test_every_reason_and_error_can_be_said(context: ConsoleContext) -> None:
    errors = (
        "too_large too_many_rows empty no_header no_sheet mapping encoding encoding_tcvn3 broken_csv not_xlsx"
        " broken_xlsx broke left"
    ).split()
    keys = [f"imports.reason_{code}" for code in (*CODES, *WORDS)] + [f"imports.error_{code}" for code in errors]
    keys += [f"imports.kind_{kind}" for kind in ListKind]
    states = "uploaded columns checking checked waiting running done failed cancelled"
    keys += [f"imports.state_{state}" for state in states.split()]
    assert set(keys) - set(context.words.texts) == set()
