"""What a shop sells, from its owner's words: the right group, the groups to ask between, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from programme.content import CONTENT_ROOT, Content
from programme.survey.trades import OUT_OF_SCOPE, load_trades
from programme.yaml_source import ContentError

FILE = CONTENT_ROOT / "national" / "trade_groups.yaml"

SAID = {
    "tap_hoa": "tạp hóa|tap hoa|bán tạp hoá nhỏ|TẠP HÓA|bách hóa|bán đủ thứ|hàng xén|em bán tạp hóa ở chợ",
    "sieu_thi_mini": "siêu thị mini|cua hang tien loi",
    "gao": "gạo|dai ly gao|cửa hàng tôi bán gạo|bán gạo quê",
    "thit": "thịt lợn|thit bo|gà vịt|bán gà|hàng thịt|giò chả",
    "thuy_san": "cá|ban ca|tôm cua|hải sản|đồ biển",
    "rau_qua": "bán rau ở chợ|ban rau|rau củ quả|hoa quả|trái cây|bán vải thiều|chị bán rau",
    "banh_keo_sua": "bánh kẹo|banh mi|sữa|kem que",
    "che": "chè khô|bán chè|che thai nguyen|chè Tân Cương|trà",
    "thuc_pham_khac": "nước mắm|trứng|trứng gà|trung ga|mật ong|đậu phụ|dầu ăn",
    "ocop_dac_san": "đặc sản|đặc sản ocop|miến dong",
    "do_uong": "bia rượu|ruou bia nuoc ngot|đại lý bia",
    "xang_dau": "xăng dầu|cay xang",
    "gas_than": "bình ga|ban gas|bếp ga|than củi",
    "dien_thoai": "điện thoại|sim thẻ|laptop",
    "vlxd": "xi măng|sat thep|gạch|bán sơn",
    "dien_gia_dung": "tivi tủ lạnh|nồi cơm điện|điện máy",
    "quan_ao": "quần áo|quan ao tre em|shop thời trang",
    "giay_tui": "giày dép|giay dep|túi xách|balo",
    "my_pham": "mỹ phẩm|my pham|son phấn|son môi|dầu gội|kem đánh răng",
    "me_be": "mẹ và bé|bỉm sữa|do so sinh",
    "thuoc_tay": "thuốc tây|nha thuoc|hiệu thuốc",
    "thuoc_nam": "thuốc nam|thuốc bắc|dong y",
    "hoa_cay_canh": "hoa tươi|cây cảnh|ca canh|cá cảnh",
    "vang_bac": "tiệm vàng|vàng bạc",
    "do_tho": "vàng mã|hàng mã|hang ma|hương nhang",
    "xe_may": "xe máy|phu tung xe may|mũ bảo hiểm",
    "vat_tu_nong_nghiep": "phân bón|thuoc sau|hạt giống",
    "thuc_an_chan_nuoi": "cám gà|cám lợn|thuốc thú y",
    "phe_lieu": "phế liệu|dong nat",
    "an_uong": "bán phở|quan an|cà phê|trà đá",
    "sua_chua": "sửa xe|sửa xe máy|sua dien thoai",
    "lam_dep": "cắt tóc|goi dau",
    "khac": "khác|mặt hàng khác",
}
SEVERAL = {
    "ga": ["thit", "gas_than", "vai_chan_man"],
    "ban ga": ["thit", "gas_than", "vai_chan_man"],
    "bán ga": ["thit", "gas_than", "vai_chan_man"],
    "vải": ["rau_qua", "vai_chan_man"],
    "vai": ["rau_qua", "vai_chan_man"],
    "ban son": ["vlxd", "my_pham"],
    "nem chua": ["thuc_pham_khac", "ocop_dac_san"],
    "hoa": ["hoa_cay_canh", "rau_qua"],
    "bán cá và rau": ["thuy_san", "rau_qua"],
    "thịt cá rau": ["thit", "thuy_san", "rau_qua"],
    "tạp hóa, gas": ["tap_hoa", "gas_than"],
    "quần áo giày dép": ["quan_ao", "giay_tui"],
}
NOTHING = """xin chào|không biết|bao giờ xong|QR là gì|em bán online|bán hàng|tôi bán ở chợ Thái|của tôi|cửa hàng tôi|
    đường Lương Ngọc Quyến|bán năm nay|quán|ví dụ|chị|tôi|bỏ qua|dừng|3|0912345678||?|👍|chó mèo|để tôi xem|đúng rồi"""


@pytest.mark.parametrize(
    ("trade", "text"), [(trade, text) for trade, texts in SAID.items() for text in texts.split("|")]
)
def test_an_owners_words_name_one_trade(content: Content, trade: str, text: str) -> None:
    assert [one.id for one in content.trades.find(text)] == [trade]


@pytest.mark.parametrize(("text", "trades"), SEVERAL.items())
def test_what_may_be_several_trades_is_asked_about(content: Content, text: str, trades: list[str]) -> None:
    assert sorted(one.id for one in content.trades.find(text)) == sorted(trades)


@pytest.mark.parametrize("text", [text.strip() for text in NOTHING.split("|")])
def test_what_names_no_goods_is_no_trade(content: Content, text: str) -> None:
    assert content.trades.find(text) == []


def test_every_trade_is_found_by_its_button(content: Content) -> None:
    for trade in content.trades.trades.values():
        for text in (trade.button.vi, trade.button.vi.upper()):
            assert trade in content.trades.find(text)


def test_a_name_inside_a_longer_one_is_not_meant(content: Content) -> None:
    """A shop for "cám gà" sells no chicken, and one for "trứng gà" neither."""
    for text in ("cám gà", "trứng gà", "cam ga", "trung ga"):
        assert "thit" not in [trade.id for trade in content.trades.find(text)]


def test_what_the_programme_is_not_for_says_so(content: Content) -> None:
    outside = content.trades.of_report_group(OUT_OF_SCOPE)
    assert {"an_uong", "sua_chua", "lam_dep"} <= {trade.id for trade in outside}
    assert all(trade.say and trade.say.vi and trade.say.en for trade in outside)
    counted = [trade for group in content.trades.report_groups for trade in content.trades.of_report_group(group.id)]
    assert len(counted) + len(outside) == len(content.trades.trades)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda file: file["groups"][0].update(report_group="rac"), 'không có report_group "rac"'),
        (lambda file: file["ambiguous"][0].update(groups=["thit", "rac"]), "nhóm không có trong danh sách"),
    ],
)
def test_a_file_with_an_unknown_group_is_refused(tmp_path: Path, change: object, problem: str) -> None:
    file = yaml.safe_load(FILE.read_text("utf-8"))
    change(file)  # type: ignore[operator]
    wrong = tmp_path / "trade_groups.yaml"
    wrong.write_text(yaml.safe_dump(file, allow_unicode=True), "utf-8")
    with pytest.raises(ContentError, match=problem):
        load_trades(wrong)


def test_a_long_text_is_looked_through(content: Content) -> None:
    found = content.trades.find("chúng tôi " * 500 + "bán gạo")
    assert [trade.id for trade in found] == ["gao"]
