from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlu import rasa_runtime

from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.entities_parser import parse_training_example
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import evaluate
from nlu.components.entity_tagger import LinearEntityTagger, own_annotations
from nlu.components.gazetteer import CommuneGazetteer
from nlu.components.sequence_model import SequenceModel, features_of, states_of, words_of
from nlu.train import train

ROOT = Path(__file__).parents[2]
CONTEXT = ExecutionContext(GraphSchema({}))
CITIES = "hà nội|đà nẵng|huế|cần thơ|phú quốc|đà lạt|thành phố hồ chí minh|vinh|buôn ma thuột|cam ranh".split("|")
DAYS = "thứ hai|thứ ba|thứ tư|thứ sáu|chủ nhật".split("|")


def sentence(r: random.Random, cities: Sequence[str] = CITIES) -> Tuple[str, str]:
    """(intent, text in Rasa's markup); only the words before it say what a city or an hour is."""
    start, end = r.sample(list(cities), 2)
    if r.random() < 0.3:
        return "airfare", f"giá vé từ [{start}](fromloc.city_name) đến [{end}](toloc.city_name) là bao nhiêu"
    text = r.choice(
        [
            f"cho tôi xem chuyến bay từ [{start}](fromloc.city_name) đến [{end}](toloc.city_name)",
            f"tìm chuyến bay đến [{end}](toloc.city_name) từ [{start}](fromloc.city_name)",
            f"tôi muốn rời [{start}](fromloc.city_name) và đến [{end}](toloc.city_name)",
        ]
    )
    if r.random() < 0.5:
        text += f" vào [{r.choice(DAYS)}](day_name)"
    for cue, role in (("khởi hành", "depart_time"), ("hạ cánh", "arrive_time")):
        if r.random() < 0.5:
            text += f" {cue} lúc [{r.randint(1, 12)} giờ {r.choice(['sáng', 'chiều'])}]({role})"
    return "flight", text


def sentences(seed: int, count: int) -> List[Tuple[str, str]]:
    r = random.Random(seed)
    return [sentence(r) for _ in range(count)]


def examples(marked: Sequence[str]) -> List[Tuple[str, List[Dict[str, Any]]]]:
    parsed = [parse_training_example(text) for text in marked]
    return [(message.get(TEXT), message.get(ENTITIES, [])) for message in parsed]


def spans(entities: Sequence[Dict[str, Any]]) -> List[Tuple[str, str]]:
    return [(entity["entity"], entity["value"]) for entity in entities]


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    return SequenceModel.fit(examples([text for _, text in sentences(1, 150)]), 10, 148)


def component(folder: Path) -> LinearEntityTagger:
    config = LinearEntityTagger.get_default_config()
    return LinearEntityTagger.create(config, LocalModelStorage(folder), Resource("tagger"), CONTEXT)


def loaded(folder: Path) -> LinearEntityTagger:
    config = LinearEntityTagger.get_default_config()
    return LinearEntityTagger.load(config, LocalModelStorage(folder), Resource("tagger"), CONTEXT)


def training_data(*marked: str, **lookups: List[str]) -> TrainingData:
    tables = [{"name": name, "elements": elements} for name, elements in lookups.items()]
    return TrainingData([parse_training_example(text, "any") for text in marked], lookup_tables=tables)


def entities_of(tagger: LinearEntityTagger, text: str, *others: Dict[str, Any]) -> List[Dict[str, Any]]:
    message = Message({TEXT: text, ENTITIES: list(others)})
    tagger.process([message])
    return message.get(ENTITIES)


# What is learned


def test_the_context_tells_apart_what_looks_the_same(model: SequenceModel) -> None:
    found = model.entities("tìm giúp tôi chuyến bay từ tuy hòa đến hà nội hạ cánh lúc 7 giờ sáng")
    assert spans(found) == [
        ("fromloc.city_name", "tuy hòa"),
        ("toloc.city_name", "hà nội"),
        ("arrive_time", "7 giờ sáng"),
    ]


def test_a_city_written_without_accents_is_found_as_well(model: SequenceModel) -> None:
    assert spans(model.entities("giá vé từ ha noi đến da nang là bao nhiêu")) == [
        ("fromloc.city_name", "ha noi"),
        ("toloc.city_name", "da nang"),
    ]


