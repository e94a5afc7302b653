"""What a turn's actions asked for becomes rows, in the turn's own transaction.

Every effect is idempotent by a key of the database (one opt-out per person, one open request per kind, one review per
message and kind), so that a turn that is run again can only repeat itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from actions.context import (
    AbandonSurvey,
    AboutOtherFirm,
    AgreeToCall,
    ConfirmErasure,
    Effect,
    ForReview,
    GiveCopy,
    HandToPerson,
    JoinChannels,
    JoinClass,
    LetOfficerCheck,
    LivesIn,
    MarkedWrong,
    MessagesAgain,
    NoPersonWanted,
    OpenDataRequest,
    OptOut,
    OwnerWasCalled,
    PartChannels,
    PassToVendor,
    RateService,
    RememberDomain,
    RememberPhone,
    SaveSurvey,
    ShowLinkCode,
    TakeBackDataRequest,
    TryProof,
    Unclear,
    WishForClass,
    WithdrawConsent,
    WrongLinkCode,
)
from bot import baton, data_requests, linking, reviews, satisfaction
from bot.baton import Reason
from programme import classes, consents, lead_owner, leads, links, opt_outs, responses
from programme.responses import CONTACT_ASKED_CONSENT, ResponseChanged
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import insert_if_new
from store.messages import Reading
from store.tables import conversation, inbound, outbound, shop, shop_domain

# How far back a button below an answer is still looked up.
LOOK_BACK_REPLIES = 30
_CHANGE_CONVERSATION = (HandToPerson, NoPersonWanted, LivesIn, JoinChannels, PartChannels)


@dataclass(frozen=True)
class Turn:
    """What the effects of one turn belong to: the rows of the conversation and the message, and how it was read.

    `asked`: the words that were answered, of a burst all of them.
    """

    conversation: RowMapping
    message: RowMapping
    asked: str
    reading: Reading | None
    now: datetime


def apply(connection: Connection, keyring: Keyring, turn: Turn, effects: Sequence[Effect]) -> Reason | None:
    """Write `effects`; the reason for handing over, if one of them asks for it (the caller does it)."""
    for effect in effects:
        _write_for_review(connection, turn, effect)
        _write_to_contact(connection, keyring, turn, effect)
        _write_to_conversation(connection, turn, effect)
        _write_survey(connection, keyring, turn, effect)
        _write_links(connection, turn, effect)
    return next((Reason(effect.why) for effect in effects if isinstance(effect, HandToPerson)), None)


def change_conversation(effects: Sequence[Effect]) -> bool:
    """Whether one of `effects` changes the conversation's row once more after the turn has."""
    return any(isinstance(effect, _CHANGE_CONVERSATION) for effect in effects)


def move_queue(effects: Sequence[Effect]) -> bool:
    """Whether one of `effects` changes what waits for people."""
    return any(isinstance(effect, HandToPerson | NoPersonWanted) for effect in effects)


def _write_for_review(connection: Connection, turn: Turn, effect: Effect) -> None:
    match effect:
        case Unclear(kind) | ForReview(kind):
            ranking = turn.reading.ranking if turn.reading else None
            state = turn.conversation["dialogue_state"]
            reviews.write(connection, turn.message["id"], turn.asked, kind, turn.now, ranking, state)
        case MarkedWrong(entry):
            _review_answer(connection, turn, entry)


def _write_to_conversation(connection: Connection, turn: Turn, effect: Effect) -> None:
    match effect:
        case NoPersonWanted():
            baton.withdraw(connection, turn.conversation["id"], turn.now)
        case LivesIn(province):
            own = update(conversation).where(conversation.c.id == turn.conversation["id"])
            connection.execute(own.values(province=province))
        case RateService(score):
            satisfaction.rate(connection, turn.conversation["id"], score, turn.now)


def _write_to_contact(connection: Connection, keyring: Keyring, turn: Turn, effect: Effect) -> None:
    contact_id = turn.conversation["contact_id"]
    match effect:
        case RememberPhone(phone):
            Contacts(connection, keyring).set_phone(contact_id, phone)
        case OptOut():
            here, number = turn.conversation["channel"], turn.message["id"]
            opt_outs.stop(connection, keyring, turn.now, here, contact_id=contact_id, inbound_id=number)
        case MessagesAgain():
            opt_outs.resume(connection, keyring, turn.now, turn.conversation["channel"], contact_id=contact_id)
        case OpenDataRequest(kind, acknowledge_by, due_on, stage, identity, is_acknowledged):
            days = acknowledge_by, due_on
            data_requests.open_by_owner(
                connection, turn.conversation, kind, days, turn.now, stage, identity, is_acknowledged
            )
        case TryProof(by, is_right):
            data_requests.tried(connection, contact_id, by, is_right, turn.now)
        case LetOfficerCheck():
            data_requests.leave_to_officer(connection, contact_id)
        case GiveCopy(token):
            data_requests.give_copy(connection, keyring, contact_id, token, turn.now)
        case ConfirmErasure():
            data_requests.confirm_erasure(connection, contact_id, turn.now)
        case TakeBackDataRequest(kind):
            data_requests.take_back(connection, contact_id, kind, turn.now)
        case WithdrawConsent(matter):
            consents.withdraw(connection, keyring, contact_id, turn.now, matter)
        case RememberDomain():
            _remember_domain(connection, turn, effect)


