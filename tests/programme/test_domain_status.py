from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.domain_names import DomainStatus
from programme.domain_status import read_status, tells_days_of_ours

TODAY = dt.date(2026, 3, 15)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("tên miền hết hạn 15/8/2027", "biz.vn active - 2027-08-15"),
        ("15/8/2027 là hết hạn", "biz.vn active - 2027-08-15"),
        ("dùng từ 3/2025, hết hạn 3/2027", "biz.vn active 2025-03 2027-03"),
        ("hết hạn 15/8/2027, dùng từ 3/2025", "biz.vn active 2025-03 2027-08-15"),
        ("có tên miền từ tháng 3 rồi, hết hạn tháng 2", "biz.vn active 2026-03 2027-02"),
        ("tên mien của tôi hết hạng 20/10/2027", "biz.vn active - 2027-10-20"),
        ("mới gia hạn 3/2/2026", "biz.vn active - -"),
        ("chưa hết hạn", "biz.vn active - -"),
        ("có rồi mà không nhớ ngày hết hạn", "biz.vn active - -"),
        ("có tên miền rồi, chưa có web", "biz.vn active - -"),
        ("tôi có id.vn rồi", "id.vn active - -"),
        ("có huongque.com.vn với huongque.biz.vn", "biz.vn active - -"),
        ("da nop ho so ten mien", "biz.vn applied - -"),
        ("đã nộp hồ sơ mà chưa được cấp", "biz.vn applied - -"),
        ("chưa nộp hồ sơ", "biz.vn none - -"),
        ("chưa làm tên miền", "biz.vn none - -"),
        ("đăng ký rồi nhưng bị từ chối nên vẫn không có tên miền", "biz.vn none - -"),
        ("we do not have a domain yet", "biz.vn none - -"),
        ("tên miền", None),
        ("tên miền .com rồi", None),
        ("chấm com rồi", None),
        ("tên miền hết hạn rồi", None),
        ("làm sao biết tên miền hết hạn chưa", None),
        ("tên miền của tôi còn dùng được không", None),
    ],
)
def test_a_status_is_read_from_a_sentence(text: str, status: str | None) -> None:
    said = read_status(text, TODAY)
    days = [one.as_text() if one else "-" for one in (said.since, said.until)] if said else []
    assert (said and " ".join((said.tld, said.state, *days))) == status


@pytest.mark.parametrize("text", ["hết hạn năm sau", "tên miền hết hạn 2027", "hết hạn cuối năm"])
def test_an_end_without_its_month_is_not_made_up(text: str) -> None:
    said = read_status(text, TODAY)
    assert said is not None
    assert said.leaves_month_open
    assert said.as_kept() == DomainStatus("biz.vn", "active")


def test_of_a_month_the_first_day_is_kept_so_that_no_reminder_comes_too_late() -> None:
    said = read_status("hết hạn 5/2027", TODAY)
    assert said is not None
    assert said.as_kept() == DomainStatus("biz.vn", "active", expires_on=dt.date(2027, 5, 1))


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("nhaminh.id.vn đang dùng từ 1/1/2026", True),
        ("biz.vn của tôi hết hạn 15/8/2027", True),
        ("id.vn dùng từ 1/1/2026 có được miễn phí không", False),
        ("tên miền id.vn dành cho ai", False),
        ("công ty thành lập 1/1/2026", False),
    ],
)
def test_a_status_with_its_days_is_told_from_a_question(text: str, tells: bool) -> None:
    assert (tells_days_of_ours(text, TODAY) is not None) is tells


@given(text=st.text(alphabet="0123456789/. hếtạncóchưatừđnrồi", max_size=50))
def test_no_text_breaks_the_reading(text: str) -> None:
    said = read_status(text, TODAY)
    assert said is None or said.as_kept().tld == said.tld