def test_a_mark_that_was_never_seen_is_no_part_of_a_name(model: SequenceModel) -> None:
    assert spans(model.entities("(giá vé từ huế, đến vinh?)")) == [
        ("fromloc.city_name", "huế"),
        ("toloc.city_name", "vinh"),
    ]


def test_a_mark_is_part_of_a_name_where_the_data_say_so() -> None:
    marked = ["giảm [50%](share) nhé", "còn [7%](share)?", "giảm [20%](share) không?", "có [5%](share)"]
    assert spans(SequenceModel.fit(examples(marked), 10, 148).entities("giảm 30% không?")) == [("share", "30%")]


def test_a_sentence_without_entities_has_none(model: SequenceModel) -> None:
    assert model.entities("là bao nhiêu") == model.entities(" ") == model.entities("") == []


# Offsets


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("trained_in", ["NFC", "NFD"])
def test_offsets_are_those_of_the_text_as_it_came(form: str, trained_in: str) -> None:
    marked = [unicodedata.normalize(trained_in, text) for _, text in sentences(2, 80)]
    tagger = SequenceModel.fit(examples(marked), 5, 148)
    text = unicodedata.normalize(form, "Giá vé từ Đà Nẵng đến Huế?")
    found = tagger.entities(text)
    assert [(e["entity"], unicodedata.normalize("NFC", text[e["start"] : e["end"]])) for e in found] == [
        ("fromloc.city_name", "Đà Nẵng"),
        ("toloc.city_name", "Huế"),
    ]
    assert all(e["value"] == text[e["start"] : e["end"]] for e in found)


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("aưdđe ̣́̂̉x.가\u200b")), max_size=30))
@example("a\u0301 \u05d0\u05b4\u05d1")  # a mark outside the Latin ones shares its letter's origin
def test_words_are_pieces_of_the_text_in_order(text: str) -> None:
    words = words_of(text)
    assert all(word.start < word.end for word in words)
    assert all(unicodedata.normalize("NFC", text[word.start : word.end]).startswith(word.text) for word in words)
    assert all(first.end <= second.start for first, second in itertools.pairwise(words))
    assert len(features_of([word.text for word in words])) == len(words)


def test_a_border_inside_a_word_moves_to_the_word_s_border() -> None:
    words = words_of("lúc 7h30 sáng mai")
    cut = [{"entity": "hour", "start": 4, "end": 5}, {"entity": "part", "start": 6, "end": 12}]
    # "7h30" is claimed twice and stays with the first; the second begins at the next word.
    assert list(states_of(words, cut, ["hour", "part"])) == [0, 1, 2, 6]


# The best sequence


def legal(states: Sequence[int], n: int) -> bool:
    """Whether every "goes on" follows its type, and "outside" remembers the type that came last."""
    last = 0
    for i, state in enumerate(states):
        kind, which = ((state - 1) // n, (state - 1) % n + 1) if state else (2, 0)
        if kind == 1 and (i == 0 or not states[i - 1] or states[i - 1] > 2 * n or which != last):
            return False
        if kind == 2 and which != last:
            return False
        last = which
    return True


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 2), st.integers(1, 4))
def test_the_sequence_found_is_the_best_of_all_legal_ones(seed: int, n: int, length: int) -> None:
    numbers = np.random.RandomState(seed)
    weights = numbers.normal(size=(length + 1, 2 * n + 1))
    transitions = numbers.normal(size=(3 * n + 1, 3 * n + 1))
    transitions[0, 0] = 0
    tagger = SequenceModel([f"t{i}" for i in range(n)], map(str, range(length)), weights, transitions)

    def score(states: Sequence[int]) -> float:
        emitted = sum(weights[i, state if state <= 2 * n else 0] for i, state in enumerate(states, start=1))
        return emitted + sum(transitions[to, from_] for from_, to in itertools.pairwise(states))

    found = tagger._best(np.arange(1, length + 1)[:, None])
    every = itertools.product(range(3 * n + 1), repeat=length)
    best = max((states for states in every if legal(states, n)), key=score)
    assert legal(list(found), n)
    assert score(list(found)) == pytest.approx(score(best), abs=1e-4)


# Stored and made again


