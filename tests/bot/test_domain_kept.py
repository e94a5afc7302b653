"""What is kept of a shop's domain, and under which consent."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select, update

from actions.context import RememberDomain
from programme.domain_names import DomainStatus
from store.tables import consent, shop_domain
from tests.bot.acting import apply, rows
from tests.bot.conftest import Bot

SINCE, UNTIL = date(2025, 3, 1), date(2027, 8, 15)


async def remember(
    bot: Bot, state: str, since: date | None = None, until: date | None = None, version: int = 1
) -> None:
    await apply(bot, RememberDomain(DomainStatus("biz.vn", state, since, until), version))  # type: ignore[arg-type]


async def kept(bot: Bot) -> tuple[str, date | None, date | None]:
    (row,) = await rows(bot, shop_domain)
    return row.status, row.active_since, row.expires_on


async def test_what_a_new_message_does_not_mention_stays_known_while_the_name_is_in_use(bot: Bot) -> None:
    await bot.say("xin chào")
    await remember(bot, "active", since=SINCE)
    await remember(bot, "active", until=UNTIL)
    assert await kept(bot) == ("active", SINCE, UNTIL)
    await remember(bot, "active")
    assert await kept(bot) == ("active", SINCE, UNTIL)
    await remember(bot, "active", until=date(2029, 8, 15))
    assert await kept(bot) == ("active", SINCE, date(2029, 8, 15))


async def test_days_of_a_name_that_is_gone_are_forgotten(bot: Bot) -> None:
    await bot.say("xin chào")
    await remember(bot, "active", SINCE, UNTIL)
    await remember(bot, "none")
    assert await kept(bot) == ("none", None, None)
    await remember(bot, "active")
    assert await kept(bot) == ("active", None, None)


async def test_agreeing_again_to_the_same_words_is_no_new_consent(bot: Bot) -> None:
    await bot.say("xin chào")
    for _ in range(3):
        await remember(bot, "active")
        bot.clock.advance(timedelta(days=1))
    (given,) = await rows(bot, consent)
    (row,) = await rows(bot, shop_domain)
    assert row.consent_id == given.id
    assert row.updated_at > given.given_at


async def test_new_words_or_a_withdrawal_need_a_new_consent(bot: Bot) -> None:
    await bot.say("xin chào")
    await remember(bot, "active", version=1)
    await remember(bot, "active", version=2)
    assert len(await rows(bot, consent)) == 2
    now = bot.clock.now()
    await bot.database.run(lambda c: c.execute(update(consent).values(withdrawn_at=now)) and None)
    await remember(bot, "active", version=2)
    in_force = select(consent.c.id).filter_by(withdrawn_at=None)
    assert await bot.database.read(lambda c: list(c.scalars(in_force))) == [
        (await rows(bot, shop_domain))[0].consent_id
    ]
