"""Only what Zalo signed for our app is believed, whichever of the secrets it signs with."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import structlog

from integrations.errors import NotGenuine, NotReadable, NotSetUp
from integrations.zalo.signature import sign
from integrations.zalo.webhook import MAX_AGE, Webhook
from store.events import Unread
from store.messages import InboundMessage
from tests.integrations.zalo.account import (
    APP_ID,
    APP_SECRET,
    OA_SECRET,
    OLD_OA_SECRET,
    SENT_AT,
    TIMESTAMP,
    changed,
    fixture,
    read,
    signed,
    zalo_settings,
)

VECTOR = (
    '{"app_id":"1234567890123456789","user_id_by_app":"5550001112223334445","event_name":"user_send_text",'
    '"timestamp":"1795334400000","sender":{"id":"2223334445556667778"},"recipient":{"id":"9998887776665554443"},'
    '"message":{"msg_id":"a1b2c3d4e5f60718","text":"Xin chào, tôi hỏi thủ tục khai sinh"}}'
).encode()
DIGEST = "1e73d43e2e1e23097e4761de38b25eaf73301cb3028c6ba08209dba33ccb96cd"


def outcome(headers: dict[str, str], body: bytes, **settings: object) -> str:
    """ "" when believed, else the code of the refusal."""
    try:
        Webhook.from_settings(zalo_settings(**settings)).read(headers, body, SENT_AT)
    except NotGenuine as refused:
        return str(refused)
    return ""


def test_the_known_vector_is_signed_so():
    assert sign(APP_ID, VECTOR, TIMESTAMP, OA_SECRET) == DIGEST


@pytest.mark.parametrize("header", [f"mac={DIGEST}", DIGEST, f"mac={DIGEST.upper()}", f" MAC={DIGEST} "])
def test_the_header_is_read_with_and_without_prefix_in_any_case(header):
    assert outcome({"x-zevent-signature": header}, VECTOR) == ""


@pytest.mark.parametrize(
    "header", ["", "mac=", "mac=" + "0" * 64, DIGEST[:-1], DIGEST + "0", "mac=ạ" + DIGEST, "\ud800"]
)
def test_any_other_header_is_refused(header):
    assert outcome({"x-zevent-signature": header}, VECTOR) in ("zalo_wrong_mac", "zalo_no_mac")


def test_a_call_without_the_header_is_refused_without_looking_at_it():
    assert outcome({}, b"no json at all") == "zalo_no_mac"


def test_the_raw_bytes_are_signed_not_what_they_mean():
    spaced = json.dumps(json.loads(VECTOR)).encode()
    assert spaced != VECTOR
    assert outcome(signed(spaced), spaced) == ""
    assert outcome(signed(VECTOR), spaced) == "zalo_wrong_mac"


def test_one_changed_byte_is_refused():
    assert outcome(signed(VECTOR), VECTOR.replace(b"khai sinh", b"khai tu  ")) == "zalo_wrong_mac"


def test_another_app_of_the_same_secret_is_refused():
    body = changed("user_send_text", app_id="999")
    headers = {"x-zevent-signature": sign("999", body, TIMESTAMP, OA_SECRET)}
    assert outcome(headers, body) == "zalo_other_app"
    without = changed("user_send_text", app_id=None)
    assert outcome(signed(without), without) == "zalo_other_app"


def test_during_rotation_the_previous_secret_still_counts():
    headers = signed(VECTOR, OLD_OA_SECRET)
    assert outcome(headers, VECTOR) == "zalo_wrong_mac"
    assert outcome(headers, VECTOR, zalo_oa_secret_previous=OLD_OA_SECRET) == ""
    assert outcome(signed(VECTOR), VECTOR, zalo_oa_secret_previous=OLD_OA_SECRET) == ""


@pytest.mark.parametrize(("signing", "right", "wrong"), [("oa", OA_SECRET, APP_SECRET), ("app", APP_SECRET, OA_SECRET)])
def test_the_setting_says_which_secret_signs(signing, right, wrong):
    assert outcome(signed(VECTOR, right), VECTOR, zalo_signing_secret=signing) == ""
    assert outcome(signed(VECTOR, wrong), VECTOR, zalo_signing_secret=signing) == "zalo_wrong_mac"


def test_the_log_says_which_secret_would_have_matched_and_none_of_them():
    with structlog.testing.capture_logs() as logs:
        outcome(signed(VECTOR, APP_SECRET), VECTOR)
        outcome(signed(VECTOR, "a stranger's"), VECTOR)
    assert [(entry["event"], entry["would_match"]) for entry in logs] == [
        ("zalo_webhook_refused", ["app"]),
        ("zalo_webhook_refused", []),
    ]
    assert "demo" not in repr(logs)


def test_the_secrets_are_not_shown_by_the_webhook():
    webhook = Webhook.from_settings(zalo_settings())
    assert OA_SECRET not in repr(vars(webhook))


def test_without_an_oa_secret_every_call_is_to_be_answered_and_forgotten():
    with pytest.raises(NotSetUp, match="zalo_bootstrap"):
        Webhook.from_settings(zalo_settings(zalo_oa_secret=None)).read({}, b"", SENT_AT)
    settings = {"zalo_oa_secret": None, "zalo_signing_secret": "app"}
    assert outcome(signed(VECTOR, APP_SECRET), VECTOR, **settings) == ""


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"{", b"[" * 5000 + b"]" * 5000, b"[]", b"1", b"null"])
def test_what_is_no_json_object_is_not_readable_when_zalo_signed_it_and_else_not_genuine(body):
    webhook = Webhook.from_settings(zalo_settings())
    with pytest.raises(NotReadable):
        webhook.read(signed(body, timestamp=""), body, SENT_AT)
    with pytest.raises(NotGenuine):
        webhook.read(signed(body, "a stranger's", timestamp=""), body, SENT_AT)


@pytest.mark.parametrize("damage", [b"\xff", b'"message":{', b"[" * 5000])
def test_a_signed_body_is_known_for_zalos_however_it_is_damaged_behind_its_timestamp(damage):
    body = b'{"app_id":"%s","timestamp":"%s",' % (APP_ID.encode(), TIMESTAMP.encode()) + damage
    with pytest.raises(NotReadable):
        Webhook.from_settings(zalo_settings()).read(signed(body), body, SENT_AT)


def test_a_repetition_after_two_days_is_acted_on_one_after_a_week_is_kept_for_a_person():
    body = fixture("user_send_text")
    assert isinstance(read(body, SENT_AT + timedelta(hours=49)), InboundMessage)
    late = read(body, SENT_AT + MAX_AGE + timedelta(seconds=1))
    assert isinstance(late, Unread)
    assert late.reason == "too_old"


def test_an_event_from_the_future_is_dated_now():
    now = SENT_AT - timedelta(days=3)
    assert read(fixture("follow"), now).at == now


def test_a_timestamp_that_is_a_number_is_signed_in_digits():
    body = changed("user_send_text", timestamp=int(TIMESTAMP))
    assert isinstance(read(body), InboundMessage)


@pytest.mark.parametrize("timestamp", ["", "tomorrow", "9" * 30, "-" + "9" * 18])
def test_a_timestamp_that_is_none_leaves_the_event_to_a_person(timestamp):
    body = changed("user_send_text", timestamp=timestamp)
    (event,) = Webhook.from_settings(zalo_settings()).read(signed(body, timestamp=timestamp), body, SENT_AT)
    assert (type(event), event.reason) == (Unread, "timestamp")