def test_a_stored_model_finds_the_same(model: SequenceModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = SequenceModel.load(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".npz"}
    assert np.array_equal(again.weights, model.weights) and np.array_equal(again.transitions, model.transitions)
    for text, _ in examples([text for _, text in sentences(3, 40)]):
        assert again.entities(text) == model.entities(text)


def test_the_same_data_give_the_same_model_in_every_process() -> None:
    code = (
        "import hashlib, json, sys\n"
        "from nlu.components.sequence_model import SequenceModel\n"
        "model = SequenceModel.fit(json.load(sys.stdin), 4, 148)\n"
        "print(hashlib.sha256(repr([list(model.rows), model.weights.tolist()]).encode()).hexdigest())\n"
    )
    data = json.dumps(examples([text for _, text in sentences(4, 30)]))
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            input=data,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1


# The component


def test_data_without_annotations_store_nothing_and_find_nothing(tmp_path: Path) -> None:
    tagger = component(tmp_path)
    tagger.train(training_data("bay từ hà nội đến huế", "xin chào"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    message = Message({TEXT: "bay từ hà nội"})
    assert loaded(tmp_path).process([message]) == [message]
    assert message.get(ENTITIES) is None


def test_a_broken_file_is_not_taken_for_nothing_stored(tmp_path: Path) -> None:
    component(tmp_path).train(training_data("bay từ [hà nội](city)"))
    (names,) = tmp_path.rglob("names.json")
    names.write_text("{")
    with pytest.raises(ValueError):
        loaded(tmp_path)


def test_the_component_is_the_same_after_it_was_stored_and_loaded(tmp_path: Path) -> None:
    tagger = component(tmp_path)
    tagger.train(training_data(*(text for _, text in sentences(5, 60))))
    text = "giá vé từ huế đến vinh là bao nhiêu"
    assert entities_of(loaded(tmp_path), text) == entities_of(tagger, text)
    assert entities_of(tagger, text)[0] == {
        "entity": "fromloc.city_name",
        "value": "huế",
        "start": 10,
        "end": 13,
        "extractor": "LinearEntityTagger",
    }


def test_what_the_gazetteer_marks_is_not_learned_again(tmp_path: Path) -> None:
    data = training_data(
        "ở [xã Tân Cương](commune) lúc [7 giờ](hour)",
        "ở [xã Lạ](commune) lúc [8 giờ](hour)",
        "ở xã [Tân Cương](name)",
        commune=["Xã Tân Cương"],
    )
    gazetteer = CommuneGazetteer.create({}, LocalModelStorage(tmp_path), Resource("gazetteer"), CONTEXT)
    gazetteer.train(data)
    learned = own_annotations(gazetteer.process_training_data(data))
    assert [spans(entities) for _, entities in learned] == [[("hour", "7 giờ")], [("hour", "8 giờ")], []]


def test_where_two_extractors_claim_a_place_the_first_one_wins(tmp_path: Path) -> None:
    tagger = component(tmp_path)
    tagger.train(training_data(*(text for _, text in sentences(5, 60))))
    text = "giá vé từ huế đến vinh là bao nhiêu"
    place = {"entity": "commune", "value": "Huế", "start": 7, "end": 13, "extractor": "CommuneGazetteer"}
    assert spans(entities_of(tagger, text, place)) == [("commune", "Huế"), ("toloc.city_name", "vinh")]


def written(path: Path, rows: Sequence[Tuple[str, str]]) -> Path:
    intents = sorted({intent for intent, _ in rows})
    parts = [
        f"- intent: {name}\n  examples: |\n" + "".join(f"    - {text}\n" for intent, text in rows if intent == name)
        for name in intents
    ]
    path.write_text('version: "3.1"\nnlu:\n' + "".join(parts), encoding="utf-8")
    return path


def test_foreign_data_are_learned_by_the_pipeline_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `hotline nlu train` and `hotline nlu evaluate` run; sentences of the held-out part are never trained on."""
    monkeypatch.chdir(ROOT)
    rasa_runtime.quiet()
    seen = sentences(6, 300)
    unseen = [row for row in dict.fromkeys(sentences(7, 120)) if row not in seen]
    model = train(Path("config.yml"), None, [written(tmp_path / "seen.yml", seen)], tmp_path / "nlu.tar.gz")
    capsys.readouterr()  # Rasa says where the model is
    evaluate.main(["--model", str(model), "--data", str(written(tmp_path / "unseen.yml", unseen))])
    figures = json.loads(capsys.readouterr().out)
    assert len(unseen) > 50
    assert figures["entity_f1"] > 0.9
    assert figures["accuracy"] > 0.9
