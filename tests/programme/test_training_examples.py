"""What is taught goes into a copy of the training data, under its own intent alone; the files stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from programme.taught_phrases import fault_of, in_one_line, key_of
from programme.training_examples import TAUGHT_FILE, Lesson, TrainingExamples

TAX = """version: "3.1"
nlu:
- intent: ask_tax
  examples: |
    - Bán rau có phải nộp thuế không?
    - thuế khoán là gì
- intent: ask_only
  examples: |
    - chỉ có một câu
"""
WORDS = 'version: "3.1"\nnlu:\n- lookup: commune\n  examples: |\n    - Tân Cương\n'
HELD_OUT = "utterances:\n- {text: Thuế đóng ở đâu, intent: ask_tax, style: accented}\n"


@pytest.fixture
def examples(tmp_path: Path) -> TrainingExamples:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tax.yml").write_text(TAX, encoding="utf-8")
    (tmp_path / "data" / "words.yml").write_text(WORDS, encoding="utf-8")
    (tmp_path / "held_out.yml").write_text(HELD_OUT, encoding="utf-8")
    return TrainingExamples(tmp_path / "data", tmp_path / "held_out.yml")


def written(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            name = row.get("intent") or f"lookup {row['lookup']}"
            found.setdefault(name, []).extend(line[2:] for line in row["examples"].splitlines())
    return found


def test_a_taught_phrase_is_taken_out_of_every_other_intent_in_whatever_spelling(
    examples: TrainingExamples, tmp_path: Path
) -> None:
    lessons = [Lesson(1, "ban rau co phai nop thue khong", "ask_market"), Lesson(2, "Chỉ có một câu!", "ask_tax")]
    assert examples.write_with(lessons, tmp_path / "out") == tuple(lessons)
    assert written(tmp_path / "out") == {
        "ask_tax": ["thuế khoán là gì", "Chỉ có một câu!"],
        "ask_market": ["ban rau co phai nop thue khong"],
        "lookup commune": ["Tân Cương"],
    }
    assert (tmp_path / "data" / "tax.yml").read_text(encoding="utf-8") == TAX


def test_what_the_data_says_already_is_not_said_twice(examples: TrainingExamples, tmp_path: Path) -> None:
    examples.write_with([Lesson(1, "thue khoan la gi", "ask_tax")], tmp_path / "out")
    assert written(tmp_path / "out")["ask_tax"] == ["Bán rau có phải nộp thuế không?", "thuế khoán là gì"]
    assert not (tmp_path / "out" / TAUGHT_FILE).exists()
    assert examples.intents_of(key_of("THUẾ KHOÁN LÀ GÌ?")) == {"ask_tax"}
    twice = [Lesson(1, "khoán bỏ chưa", "ask_tax"), Lesson(2, "khoan bo chua?", "ask_tax")]  # of two that came in
    assert examples.write_with(twice, tmp_path / "out") == tuple(twice)
    assert written(tmp_path / "out")["ask_tax"][2:] == ["khoan bo chua?"]


def test_what_measures_the_model_is_never_trained_on(examples: TrainingExamples, tmp_path: Path) -> None:
    assert examples.is_held_out(key_of("thue dong o dau?"))
    assert examples.write_with([Lesson(1, "thuế đóng ở đâu", "ask_only")], tmp_path / "out") == ()
    assert not (tmp_path / "out" / TAUGHT_FILE).exists()


def test_the_projects_own_data_can_be_taught_into_and_agrees_with_itself() -> None:
    examples = TrainingExamples()
    assert {"ask_tax_threshold", "greet", "out_of_scope"} <= examples.intents
    assert len(examples.intents_of(key_of("Nghe nói nâng lên 1 tỷ rồi phải không em"))) == 1


def test_one_phrase_is_one_key_however_it_is_typed() -> None:
    spellings = ("Có phải đóng thuế không?", "co  phai dong thue khong", "CÓ PHẢI ĐÓNG THUẾ, KHÔNG")
    assert len({key_of(one) for one in spellings}) == 1
    assert key_of("có phải đóng thuế") != key_of(spellings[0])
    assert key_of("???") != key_of("!") and len(key_of("")) == 32


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "empty"),
        ("a", "short"),
        ("?!", "short"),
        ("ơ", "short"),
        ("gọi [số] nhé", "masked"),
        ("mã [đã che: mã OTP]", "masked"),
        ("xã [Tân Cương](commune)", "masked"),
        ("giá ${HOME}", "marks"),
        ("giá ]", "marks"),
        ("ă" * 201, "long"),
        ("a " * 41, "long"),
        ("thuế", None),
        ("50$ có phải đóng thuế ko?", None),
    ],
)
def test_what_cannot_be_trained_on_is_named(typed: str, fault: str | None) -> None:
    assert fault_of(typed.strip()) == fault


def test_a_line_break_would_begin_another_example() -> None:
    assert in_one_line(" thuế\n- ask:  gì\u202e ") == "thuế - ask: gì"
