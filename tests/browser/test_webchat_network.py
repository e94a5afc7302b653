"""The owner's chat page on a bad network and before a server that refuses: no message is lost or repeated."""

import pytest
from playwright.sync_api import expect

from .chat_page import OpenBrowser, Owner, new_owner, owner, reply, stub
from .stub_server import Refusal, StubServer

__all__ = ["new_owner", "owner", "stub"]  # fixtures

# ---- a bad network --------------------------------------------------------------------------------------------------


def test_what_is_written_while_the_server_is_gone_is_sent_once_and_in_order(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.write("trước")
    expect(owner.note_of("trước")).to_contain_text("Đã gửi")
    stub.stop()
    owner.write("lúc mất mạng")
    owner.write("vẫn mất mạng")
    expect(owner.connection_line).to_have_text("Mất kết nối, đang thử lại… Tin nhắn của cô/bác vẫn được giữ.")
    expect(owner.note_of("lúc mất mạng")).to_contain_text("Chưa gửi được")
    expect(owner.note_of("vẫn mất mạng")).to_have_text("Đang chờ gửi…")

    stub.start()
    stub.say("Em đây ạ.")

    expect(owner.note_of("vẫn mất mạng")).to_contain_text("Đã gửi")
    expect(owner.log.get_by_text("Em đây ạ.")).to_have_count(1)
    expect(owner.connection_line).to_have_text("")
    assert stub.accepted == ["trước", "lúc mất mạng", "vẫn mất mạng"]
    assert len({message_id for message_id, _ in stub.posts}) == 3


def test_an_unsent_message_survives_a_reload_with_its_id(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.extend(Refusal(503, headers={"Retry-After": "600"}) for _ in range(2))
    owner.write("giữ giúp tôi")
    expect(owner.note_of("giữ giúp tôi")).to_contain_text("Chưa gửi được")
    owner.page.reload()
    expect(owner.note_of("giữ giúp tôi")).to_contain_text("Chưa gửi được")
    stub.refusals.clear()
    owner.page.get_by_role("button", name="Gửi lại").click()
    expect(owner.note_of("giữ giúp tôi")).to_contain_text("Đã gửi")
    expect(owner.bubbles).to_have_text(["giữ giúp tôi"])
    assert stub.accepted == ["giữ giúp tôi"]
    assert [status for _, status in stub.posts] == [503, 503, 202]
    assert len({message_id for message_id, _ in stub.posts}) == 1


def test_a_failure_is_tried_again_by_itself(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.page.clock.install()
    stub.refusals.append(Refusal(500, detail=None))
    owner.write("thử lại đi")
    expect(owner.note_of("thử lại đi")).to_contain_text("Chưa gửi được")
    owner.page.clock.fast_forward(1_300)
    expect(owner.note_of("thử lại đi")).to_contain_text("Đã gửi")
    assert stub.accepted == ["thử lại đi"]


def test_an_answer_lost_on_the_way_back_does_not_repeat_the_message(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(502, detail=None, loses_answer=True))
    stub.answer = reply("Dạ, em nhận được rồi ạ.")
    owner.write("chỉ một lần")
    expect(owner.note_of("chỉ một lần")).to_contain_text("Đã gửi")
    expect(owner.bubbles).to_have_text(["chỉ một lần", "Dạ, em nhận được rồi ạ."])
    expect(owner.connection_line).to_have_text("")
    assert stub.accepted == ["chỉ một lần"]


def test_a_log_in_page_of_somebody_elses_wifi_is_not_taken_for_an_answer(owner: Owner, stub: StubServer) -> None:
    stub.refusals.append(Refusal(200, detail=None))
    owner.write("qua wifi chợ")
    expect(owner.note_of("qua wifi chợ")).to_contain_text("Đã gửi")
    assert [status for _, status in stub.posts] == [200, 202]


def test_a_server_that_asks_to_wait_is_given_its_time(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.page.clock.install()
    stub.refusals.append(Refusal(429, headers={"Retry-After": "30"}))
    owner.write("hơi nhanh")
    expect(owner.note_of("hơi nhanh")).to_have_text("Đang chờ gửi…")
    owner.page.clock.fast_forward(25_000)
    expect(owner.connection_line).to_have_text("")
    owner.page.evaluate("window.dispatchEvent(new Event('online'))")
    owner.page.evaluate("fetch('/webchat/icon.svg').then((answer) => answer.text())")
    assert [status for _, status in stub.posts] == [429]
    owner.page.clock.fast_forward(6_000)
    expect(owner.note_of("hơi nhanh")).to_contain_text("Đã gửi")
    assert [status for _, status in stub.posts] == [429, 202]


def test_a_stream_without_a_sign_of_life_is_opened_again(owner: Owner, stub: StubServer) -> None:
    owner.page.clock.install()
    owner.page.reload()  # so that every timer of the page is on this clock
    owner.write("chào")
    expect(owner.note_of("chào")).to_contain_text("Đã gửi")
    stub.silent = True
    stub.say("Tin này kẹt trên đường ạ.")
    owner.page.clock.run_for(30_000)
    assert len(stub.stream_starts) == 1
    stub.silent = False
    owner.page.clock.run_for(16_000)
    expect(owner.log.get_by_text("Tin này kẹt trên đường ạ.")).to_have_count(1)
    assert stub.stream_starts == [0, 1]


def test_a_network_that_comes_back_is_used_at_once(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(503, headers={"Retry-After": "600"}))
    owner.write("trong hầm")
    expect(owner.note_of("trong hầm")).to_contain_text("Chưa gửi được")
    owner.page.context.set_offline(True)
    expect(owner.connection_line).to_contain_text("Mất kết nối")
    owner.page.context.set_offline(False)
    expect(owner.note_of("trong hầm")).to_contain_text("Đã gửi")
    expect(owner.connection_line).to_have_text("")
    assert stub.accepted == ["trong hầm"]


def test_being_offline_is_said_before_anything_was_written(owner: Owner) -> None:
    owner.page.context.set_offline(True)
    expect(owner.connection_line).to_contain_text("Mất kết nối")
    owner.page.context.set_offline(False)
    expect(owner.connection_line).to_have_text("")


# ---- what the server refuses ----------------------------------------------------------------------------------------


def test_a_forgotten_conversation_is_replaced_and_the_message_kept(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    stub.answer = reply("Dạ, hẹn cô/bác ạ.")
    owner.write("ngày trước")
    expect(owner.bubbles).to_have_text(["ngày trước", "Dạ, hẹn cô/bác ạ."])
    stub.answer = lambda message: []
    owner.page.context.set_offline(True)
    stub.forget_tokens()
    owner.write("hôm nay")
    expect(owner.note_of("hôm nay")).to_contain_text("Chưa gửi được")
    owner.page.context.set_offline(False)
    expect(owner.note_of("hôm nay")).to_contain_text("Đã gửi")
    expect(owner.log).to_contain_text("Cuộc trò chuyện trước đã đóng")
    assert stub.accepted == ["ngày trước", "hôm nay"]
    assert len(stub.conversations) == 2
    stub.say("Dạ, em nghe ạ.")
    expect(owner.bubbles).to_have_text(["ngày trước", "Dạ, hẹn cô/bác ạ.", "hôm nay", "Dạ, em nghe ạ."])


def test_a_stream_that_is_refused_leads_to_a_new_conversation(owner: Owner, stub: StubServer) -> None:
    owner.network_is_bad = True
    owner.write("chào")
    expect(owner.note_of("chào")).to_contain_text("Đã gửi")
    owner.page.goto("about:blank")
    stub.forget_tokens()
    owner.page.goto(stub.url)
    expect(owner.page.get_by_role("button", name="Tên miền .biz.vn là gì?")).to_be_visible()
    stub.say("Dạ, mình bắt đầu lại ạ.")
    expect(owner.bubbles).to_have_text(["Dạ, mình bắt đầu lại ạ."])
    assert len(stub.conversations) == 2


@pytest.mark.parametrize("status", [413, 422])
def test_a_refused_message_says_why_is_not_tried_again_and_can_be_edited(
    owner: Owner, stub: StubServer, status: int
) -> None:
    owner.network_is_bad = True
    stub.refusals.append(Refusal(status, detail="Tin có ký tự không đọc được ạ."))
    owner.write("tin lạ")
    expect(owner.note_of("tin lạ")).to_contain_text("Tin có ký tự không đọc được ạ.")
    owner.write("tin sau")
    expect(owner.note_of("tin sau")).to_contain_text("Đã gửi")
    owner.page.reload()
    expect(owner.note_of("tin lạ")).to_contain_text("Tin có ký tự không đọc được ạ.")
    assert stub.accepted == ["tin sau"]
    assert [answered for _, answered in stub.posts] == [status, 202]

    owner.page.get_by_role("button", name="Sửa lại").click()
    expect(owner.box).to_have_value("tin lạ")
    expect(owner.box).to_be_focused()
    expect(owner.bubbles).to_have_text(["tin sau"])


def test_a_message_refused_in_one_tab_is_shown_as_refused_in_the_other(
    owner: Owner, new_owner: OpenBrowser, stub: StubServer
) -> None:
    owner.network_is_bad = True
    other = new_owner(context=owner.page.context)
    other.open(stub)
    stub.refusals.append(Refusal(422, detail="Tin có ký tự không đọc được ạ."))
    owner.write("tin lạ")
    expect(other.note_of("tin lạ")).to_contain_text("Tin có ký tự không đọc được ạ.")

    owner.page.get_by_role("button", name="Sửa lại").click()
    expect(owner.box).to_have_value("tin lạ")
    expect(other.bubbles).to_have_count(0)
