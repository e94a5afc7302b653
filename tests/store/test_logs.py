from __future__ import annotations

import json
import logging

import pytest

from store.logs import REDACTED, configure_logs, get_logger, redact


@pytest.mark.parametrize(
    "event",
    [
        {"phone": "x"},
        {"text": "tôi tên Hồng"},
        {"zalo_access_token": "abc"},
        {"headers": {"Authorization": "Bearer abc", "Cookie": "a=b"}},
        {"event": "gọi lại 0912 345 678 nhé"},
        {"event": "gọi +84 912.345.678"},
        {"error": "connect postgresql://hotline:hunter2@db/hotline"},
        {"event": "GET /GetSendStatus?RefId=1&ApiKey=hunter2&SecretKey=abcdef"},
        {"error": """body {'ApiKey': 'hunter2', "SecretKey":"abcdef"}"""},
        {"error": "Authorization: Basic aHVudGVyMjp4YWJj"},
        {"event": "GET /webhooks/sms/esms/hunter2abc/inbound?x=1"},
        {"list": [{"detail": "viết cho hong@example.vn"}]},
    ],
)
def test_secrets_and_personal_data_are_masked_wherever_they_stand(event: dict[str, object]) -> None:
    shown = json.dumps(redact(None, "info", dict(event)), ensure_ascii=False)
    assert REDACTED in shown
    for secret in ("Hồng", "abc", "345", "hunter2", "hong@", "a=b", "aHVu"):
        assert secret not in shown


def test_what_is_neither_stays_readable() -> None:
    event = {
        "path": "/webhooks/sms/esms",
        "detail": "ApiKey hoặc SecretKey không đúng",
        "event": "turn_put_off",
        "conversation": "5f1d",
        "attempts": 3,
        "due": "2026-11-23T02:00:00+00:00",
    }
    assert redact(None, "info", dict(event)) == event


def test_libraries_log_through_the_same_redaction(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    logging.getLogger("some.library").warning("calling 0912345678")
    get_logger("test").info("asked", text="bí mật")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [f"calling {REDACTED}", "asked"]
    assert lines[1]["text"] == REDACTED
