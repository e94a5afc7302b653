"""What ends all messages where no model listens: whole sentences, misspelt, with and without accents."""

from __future__ import annotations

import unicodedata

import pytest

from programme.refusals_said import refuses_messages
from store.text import fold

REFUSALS = """\
huy dang ky nhan tin
huỷ nhận tin
ko nhan tin nua
dung gui tin cho toi
Huỷ đăng ký nhận tin
hủy đăng kí nhận tin nhắn giúp em
Không nhận tin nữa
đừng gửi tin cho tôi
Dạ em không muốn nhận tin nhắn này nữa ạ
toi khong muon nhan tin nua
Đừng gửi tin cho tôi nữa
k nhan sms nua
khong co nhu cau nhan tin
ngung gui tin nhan
Ngừng gửi tin cho tôi ngay
dừng nhận tin
Dừng tin nhắn
dung gui nua
tat thong bao
chặn tin nhắn quảng cáo
tôi từ chối nhận tin
từ chối
Từ chối nhận tin
từ chối tin nhắn
TC
stop
huy
Hủy ạ
xin đừng nhắn tin cho tôi nữa
phiền quá, đừng gửi nữa
Đừng làm phiền tôi nữa
khong muon dang ky nhan tin
huy dk nhan tin
huyr ddawng kys nhaanj tin
khoong nhaanj tin nuwax
ko nahn tin nua
dunng gui tin
huyy nhan tin
khogn nhan tn nua
bỏ đăng ký
xóa số của tôi khỏi danh sách
Please stop sending me messages
do not text me
no more messages please
unsubscribe me please
tôi muốn hủy nhận tin
thôi đừng gửi tin nữa
Khỏi gửi tin nữa nha
hông nhận tin nữa đâu
từ nay không gửi tin cho tôi nữa
đừng gửi tin quảng cáo nữa được không
Không được gửi tin cho tôi nữa
huy dang ky
soạn TC
gui TC
Tôi không cần nhận tin nhắn
em đã hủy nhận tin rồi mà vẫn gửi
nhắn nhầm số rồi, đừng gửi nữa
không nhận
hủy tin
huy tin nhan
tôi không đồng ý nhận tin
dwngf gui tin cho toi
Không muốn nhận tin của hotline nữa
""".splitlines()
OTHER_MATTERS = """\
toi muon dang ky nhan tin
tin nhan nay dung khong
Tin nhắn này đúng không
tôi không nhận được tin nhắn
sao khong gui tin cho toi
khong nhan duoc tin
chưa nhận được tin
hủy hợp đồng
HKD hủy hóa đơn thế nào
Tôi bị từ chối hồ sơ
k gửi được tờ khai
ngừng kinh doanh
huy dang ky kinh doanh thi lam sao
huy dang ky lop hoc duoc khong
hủy tên miền
tại sao tôi không nhận tin nữa
làm sao để hủy nhận tin
hủy nhận tin như thế nào
đừng hủy nhận tin
toi khong muon huy nhan tin
Hóa đơn sai, hủy, lập lại
tôi dùng tin nhắn này để làm gì
toi dung tin nhan
cho tôi nhận tin
tôi không đăng ký nhận tin này
co phai tin nay cua nha nuoc khong
đúng rồi gửi tin cho tôi
dung roi
da dung roi a
muốn nhận tin nhắn
nhan lai tin nhan
tôi đồng ý nhận tin
khong
ok
tin nhắn lừa đảo à
dùng tin nhắn thế nào
tôi không biết nhận tin ở đâu
nếu soạn TC thì sao
tôi muốn nhận tin tiếp
huy dang ky nhan tien
cham dut hop dong
gửi lại tin cho tôi
không phải tôi
ngung su dung hoa don giay
từ chối nhận hàng
đừng lo
đăng ký nhận tin
xoa tin nhan the nao
co dung la tin cua tinh khong
khong nhan hang nua
huy don
tu choi bao hanh
""".splitlines()


@pytest.mark.parametrize("text", REFUSALS)
def test_a_sentence_that_refuses_is_heard_as_it_is_written(text: str) -> None:
    assert refuses_messages(text)
    assert refuses_messages(unicodedata.normalize("NFD", text.upper()))


# Without accents "đừng", "dừng" and "dùng" are one word, and "từ chối" has another first word
@pytest.mark.parametrize("text", REFUSALS)
def test_the_same_without_accents(text: str) -> None:
    assert refuses_messages(fold(text))


@pytest.mark.parametrize("text", OTHER_MATTERS)
def test_a_sentence_that_only_mentions_it_is_none(text: str) -> None:
    assert not refuses_messages(text)


def test_a_refusal_beside_other_words_is_heard_and_a_word_beside_them_is_not() -> None:
    assert refuses_messages("Cảm ơn hotline. Đừng gửi tin cho tôi nữa. Chúc sức khỏe!")
    assert not refuses_messages("Hóa đơn này sai rồi. Hủy. Lập lại giúp tôi.")
    assert not refuses_messages("")


@pytest.mark.parametrize(
    "text", ["toi muon " * 120, "khong nhan" + " tin nhan tin" * 80 + " q", "huy nhan tin " * 80 + "x"]
)
def test_nobody_makes_it_slow(text: str) -> None:
    assert not refuses_messages(text)
