"""The pages of teaching: the list, a phrase, who disagrees, models and trainings."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from bot import reviews
from console.context import ConsoleContext
from console.roles import Role
from programme import teaching, trained_models, training_jobs
from programme.personal_fields import PERSONAL
from programme.taught_phrases import key_of
from store.console_tables import audit_log
from store.messages import Reply
from store.tables import conversation, inbound, outbound, review
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.owners import Street

SAID = "Thuế khoán bỏ hay chưa"
KEY = key_of(SAID)
ADDRESS = f"/console/teaching/{KEY}"
RANKING = [{"name": "ask_tax_threshold", "confidence": 0.41}, {"name": "ask_class", "confidence": 0.2}]


def asked(street: Street, said: str = SAID, kind: str = "not_understood", commune: str | None = None) -> str:
    """An owner whose question is on the list, with what the bot answered."""
    here, context = street.owner(said, waits=False), street.context

    def work(c: Connection) -> None:
        row = c.execute(select(inbound).filter_by(conversation_id=here)).mappings().one()
        state = {"slots": {"commune_code": commune}} if commune else None
        answer = Reply("Dạ em chưa hiểu ạ.", entry="not_understood").as_json()
        now = context.clock.now()
        said_back = {"conversation_id": here, "seq": 2, "in_reply_to": row["id"], "sender": "bot", "reply": answer}
        c.execute(outbound.insert().values(**said_back, created_at=now))
        c.execute(update(conversation).filter_by(id=here).values(last_seq=2))
        reviews.write(c, row["id"], said, kind, now, RANKING, state, "not_understood")

    context.database.run_now(work)
    return here


def stands(context: ConsoleContext, key: str = KEY) -> list[tuple[str, str | None, str]]:
    said = context.database.read_now(lambda c: teaching.history(c, key))
    return [(one.officer, one.intent, one.state) for one in reversed(said)]


def logged(context: ConsoleContext) -> list[str]:
    rows = select(audit_log.c.action).where(audit_log.c.action.not_like("%viewed")).order_by(audit_log.c.id)
    return list(context.database.read_now(lambda c: c.scalars(rows).all()))


async def teach(browser: Browser, intent: str = "intent:ask_tax_threshold", phrase: str = SAID, **more: Any) -> Any:
    return await browser.post(f"{ADDRESS}/annotate", {"meaning": intent, "phrase": phrase, **more})


async def test_the_list_has_one_line_per_phrase_filtered_and_masked(
    street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    for said in (SAID, "thue khoan bo hay chua?", "THUẾ KHOÁN bỏ hay chưa"):
        asked(street, said, commune="05443")
    asked(street, "gọi lại 0912 345 678 cho bác về lớp học", "half_sure")
    desk = open_browser(make_person())
    shown = (await desk.get("/console/teaching")).text
    assert "đã gặp 3 lần" in shown and shown.count('class="request"') == 2
    assert "[số]" in shown and "0912" not in shown
    for query, found in (
        ("kind=half_sure", 1),
        ("commune=05443", 1),
        ("read_as=ask_tax_threshold", 2),
        ("read_as=ask_class", 0),
        ("province=thai-nguyen", 2),
        ("province=thanh-hoa", 0),
        ("state=taught", 0),
    ):
        assert (await desk.get(f"/console/teaching?{query}")).text.count('class="request"') == found, query
    page = (await desk.get(ADDRESS)).text
    assert "Dạ em chưa hiểu ạ." in page and "41%" in page and "?at=1#m1" in page


async def test_a_taught_phrase_leaves_the_list_and_is_not_asked_about_again(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    desk = open_browser(make_person())
    assert (await teach(desk)).status_code == 303
    assert stands(context) == [("Hà", "ask_tax_threshold", "stands")]
    asked(street, "thuế khoán bỏ hay chưa?")  # it comes again
    assert 'class="request"' not in (await desk.get("/console/teaching")).text
    assert "đã gặp 2 lần" in (await desk.get("/console/teaching?state=taught")).text
    await desk.post(f"{ADDRESS}/drop")
    assert 'class="request"' in (await desk.get("/console/teaching")).text
    assert logged(context) == ["annotation.written", "annotation.dropped"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_cannot_be_taught_is_said_with_what_to_do(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    desk = open_browser(make_person())
    for phrase, meaning, words in (
        ("gọi [số] nhé", "intent:ask_class", "ngoặc vuông"),
        ("gọi 0912 345 678 nhé", "intent:ask_class", "số điện thoại"),
        ("thư a@b.vn", "intent:ask_class", "số điện thoại"),
        ("", "intent:ask_class", "Chưa có câu nào"),
        ("thuế " * 41, "intent:ask_class", "quá dài"),
        ("giá {x}", "intent:ask_class", "không nhận"),
        (SAID, "", "Chưa chọn"),
        (SAID, "intent:no_such", "Chưa chọn"),
        (SAID, "entry:province_without_pack", "không thuộc ý nào"),
    ):
        answer = await teach(desk, meaning, phrase)
        assert answer.status_code == 422, phrase
        assert words in answer.text, (phrase, answer.text)
    assert stands(context) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_page_says_what_the_data_has_already_and_what_is_never_trained_on(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    desk = open_browser(make_person())
    asked(street)
    known, held_out = (
        "Nghe nói nâng lên 1 tỷ rồi phải không em",
        "Sao trong chương trình lại có cả ngân hàng BIDV, họ lo phần việc gì thế cháu",
    )
    for phrase, meaning, words in (
        (known, "intent:ask_tax_threshold", "đã có đúng câu này"),
        (known, "intent:ask_class", "được bỏ khỏi đó"),
        (held_out, "intent:ask_bidv", "không bao giờ đem dạy"),
    ):
        await teach(desk, meaning, phrase)
        assert words in (await desk.get(ADDRESS)).text, words


async def test_a_contradiction_shows_who_said_what_and_a_supervisor_decides(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    ha, binh = open_browser(make_person()), open_browser(make_person("Bình"))
    lan = open_browser(make_person("Lan", Role.SUPERVISOR))
    await teach(ha)
    for browser, button in ((binh, "Xin trưởng nhóm quyết định"), (lan, "Quyết định theo ý tôi")):
        refused = await teach(browser, "intent:ask_class")
        assert refused.status_code == 409 and "Hà" in refused.text and button in refused.text
    assert (await teach(binh, "intent:ask_class", decides="1")).status_code == 409  # not theirs to decide
    assert (await binh.post(f"{ADDRESS}/drop")).status_code == 403
    assert (await binh.post(f"{ADDRESS}/keep")).status_code == 403
    await teach(binh, "intent:ask_class", asks="1")
    assert "Theo ý Bình" in (await lan.get(ADDRESS)).text and "Theo ý" not in (await ha.get(ADDRESS)).text
    assert 'class="request"' in (await lan.get("/console/teaching?state=disputed")).text
    await teach(lan, "intent:ask_class", decides="1")
    assert stands(context)[-1] == ("Lan", "ask_class", "stands")
    assert logged(context) == ["annotation.written", "annotation.disputed", "annotation.decided"]


async def test_what_is_not_taught_has_a_reason_and_missing_content_a_list(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    desk = open_browser(make_person())
    assert (await desk.post(f"{ADDRESS}/dismiss", {"verdict": "intent"})).status_code == 422
    await desk.post(f"{ADDRESS}/dismiss", {"verdict": "content_missing"})
    assert SAID in (await desk.get("/console/teaching?state=content_missing")).text
    assert context.database.read_now(teaching.lessons) == ()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_meanings_are_looked_for_in_words_without_accents(
    street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    desk = open_browser(make_person())
    shown = await desk.get(f"{ADDRESS}?q=ten+mien+giay+to", headers={"HX-Request": "true"})
    assert "Giấy tờ đăng ký tên miền" in shown.text and "intent:ask_domain_papers" in shown.text
    assert "<html" not in shown.text
    assert (await desk.get(f"/console/teaching/{'0' * 32}")).status_code == 404
    assert (await desk.post(f"/console/teaching/{'0' * 32}/dismiss", {"verdict": "not_a_question"})).status_code == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_everything_that_can_be_taught_has_human_words(context: ConsoleContext) -> None:
    from console.pages.teaching import meanings_of

    for language in ("vi", "en"):
        person: Any = type("Person", (), {"language": language})
        meanings = await meanings_of(context, person)
        assert [one for one in context.examples.intents if meanings.title(one) == one] == []


async def test_an_officer_marks_a_wrong_answer_in_the_conversation_once(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    here = asked(street)
    street.bot_says(here, "Dạ em nhắc cô ạ.")  # answers nothing
    desk = open_browser(make_person())
    shown = (await desk.get(f"/console/conversations/{here}")).text
    assert shown.count("Trả lời sai") == 1 and f"/console/conversations/{here}/wrong/2" in shown
    for _ in range(2):
        assert (await desk.post(f"/console/conversations/{here}/wrong/2")).status_code == 303
    assert (await desk.post(f"/console/conversations/{here}/wrong/3")).status_code == 404
    kinds = context.database.read_now(lambda c: c.execute(select(review.c.kind, review.c.marked_by)).all())
    assert sorted(map(tuple, kinds)) == [("not_understood", None), ("officer_marked", "Hà")]
    assert logged(context) == ["answer.marked_wrong"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_blacked_out_or_erased_is_on_no_list(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    desk = open_browser(make_person())
    erased = next(held.blank for held in PERSONAL if held.table is review)
    for gone in ({"text": "[đã xóa]"}, dict(erased)):
        context.database.run_now(lambda c, gone=gone: c.execute(update(review).values(gone)))
        shown = (await desk.get("/console/teaching")).text
        assert 'class="request"' not in shown and "<b>0</b>" in shown and "<b>1</b>" not in shown
        assert (await desk.get(ADDRESS)).status_code == 404


async def test_a_training_is_asked_for_by_leaders_and_once(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    officer, leader = open_browser(make_person()), open_browser(make_person("Lan", Role.SUPERVISOR))
    await teach(officer)
    now = context.clock.now()
    context.database.run_now(lambda c: trained_models.settle(c, "release", lambda _: True, now))
    assert "Huấn luyện ngay" in (await leader.get("/console/models")).text
    assert "Huấn luyện ngay" not in (await officer.get("/console/models")).text
    assert (await officer.post("/console/models/train")).status_code == 403
    for _ in range(2):
        assert (await leader.post("/console/models/train")).status_code == 303
    shown = (await officer.get("/console/models")).text
    assert "Đang chờ" in shown and 'hx-trigger="every 3s"' in shown
    (job,) = context.database.read_now(training_jobs.newest)
    assert (job.officer, job.state) == ("Lan", "waiting") and logged(context)[-1] == "training.asked"


CLASS = {"meaning": "intent:ask_class"}
COUNTED = {"name": "all", "n": 9, "live_right": 9, "new_right": 7, "live_wrong": 0, "new_wrong": 2, "is_worse": True}


async def test_a_refused_training_shows_what_got_worse_and_lets_its_annotations_be_dropped(
    context: ConsoleContext, street: Street, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    asked(street)
    officer, leader = open_browser(make_person()), open_browser(make_person("Lan", Role.SUPERVISOR))
    await teach(officer, "intent:ask_class")
    asked(street, "học lớp ở đâu")
    await officer.post(f"/console/teaching/{key_of('học lớp ở đâu')}/annotate", {**CLASS, "phrase": "học lớp ở đâu"})
    lesson, other = context.database.read_now(teaching.lessons)
    context.database.run_now(lambda c: c.execute(delete(review)))  # a year later
    flip = {
        "text": "thuế khoán tính sao",
        "style": "typo",
        "expected": "ask_tax_threshold",
        "live": "ask_tax_threshold",
        "new": "ask_class",
        "became": "wrong",
        "nearest": [lesson.id],
    }
    heap = {"intent": "ask_tax_threshold", "direction": "from", "annotations": [lesson.id]}
    verdict = {
        "passes": False,
        "against": "release",
        "overall": COUNTED,
        "slices": [{**COUNTED, "name": "typo"}],
        "communes": {**COUNTED, "name": "commune"},
        "collapsed": [{**COUNTED, "name": "ask_tax_threshold"}],
        "not_learnt": [lesson.id],
        "reversed": [heap],
        "flips": [flip],
        "better": 0,
    }

    def refuse(c: Connection) -> int:
        now = context.clock.now()
        training_jobs.ask(c, "asked", None, now)
        job = training_jobs.take(c, "me", now)
        assert job is not None
        model = trained_models.add(c, "release-a", "release", [other.id], False, {}, now)
        training_jobs.end(c, job.id, "me", "refused", now, model, verdict)
        return job.id

    number = context.database.run_now(refuse)
    shown = (await leader.get(f"/console/models/trainings/{number}")).text
    assert "thuế khoán tính sao" in shown and SAID in shown and "kém đi" in shown
    assert 'type="checkbox"' not in (await officer.get(f"/console/models/trainings/{number}")).text
    drop = f"/console/models/trainings/{number}/drop"
    assert (await officer.post(drop, {"annotation": str(lesson.id)})).status_code == 403
    for number in ("x", "", "9" * 30):
        assert (await leader.post(drop, {"annotation": number})).status_code == 422, number
    assert f'value="{other.id}"' in shown and "học lớp ở đâu" in shown  # in it, whatever it did
    await leader.post(drop, {"annotation": [str(lesson.id), str(other.id)]})
    assert context.database.read_now(teaching.lessons) == ()
    assert (await leader.get("/console/models/trainings/999")).status_code == 404


async def test_going_back_says_why_it_cannot_and_changes_nothing(
    context: ConsoleContext, make_person: MakePerson, open_browser: OpenBrowser
) -> None:
    leader = open_browser(make_person("Lan", Role.SUPERVISOR))
    back, use = "/console/models/back", "/console/models/release/activate"
    assert (await leader.post(back)).status_code == 422
    now = context.clock.now()
    context.database.run_now(lambda c: trained_models.settle(c, "release", lambda _: True, now))
    nothing = await leader.post(back, {"live": "release"})
    assert nothing.status_code == 409 and nothing.headers["X-Problem"] == "nothing_before"
    away = await leader.post(use)
    assert away.status_code == 503 and away.headers["X-Problem"] == "rasa_away"
    assert (await leader.post("/console/models/unknown/activate")).status_code == 404
    assert len(context.database.read_now(trained_models.history)) == 1
    await context.switch.dialogue.close()
