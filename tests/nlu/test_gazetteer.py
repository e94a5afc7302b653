"""The gazetteer finds place names however they are typed, and leaves everyday words alone."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Any, Dict, List

from nlu import rasa_runtime  # noqa: F401  (before rasa)

import pytest
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.commune_finder import CommuneFinder
from nlu.components.gazetteer import CommuneGazetteer, tables_of
from nlu.components.sentence import key_of
from nlu.components.text import compose, fold, is_syllable

# Rasa's YAML validation uses what Python 3.12 will no longer have.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROOT = Path(__file__).resolve().parents[2]
EVERYDAY_WORDS = ROOT / "nlu/data/everyday_words.yml"
THAI_NGUYEN = yaml.safe_load((ROOT / "content/thai-nguyen/communes.yaml").read_text(encoding="utf-8"))
THANH_HOA = yaml.safe_load((ROOT / "content/thanh-hoa/communes.yaml").read_text(encoding="utf-8"))
PROVINCES = ["Thái Nguyên", "Bắc Kạn", "Thanh Hóa", "Hòa Bình", "Quảng Ninh", "Quảng Bình", "Bình Thuận", "Phú Thọ"]
CURRENT = [row["name"] for row in THAI_NGUYEN["communes"]]


def full_names() -> List[str]:
    names = {row["name"] for row in (*THAI_NGUYEN["communes"], *THANH_HOA["communes"], *THAI_NGUYEN["districts"])}
    return sorted(names | {unit for row in THAI_NGUYEN["communes"] for unit in row["old_units"]})


def training_data() -> TrainingData:
    lookups = [{"name": "commune", "elements": full_names()}, {"name": "province", "elements": PROVINCES}]
    return load_data(str(EVERYDAY_WORDS)).merge(TrainingData(lookup_tables=lookups))


FINDER = CommuneFinder(**tables_of(training_data()))


def mentions(text: str) -> List[str]:
    return [found.value for found in FINDER.find(text)]


def surfaces(text: str) -> List[str]:
    return [text[found.start : found.end] for found in FINDER.find(text)]


def name_of(full_name: str) -> str:
    return full_name.partition(" ")[2]


def spellings_with_key(full_name: str) -> List[str]:
    key = key_of(name_of(full_name))
    names = {name for _, name in map(split_unit, full_names()) if key_of(name) == key}
    return sorted(names)


def split_unit(full_name: str) -> List[str]:
    for unit in ("Thị trấn ", "Thành phố ", "Xã ", "Phường ", "Huyện "):
        if full_name.startswith(unit):
            return [unit.strip(), full_name[len(unit) :]]
    raise AssertionError(full_name)


KEYS = {key_of(split_unit(full_name)[1]) for full_name in full_names()}


def value_without_accents(full_name: str) -> str:
    """The one spelling of a key, or the key itself."""
    spellings = spellings_with_key(full_name)
    return spellings[0] if len(spellings) == 1 else key_of(name_of(full_name))


# Every commune of Thái Nguyên, in every way of typing


@pytest.mark.parametrize("full_name", CURRENT)
def test_a_full_name_is_found_with_its_unit(full_name: str) -> None:
    text = f"Cho tôi hỏi {full_name.lower()} thì bên nào hỗ trợ?"
    (found,) = FINDER.find(text)
    assert text[found.start : found.end] == full_name.lower()
    assert (found.value, found.confidence) == (name_of(full_name), 1.0)


@pytest.mark.parametrize("full_name", CURRENT)
@pytest.mark.parametrize("write", [str, str.lower, str.upper])
def test_capitals_do_not_matter(full_name: str, write: Any) -> None:
    assert mentions(write(full_name)) == [name_of(full_name)]


@pytest.mark.parametrize("full_name", CURRENT)
def test_a_name_without_accents_has_its_accents_back_unless_two_names_share_it(full_name: str) -> None:
    text = f"nha toi o {fold(full_name).lower()} ban tap hoa"
    (found,) = FINDER.find(text)
    assert text[found.start : found.end] == fold(full_name).lower()
    wanted = value_without_accents(full_name)
    assert found.value in (wanted, name_of(full_name))
    if len(spellings_with_key(full_name)) == 1:
        assert found.value == name_of(full_name)


@pytest.mark.parametrize("full_name", CURRENT)
@pytest.mark.parametrize("pattern", ["{}. {}", "{}.{}", "{} {}"])
def test_an_abbreviated_unit_belongs_to_the_mention(full_name: str, pattern: str) -> None:
    short = {"Xã": "x", "Phường": "p"}[full_name.split(" ")[0]]
    written = pattern.format(short, name_of(full_name).lower())
    text = f"em ở {written} ạ"
    assert surfaces(text) == [written]
    assert mentions(text) == [name_of(full_name)]


@pytest.mark.parametrize("full_name", CURRENT)
def test_a_name_alone_is_found_behind_a_preposition_and_as_the_whole_message(full_name: str) -> None:
    name = name_of(full_name).lower()
    assert mentions(f"em ở {name} thì bên nào hỗ trợ") == [name_of(full_name)]
    assert mentions(f"dạ {name} ạ") == [name_of(full_name)]
    assert mentions(f"o {fold(name)}") == [value_without_accents(full_name)]


@pytest.mark.parametrize("full_name", CURRENT)
def test_offsets_refer_to_the_text_as_given_when_accents_come_apart(full_name: str) -> None:
    given = unicodedata.normalize("NFD", f"Quán ở {full_name} ạ")
    (found,) = FINDER.find(given)
    assert unicodedata.normalize("NFC", given[found.start : found.end]) == full_name
    assert found.value == name_of(full_name)


def typos_of(full_name: str, count: int) -> List[str]:
    """Names with one letter inserted, deleted, replaced or swapped that are no other known name; a seeded sample."""
    random_ = random.Random(full_name)
    unit, name = split_unit(full_name)
    typos: List[str] = []
    while len(typos) < count:
        at, letter = random_.randrange(len(name)), random_.choice("abcdeghiklmnopqrstuvxyăâêôơư")
        before, here, after = name[:at], name[at], name[at + 1 :]
        typo = random_.choice(
            [
                before + letter + here + after,
                before + after,
                before + letter + after,
                before + after[:1] + here + after[1:],
            ]
        )
        if " " not in (here, *after[:1]) and key_of(typo) not in KEYS:
            typos.append(f"{unit} {typo}")
    return typos


@pytest.mark.parametrize("full_name", CURRENT)
def test_a_typo_behind_the_unit_leads_to_the_name_or_to_a_question_with_it(full_name: str) -> None:
    for typo in typos_of(full_name, 12):
        for found in FINDER.find(typo):
            names = found.value.split(" / ")
            assert name_of(full_name) in names or value_without_accents(full_name) in names, (typo, names)


def test_nearly_every_typo_behind_a_unit_is_corrected() -> None:
    typos = [typo for full_name in CURRENT for typo in typos_of(full_name, 12)]
    missed = [typo for typo in typos if not FINDER.find(typo)]
    assert len(missed) <= len(typos) / 200, missed  # the rest are everyday words: "Xã Thanh ai"


# Ways of typing


@pytest.mark.parametrize(
    ("text", "surface", "value"),
    [
        ("p.bắc kạn", "p.bắc kạn", "Bắc Kạn"),
        ("xa.tan cuong", "xa.tan cuong", "Tân Cương"),
        ("nha o p bac kan", "p bac kan", "Bắc Kạn"),
        ("phường  Phan   Đình Phùng", "phường  Phan   Đình Phùng", "Phan Đình Phùng"),
        ("(Phan-Dinh-Phung)", "Phan-Dinh-Phung", "Phan Đình Phùng"),
        ("xã: Phú Thịnh.", "xã: Phú Thịnh", "Phú Thịnh"),
        ("xã “Tân Cương”", "xã “Tân Cương", "Tân Cương"),
        ("xã hoà bình", "xã hoà bình", "Hòa Bình"),
        ("xã Điềm Thuỵ", "xã Điềm Thuỵ", "Điềm Thụy"),
        ("o tt Dinh Ca ngay truoc", "tt Dinh Ca", "Đình Cả"),
        ("tp. Thái Nguyên", "tp. Thái Nguyên", "Thái Nguyên"),
        ("h phu binh", "h phu binh", "Phú Bình"),
        ("tx phổ yên", "tx phổ yên", "Phổ Yên"),
        ("thi xa pho yen", "thi xa pho yen", "Phổ Yên"),
        ("the thi xa tan cuong sao", "xa tan cuong", "Tân Cương"),
        ("phuong tien phong", "phuong tien phong", "Tiên Phong"),
        ("thị trấn Đu", "thị trấn Đu", "Đu"),
        ("xã/phường Tân Thành", "xã/phường Tân Thành", "Tân Thành"),
        ("xãTân Cương", "xãTân Cương", "Tân Cương"),
        ("em ở tâncương", "tâncương", "Tân Cương"),
        ("P hường Sông Công", "Sông Công", "Sông Công"),
    ],
)
def test_units_and_separators_are_read_as_people_type_them(text: str, surface: str, value: str) -> None:
    assert (surfaces(text), mentions(text)) == ([surface], [value])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Diềm Thụy", "Điềm Thụy"),
        ("ai phụ trách Phú Thông", "Phủ Thông"),
        ("xã Thân Sa", "Thần Sa"),
        ("tôi ở tân cươmg", "Tân Cương"),
        ("tan cuogn ben nao", "Tân Cương"),
        ("nhà mih ở Võ Nhaii", "Võ Nhai"),
        ("mình o la hien", "La Hiên"),
        ("xã trại cua", "Trại Cau"),
        ("xã phú lưng", "Phú Lương"),
    ],
)
def test_misprints_and_typos_are_corrected(text: str, value: str) -> None:
    assert mentions(text) == [value]


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("văn lang", "Văn Lang"),
        ("van lăng", "Văn Lăng"),
        ("van lang", "van lang"),
        ("xã văn lăng", "Văn Lăng"),
        ("xa van lang", "van lang"),
        ("thị trấn yen lac", "Yến Lạc"),
        ("xa yen lac", "Yên Lạc"),
        ("yen lac", "yen lac"),
    ],
)
def test_the_value_has_accents_only_if_one_spelling_is_left(typed: str, value: str) -> None:
    assert mentions(typed) == [value]


def test_a_typo_between_two_names_keeps_both() -> None:
    (found,) = FINDER.find("xã phú xình")
    assert found.value.split(" / ") == ["Phú Bình", "Phú Đình"]
    assert found.confidence == 0.5


def test_a_missing_accent_that_could_be_a_letter_too_many_keeps_both() -> None:
    (found,) = FINDER.find("Xã Tan Khánh")
    assert set(found.value.split(" / ")) == {"Tân Khánh", "An Khánh"}


def test_several_mentions_come_in_order_and_the_longest_name_wins() -> None:
    assert surfaces("nhà bác ở xã phủ thông bạch thông bắc kạn cũ ấy") == ["xã phủ thông", "bạch thông"]
    assert mentions("toi o thi tran hung son dai tu cu") == ["Hùng Sơn", "Đại Từ"]
    assert mentions("phường Nguyễn Thị Minh Khai") == ["Nguyễn Thị Minh Khai"]


def test_a_city_named_like_its_province_needs_its_unit() -> None:
    assert mentions("tôi ở Thái Nguyên") == mentions("tỉnh Thái Nguyên") == mentions("tinh thai nguyen") == []
    assert mentions("thành phố Thái Nguyên") == ["Thái Nguyên"]
    assert mentions("tỉnh Bắc Kạn cũ") == mentions("trên Bắc Kạn cũ ấy") == []
    assert mentions("tôi ở Bắc Kạn") == ["Bắc Kạn"]
    assert mentions("em người Quảng Ninh") == []
    assert mentions("xã Quảng Ninh") == ["Quảng Ninh"]


def test_an_everyday_word_is_a_place_when_something_says_so() -> None:
    for text in (
        "xã thành công",
        "x. thanh cong",
        "em ở thành công",
        "o thanh cong",
        "Thành Công",
        "Cửa hàng em tại Thành Công",
        "Bên nào phụ trách Thành Công?",
        "xã mình là thành công",
        "thành công, phổ yên",
    ):
        assert mentions(text)[:1] == ["Thành Công"], text


def test_a_street_a_product_or_a_person_is_not_a_place() -> None:
    assert mentions("Cửa hàng ở số 5 đường Phan Đình Phùng") == []
    assert mentions("tôi bán chè Tân Cương ở Phổ Yên") == ["Phổ Yên"]
    assert mentions("Tôi là Nguyễn Văn Hán") == []
    assert mentions("gặp anh Thành Công kỹ thuật") == []


# Sentences of shop owners in which no commune is named
NO_PLACE = """
chúc em thành công nhé
Chúc Thành Công
em cài đặt thành công rồi
da tai thanh cong ung dung
khảo sát hoàn thành chưa em
như vậy không công bằng với hộ nhỏ
không công ty nào đến cả
cho mọi người hỏi với
cho moi nguoi hoi phan mem nay mien phi khong
cho đơn hàng này thì xuất thế nào
cho don vi nao lien he toi voi
làm thế nào cho ra hóa đơn
phan mem xuat hoa don dien tu the nao
tôi muốn xuất hóa đơn điện tử
con minh thi sao
còn mình thì chưa đăng ký
toi van phai dong thue khoan a
lúc ba giờ chiều có ai ở đó không
luc ba gio chieu goi lai cho chi
phương tiện thanh toán nào được dùng
khach tra bang thanh toan qr
trả bằng thanh toán qr được không
phuong thuc thanh toan nao re
gia sang nam co tang khong
giá sáng nay bao nhiêu
buon ban thi nen dung phan mem nao
ban ngoai cho co can ma qr khong
bán đất có phải đóng thuế không
minh lap ho kinh doanh o dau
mình lập hộ kinh doanh được hai năm rồi
phải đóng tháng bao nhiêu tiền
200 nghin dong thang nao cung dong
nhu co ai goi cho toi hom qua
dòng tiền của quán yếu lắm
dong tien cua quan yeu lam
khách hàng trung thành thì giảm giá được không
tính giá thế nào cho đúng
tinh gia the nao cho dung
quần áo đồng phục bán chạy
dong phuc hoc sinh ban chay
hàng xóm bảo là hiện nay miễn phí
la hien nay con mien phi khong
tăng cường quảng cáo trên mạng
tinh thần sa sút quá em ạ
liên minh hợp tác xã có giúp không
hợp tác xã thành công lắm
xã mình thành xã nông thôn mới rồi
toàn tỉnh mấy xã mấy phường tham gia
xã nào cũng có tổ công nghệ số cộng đồng
xã tôi ai phụ trách
các xã, phường. Các sở, ban ngành
trình báo công an xã/phường và nhắn 156
đồng ý
trái cây
phụ kiện
cảm ơn em, bình yên nhé
gui cho chu cai ma qr
nghe nói có động đất
thuế với má, nhà bác đủ rồi
hả cháu, làm lại được không
tỉnh mình có mấy xã với mấy phường hả cháu
phần mềm này do xã giao à em
""".strip().splitlines()


@pytest.mark.parametrize("text", NO_PLACE)
def test_everyday_sentences_name_no_place(text: str) -> None:
    assert FINDER.find(text) == []


def test_there_are_enough_everyday_sentences_to_mean_something() -> None:
    assert len(NO_PLACE) >= 40


# Text folding


def test_folding_keeps_every_character_in_its_place() -> None:
    text = "Điềm Thụy, ĐẠI TỪ: hoà, 가 và 5 €"
    assert fold(text) == "Diem Thuy, DAI TU: hoa, 가 va 5 €"
    assert len(fold(text)) == len(text)


def test_composed_characters_know_where_they_came_from() -> None:
    given = unicodedata.normalize("NFD", "xã Phủ")
    composed = compose(given)
    assert composed.text == "xã Phủ"
    assert [given[a:b] for a, b in pairwise(composed.starts)] == [
        "x",
        "a\u0303",
        " ",
        "P",
        "h",
        "u\u0309",
    ]


def test_a_typo_is_often_no_syllable() -> None:
    assert all(map(is_syllable, ["cuong", "nghieng", "qua", "gi", "khuyu", "yen"]))
    assert not any(map(is_syllable, ["cuomg", "cuogn", "tqn", "nh", "ngiii"]))


# The component


def component(folder: Path) -> CommuneGazetteer:
    storage = LocalModelStorage(folder)
    return CommuneGazetteer.create({}, storage, Resource("gazetteer"), ExecutionContext(GraphSchema({})))


def entities_of(gazetteer: CommuneGazetteer, text: str, *others: Dict[str, Any]) -> List[Dict[str, Any]]:
    message = Message({TEXT: text, ENTITIES: list(others)})
    gazetteer.process([message])
    return message.get(ENTITIES)


def test_the_component_adds_an_entity_per_mention_behind_those_of_others(tmp_path: Path) -> None:
    gazetteer = component(tmp_path)
    gazetteer.train(training_data())
    other = {"entity": "phone", "value": "0912", "start": 0, "end": 4}
    assert entities_of(gazetteer, "ở xã tân cươmg", other) == [
        other,
        {
            "entity": "commune",
            "value": "Tân Cương",
            "start": 2,
            "end": 14,
            "extractor": "CommuneGazetteer",
            "confidence": 0.8,
        },
    ]


def test_training_examples_carry_the_mentions_too(tmp_path: Path) -> None:
    gazetteer = component(tmp_path)
    gazetteer.train(training_data())
    examples = TrainingData([Message({TEXT: "nhà em ở Đại Từ"})])
    (example,) = gazetteer.process_training_data(examples).training_examples
    assert [entity["value"] for entity in example.get(ENTITIES)] == ["Đại Từ"]


def test_the_component_is_the_same_after_it_was_stored_and_loaded(tmp_path: Path) -> None:
    trained = component(tmp_path)
    trained.train(training_data())
    assert not list(tmp_path.rglob("*.pkl")) and list(tmp_path.rglob("*.json"))
    loaded = CommuneGazetteer.load(
        {}, LocalModelStorage(tmp_path), Resource("gazetteer"), ExecutionContext(GraphSchema({}))
    )
    for text in ("van lang", "chúc thành công", "xã phú xình", "tỉnh Thái Nguyên"):
        assert entities_of(loaded, text) == entities_of(trained, text)


def test_a_lookup_table_may_be_a_file(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Xã Tân Cương\n\nXã Phú Đình\n", encoding="utf-8")
    data = TrainingData(lookup_tables=[{"name": "commune", "elements": str(names)}])
    assert tables_of(data)["communes"] == ["Xã Phú Đình", "Xã Tân Cương"]


def test_without_a_table_of_communes_nothing_is_found_and_nothing_fails(tmp_path: Path) -> None:
    gazetteer = component(tmp_path)
    gazetteer.train(TrainingData())
    assert entities_of(gazetteer, "xã Tân Cương") == []


def test_every_word_list_has_entries_and_none_twice() -> None:
    tables = load_data(str(EVERYDAY_WORDS)).lookup_tables
    assert {table["name"] for table in tables} == {"everyday_word", "before_other_name"}
    for table in tables:
        assert len(table["elements"]) == len(set(table["elements"])) > 10


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("thành công ai hỗ trợ", "Thành Công"),
        ("la hiên bên nào phụ trách", "La Hiên"),
        ("em ơi gia sàng thì công ty nào", "Gia Sàng"),
        ("gia sang thi ai giup", "Gia Sàng"),
    ],
)
def test_an_everyday_name_in_front_of_the_question_who_helps_is_a_place(text: str, place: str) -> None:
    assert mentions(text) == [place]


@pytest.mark.parametrize("text", ["bán hàng thành công thì ai chẳng muốn", "chúc thành công ai cũng vui"])
def test_the_same_words_elsewhere_in_a_sentence_are_not(text: str) -> None:
    assert mentions(text) == []


@pytest.mark.parametrize("text", ["tt chợ mới ai hỗ trợ", "tt cho moi ben nao ho tro", "tt đu ai hỗ trợ", "ở tt đu"])
def test_tt_is_a_unit_before_a_place_that_is_asked_about(text: str) -> None:
    (surface,) = surfaces(text)
    assert surface.startswith("tt ")


@pytest.mark.parametrize("text", ["tt cho moi nguoi", "tt du lịch ai hỗ trợ", "tt cho moi don hang the nao"])
def test_tt_is_also_thanh_toan(text: str) -> None:
    assert mentions(text) == []


@pytest.mark.parametrize("text", ["đại phúc và quyết thắng", "đại phúc quyết thắng ai hỗ trợ"])
def test_an_everyday_word_beside_a_place_is_one_too(text: str) -> None:
    assert mentions(text) == ["Đại Phúc", "Quyết Thắng"]


def test_an_everyday_word_behind_a_place_is_none_when_the_sentence_goes_on() -> None:
    assert mentions("đại phúc và quyết thắng lợi") == ["Đại Phúc"]


@pytest.mark.parametrize(("text", "name"), [("đồng hỉ", "Đồng Hỷ"), ("dong hi", "Đồng Hỷ"), ("xã lam vĩ", "Lam Vỹ")])
def test_i_stands_for_y_at_the_end_of_a_syllable(text: str, name: str) -> None:
    assert [(found.value, found.confidence) for found in FINDER.find(text)] == [(name, 1.0)]
