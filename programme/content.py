"""All content, loaded and checked together. The one object that the other rooms ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from programme.answers import AnswerBook
from programme.awareness_question import AwarenessQuestion, load_awareness_question
from programme.bulk_law import BulkLaw, load_bulk_law
from programme.campaign_starters import Starters, load_starters
from programme.canned_replies import CannedReply, load_canned_replies
from programme.communes import CommuneDirectory, load_commune_file
from programme.difficulties import Difficulties, load_difficulties
from programme.domain_names import DomainOffer, load_domain_offer
from programme.kpi import Plan, load_plans
from programme.named_links import NamedLinks, load_named_links
from programme.packs import NATIONAL, Packs, ProvincePack, load_packs
from programme.phrases import Phrases, load_phrases
from programme.privacy import Privacy, load_privacy
from programme.refusal_reasons import RefusalReasons, load_refusal_reasons
from programme.reminder_pack import ReminderPack, load_reminders
from programme.retrieval import Retrieval
from programme.spelt_out import SpeltOut
from programme.survey.definition import Surveys, load_surveys
from programme.survey.trades import Trades, load_trades
from programme.topics import Topics, load_topics
from programme.working_days import Deadlines, load_deadlines
from programme.yaml_source import read_yaml

CONTENT_ROOT = Path(__file__).parent.parent / "content"


@dataclass(frozen=True)
class Content:
    """A change of content is a restart; only the approvals of its answers change while it runs.

    `words_of`: everyday spellings written out, accent-free.
    """

    packs: Packs
    answers: AnswerBook
    communes: CommuneDirectory
    phrases: Phrases
    search: Retrieval
    domain_offers: Mapping[str, DomainOffer | None]
    deadlines: Deadlines
    surveys: Surveys
    trades: Trades
    words_of: SpeltOut
    topics: Topics
    canned_replies: Mapping[str, CannedReply]
    difficulties: Difficulties
    refusal_reasons: RefusalReasons
    privacy: Privacy
    bulk_law: BulkLaw
    links: NamedLinks
    starters: Starters
    awareness: AwarenessQuestion
    plans: Mapping[str, Plan]
    reminders: Mapping[str, ReminderPack]


def load_content(root: Path = CONTENT_ROOT) -> Content:
    """Read every pack under `root`. Raises ContentError with file, line and what is wrong."""
    packs = load_packs(root)
    answers = AnswerBook(packs)
    words_of = SpeltOut(packs.lexicon)
    communes = CommuneDirectory(
        {id_: load_commune_file(root / id_ / "communes.yaml") for id_ in packs.provinces},
        {id_: {vendor.id: vendor for vendor in pack.vendors} for id_, pack in packs.provinces.items()},
        packs.provinces_of_vietnam,
    )
    for pack in packs.provinces.values():
        _refuse_rules_of_no_commune(root, pack, communes)
    surveys = load_surveys(root / NATIONAL / "surveys")
    bulk_law = load_bulk_law(root / NATIONAL / "bulk_law.yaml", packs.documents(NATIONAL))
    phrases = load_phrases(root / NATIONAL / "phrases.yaml")
    starters = load_starters(root, packs, bulk_law)
    return Content(
        packs=packs,
        answers=answers,
        communes=communes,
        phrases=phrases,
        search=Retrieval(answers, packs.lexicon, packs.provinces),
        domain_offers={id_: load_domain_offer(root / id_ / "domain.yaml") for id_ in packs.provinces},
        deadlines=load_deadlines(root / NATIONAL / "calendar.yaml"),
        surveys=surveys,
        trades=load_trades(root / NATIONAL / "trade_groups.yaml"),
        words_of=words_of,
        topics=load_topics(root / NATIONAL / "topics.yaml"),
        canned_replies=load_canned_replies(root / NATIONAL / "canned_replies.yaml"),
        difficulties=load_difficulties(root / NATIONAL / "difficulties.yaml", words_of),
        refusal_reasons=load_refusal_reasons(root / NATIONAL / "refusal_reasons.yaml"),
        privacy=load_privacy(root / NATIONAL / "personal_data.yaml", surveys),
        bulk_law=bulk_law,
        links=load_named_links(root),
        starters=starters,
        awareness=load_awareness_question(root / NATIONAL / "awareness.yaml", bulk_law),
        plans=load_plans(root, packs),
        reminders=load_reminders(root, packs, bulk_law, phrases, starters),
    )


def _refuse_rules_of_no_commune(root: Path, pack: ProvincePack, communes: CommuneDirectory) -> None:
    known = {commune.code for commune in communes.communes(pack.id)}
    for code in pack.leads.allowed if pack.leads else ():
        if code not in known:
            source = read_yaml(root / pack.id / "pack.yaml")
            problem = f'không có xã/phường mã "{code}" trong tỉnh'
            raise source.error(("leads", "allowed", code), problem, "sửa lại mã theo communes.yaml hoặc xóa dòng này")
