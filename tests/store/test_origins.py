from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.origins import read_origins


def test_origins_are_read_once_each_and_in_lower_case() -> None:
    text = " https://ThaiNguyen.gov.vn/  https://a.vn:8443 https://thainguyen.gov.vn http://127.0.0.1:9000"
    assert read_origins(text) == ("https://thainguyen.gov.vn", "https://a.vn:8443", "http://127.0.0.1:9000")
    assert read_origins("") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "https://*",
        "https://*.gov.vn",
        "https:",
        "thainguyen.gov.vn",
        "http://thainguyen.gov.vn",
        "https://thainguyen.gov.vn/trang",
        "https://thainguyen.gov.vn?x=1",
        "https://user@thainguyen.gov.vn",
        "https://thainguyen.gov.vn;script-src",
        "https://thainguyen.gov.vn:port",
        "https://thainguyen.gov.vn:99999",
        "https://[::1",
        "'none'",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_origin_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ValueError, match="https://tên-miền"):
        read_origins(f"https://ok.vn {wrong}")


@given(st.text(max_size=40))
def test_nothing_that_is_accepted_can_end_a_header(text: str) -> None:
    try:
        origins = read_origins(f"https://{text}")
    except ValueError:
        return
    assert not set("".join(origins)) & set(" ;,'\"*\r\n")