def _write_survey(connection: Connection, keyring: Keyring, turn: Turn, effect: Effect) -> None:
    contact_id, channel = turn.conversation["contact_id"], turn.conversation["channel"]
    match effect:
        case SaveSurvey(kept):
            responses.save(connection, keyring, kept, turn.now)
        case AbandonSurvey(kept):
            responses.abandon(connection, kept)
        case AgreeToCall(version):
            responses.give_consent(connection, contact_id, CONTACT_ASKED_CONSENT, version, channel, turn.now)
        case PassToVendor():
            wish = (effect.vendor, effect.province, effect.commune, effect.response_id)
            leads.pass_on(connection, contact_id, *wish, turn.now, effect.accept_by)
        case AboutOtherFirm(lead_id, agreed, version, accept_by):
            if not lead_owner.answer_other_firm(
                connection, lead_id, contact_id, agreed, version, channel, accept_by, turn.now
            ):
                raise ResponseChanged("the lead is no longer what was read")
        case OwnerWasCalled(lead_id, called):
            lead_owner.was_called(connection, lead_id, contact_id, called, turn.now)
        case JoinClass(class_id):
            if classes.join(connection, contact_id, class_id, turn.now) in ("full", "over"):
                raise ResponseChanged("the last place went meanwhile")
        case WishForClass(topic, province, commune):
            classes.wish(connection, contact_id, topic, province, commune, turn.now)


def _write_links(connection: Connection, turn: Turn, effect: Effect) -> None:
    here = turn.conversation["id"]
    match effect:
        case ShowLinkCode(code):
            linking.show_code(connection, here, code, turn.now)
        case WrongLinkCode():
            links.count_wrong_code(connection, turn.now)
        case JoinChannels(wanted, told):
            linking.join(connection, here, wanted, told, turn.now)
        case PartChannels():
            linking.part(connection, here, turn.conversation["contact_id"], turn.now)


def _review_answer(connection: Connection, turn: Turn, entry: str | None) -> None:
    """Mark the bot's newest answer of that name before this message, with the question it answered."""
    answers = (
        select(outbound.c.reply, inbound)
        .join(inbound, inbound.c.id == outbound.c.in_reply_to)
        .where(
            outbound.c.conversation_id == turn.conversation["id"],
            outbound.c.sender == "bot",
            outbound.c.seq < turn.message["seq"],
        )
        .order_by(outbound.c.seq.desc())
        .limit(LOOK_BACK_REPLIES)
    )
    said = connection.execute(answers).mappings().all()
    row = next((one for one in said if entry is None or one["reply"].get("entry") == entry), None)
    if row is not None:
        ranking = (row["reading"] or {}).get("ranking")
        entry, state = row["reply"].get("entry"), turn.conversation["dialogue_state"]
        reviews.write(connection, row["id"], row["text"], "marked_wrong", turn.now, ranking, state, entry)


def _remember_domain(connection: Connection, turn: Turn, effect: RememberDomain) -> None:
    """The newest word counts; while the name stays in use, a day that it does not mention stays known."""
    contact_id, status = turn.conversation["contact_id"], effect.status
    insert_if_new(connection, shop, {"contact_id": contact_id, "created_at": turn.now})
    shop_id = connection.execute(select(shop.c.id).filter_by(contact_id=contact_id)).scalar_one()
    days = {"active_since": status.active_since, "expires_on": status.expires_on}
    row = {
        "status": status.state,
        **days,
        "consent_id": responses.give_consent(
            connection,
            contact_id,
            consents.DOMAIN_CONSENT,
            effect.consent_version,
            turn.conversation["channel"],
            turn.now,
        ),
        "updated_at": turn.now,
    }
    key = {"shop_id": shop_id, "tld": status.tld}
    if insert_if_new(connection, shop_domain, {**key, **row}) is not None:
        return
    known = connection.execute(select(shop_domain).filter_by(**key)).mappings().one()
    if known["status"] == status.state == "active":
        row |= {name: day or known[name] for name, day in days.items()}
    connection.execute(update(shop_domain).filter_by(**key).values(row))
