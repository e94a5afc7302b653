"""The packs' texts that templates begin as: all of them could go out, and a wrong one stops the start with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from programme import message_templates
from programme.campaign_starters import load_starters
from programme.campaign_text import plain
from programme.content import CONTENT_ROOT, Content
from programme.message_templates import Draft
from programme.yaml_source import ContentError

HERE = "thai-nguyen"
RULES = "templates:\n  - {{id: a, name: A, kind: {kind}, text: '{text}'{more}}}\n"


def test_every_starter_of_every_province_can_be_kept_as_it_is(content: Content) -> None:
    for province, starters in content.starters.of.items():
        assert {"lop_ngay_mai", "moi_khao_sat"} <= {one.id for one in starters}, province
        for one in starters:
            draft = Draft(one.name, one.kind, one.text, plain(one.text), starter=one.id)
            day = one.valid_to or dt.date(2026, 11, 27)
            assert message_templates.problems(content.bulk_law, draft, day) == [], one.id


def test_the_slogan_of_the_plan_is_there_and_a_call_that_is_over_is_not_offered(content: Content) -> None:
    def ids(day: dt.date) -> set[str]:
        return {one.id for one in content.starters.current(HERE, day)}

    assert {"khau_hieu_khao_sat", "keu_goi_rdx"} <= ids(dt.date(2026, 6, 15))
    assert "keu_goi_rdx" not in ids(dt.date(2026, 6, 16))
    assert "khau_hieu_khao_sat" in ids(dt.date(2026, 6, 16))


def test_nobody_has_said_what_an_sms_costs(content: Content) -> None:
    assert content.starters.price(HERE, "advertising") is None
    assert content.starters.price(HERE, "staff") is None


def load(content: Content, root: Path, text: str) -> None:
    (root / "national").mkdir()
    (root / "national" / "campaign_templates.yaml").write_text(text)
    load_starters(root, content.packs, content.bulk_law)


@pytest.mark.parametrize(
    ("kind", "text", "more", "said"),
    [
        ("customer_care", "Lớp {{ lop }}", "", "Không có biến"),
        ("advertising", "Mời học: {{ link }} Từ chối: {{ stop }}", "", "nhãn"),
        ("advertising", "[QC] Mời học: {{ link }}", "", "từ chối"),
        ("gossip", "Lớp", "", "kind"),
        ("customer_care", "Lớp", ", document: nowhere", "nowhere"),
        ("customer_care", "Lớp", ", valid_from: 2026-02-01, valid_to: 2026-01-01", "valid_to"),
    ],
)
def test_a_wrong_starter_is_refused_with_its_line(
    content: Content, tmp_path: Path, kind: str, text: str, more: str, said: str
) -> None:
    with pytest.raises(ContentError, match=said) as refused:
        load(content, tmp_path, RULES.format(kind=kind, text=text, more=more))
    assert "campaign_templates.yaml" in str(refused.value)


def test_an_id_of_the_nation_s_cannot_be_a_province_s_as_well(content: Content, tmp_path: Path) -> None:
    row = RULES.format(kind="customer_care", text="Lớp", more="")
    (tmp_path / HERE).mkdir()
    (tmp_path / HERE / "campaign_templates.yaml").write_text(row)
    with pytest.raises(ContentError, match="đã có"):
        load(content, tmp_path, row)


def test_a_price_that_somebody_entered_is_that_of_its_kind(content: Content, tmp_path: Path) -> None:
    (tmp_path / "national").mkdir()
    text = (CONTENT_ROOT / "national" / "campaign_templates.yaml").read_text()
    entered = text.replace("customer_care: null", "customer_care: 350")
    (tmp_path / "national" / "campaign_templates.yaml").write_text(entered)
    starters = load_starters(tmp_path, content.packs, content.bulk_law)
    assert starters.price(HERE, "customer_care") == 350
    assert starters.price(HERE, "advertising") is None
