"""Addresses that are counted: what stands in their place in an answer, and what is left alone."""

from __future__ import annotations

import pytest

from programme.content import Content

OURS = "rdx.gov.vn (https://hotline.example/r/rdx-zalo)"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("làm ở https://rdx.gov.vn ạ.", f"làm ở {OURS} ạ."),
        ("làm ở https://rdx.gov.vn. Rồi", f"làm ở {OURS}. Rồi"),
        ("https://rdx.gov.vn/", OURS),
        ("(https://rdx.gov.vn)", f"({OURS})"),
        ("https://rdx.gov.vn: https://rdx.gov.vn", f"{OURS}: {OURS}"),
    ],
)
def test_our_address_stands_beside_the_true_name(content: Content, said: str, shown: str) -> None:
    assert content.links.counted(said, "https://hotline.example", "zalo") == shown


@pytest.mark.parametrize(
    "said",
    [
        "https://rdx.gov.vn/dang-nhap",
        "https://rdx.gov.vn.lua-dao.example",
        "https://rdx.gov.vn@lua-dao.example",
        "https://rdx.gov.vn:8080",
        "https://rdx.gov.vnx",
        "rdx.gov.vn",
        "https://dichvucong.gov.vn",
    ],
)
def test_another_address_is_left_alone(content: Content, said: str) -> None:
    assert content.links.counted(said, "https://hotline.example", "zalo") == said


@pytest.mark.parametrize(("public_url", "channel"), [("", "zalo"), ("https://hotline.example", "terminal")])
def test_nothing_is_counted_without_a_public_address_or_a_channel(
    content: Content, public_url: str, channel: str
) -> None:
    assert content.links.counted("https://rdx.gov.vn", public_url, channel) == "https://rdx.gov.vn"
