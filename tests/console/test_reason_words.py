"""Whatever the ledger keeps as a reason, people read words."""

from __future__ import annotations

import pytest

from bot.restored import RESTORED
from console.reason_words import reason_words
from integrations.sms.registry import ERRORS
from programme.bulk_rules import NEEDED
from scheduler import bulk_claims, bulk_ways
from scheduler.bulk_results import TOO_MANY_ERRORS
from scheduler.bulk_zalo import HELD
from scheduler.dispatcher import BROKE, TIMED_OUT

OWN = (
    *(bulk_claims.TOO_LATE, bulk_claims.CANCELLED, bulk_ways.INTERRUPTED, bulk_ways.NO_NUMBER),
    *(bulk_ways.NUMBER_CHANGED, bulk_ways.NO_WAY, bulk_ways.NO_GATEWAY),
    *(RESTORED, TOO_MANY_ERRORS, HELD, BROKE.code, TIMED_OUT.code, "left_audience", "by_hand", "erasing"),
    *(rule for rule in NEEDED if rule not in ("label", "opt_out_way")),  # those are about texts
)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("reason", [*OWN, *(code for table in ERRORS.values() for code in table), "zalo_-211"])
def test_every_reason_has_words(reason: str, language: str) -> None:
    words = reason_words(reason, language)
    assert words != reason and not words.endswith(".")


def test_what_a_text_lacks_is_named() -> None:
    assert reason_words("no_shop") == "không biết {{ shop }} của người này"
    assert reason_words("esms_103") == "eSMS đang không cho gửi tin: tài khoản hết tiền"
    assert reason_words("") == "không ghi lý do"
