"""Every page of the console, in both languages, on a laptop and on a phone: axe-core finds nothing serious, nothing
scrolls sideways, and no page is left out: the routes themselves are enumerated.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.routing import APIRoute
from playwright.sync_api import Page
from sqlalchemy import Connection, select

from bot import holding, reviews
from bot.baton import officer_named
from console import api_tokens, invitations
from console.api_tokens import LONGEST_NAME, ApiScope, Grant
from console.invitations import Purpose
from console.pages import ROUTERS
from console.roles import Role
from programme import leads, responses, teaching, trained_models, training_jobs
from programme.canned_replies import CannedReply, keep
from programme.classes import Topic, TrainingClass, enter, join
from programme.difficulties import Difficulty
from programme.difficulties import record as record_difficulty
from programme.lead_life import LeadLife, Step
from programme.lead_states import LeadState
from programme.lead_steps import Scope
from programme.responses import Kept, Origin
from programme.survey.definition import CONSENT
from programme.survey.response import Response, answered
from programme.taught_phrases import key_of
from programme.teaching import Opinion, Verdict
from store.audit import Actor
from store.contacts import Contacts
from store.database import insert_returning_id
from store.survey_tables import lead
from store.tables import data_request, inbound

from . import town_of_campaigns, town_of_lists
from .console_site import Site, site

__all__ = ["site"]  # a fixture

SERIOUS = {"serious", "critical"}
WIDTHS = (1280, 360)
# They answer with something else than a page, or end the session.
NO_PAGES = frozenset(
    {
        "/assets/{name}",
        "/events",
        "/",
        "/queue/next",
        "/conversations/{conversation_id}/earlier",
        "/conversations/{conversation_id}/canned",
        "/leads/{lead_id}/fresh",
        "/campaigns/{campaign_id}/progress",
        "/campaigns/{campaign_id}/results",
        "/imports/{import_id}/state",
        "/login/code",  # only between the password and the code
    }
)
LONG = "ư" * 200
COUNTED = {"name": "all", "n": 9, "live_right": 9, "new_right": 7, "live_wrong": 0, "new_wrong": 2, "is_worse": True}


def _no_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


class Town:
    """Something to see on each page. `paths`: each route's address with real numbers."""

    def __init__(self, site: Site) -> None:
        self.site = site
        street, database, clock = site.street, site.context.database, site.context.clock
        self.admin = site.person("Quản trị", Role.ADMINISTRATOR)
        self.vendor = site.person("VNPT", Role.VENDOR, vendor="VNPT")
        colleague = site.person("Trần Văn Bình")
        self.conversation = street.owner("ko dau", LONG, "thuế thế nào", name="Bác Tư", commune="05443", topic="tax")
        street.bot_says(self.conversation, f"Dạ {LONG}")
        held = street.owner("alo", name=LONG, channel="zalo")
        officer = database.read_now(lambda c: site.officer_of(c, colleague))
        database.run_now(lambda c: holding.take(c, street.row(held)["id"], officer, clock.now()))
        start = clock.now() + timedelta(minutes=30)
        lesson = TrainingClass("thai-nguyen", "05443", Topic.TAX_INVOICE, "Hóa đơn", "Nhà văn hóa", start, 30)

        def more(connection: Connection) -> tuple[int, int]:
            enter(connection, lesson)
            contact_id = Contacts(connection, site.context.keyring).add(clock.now(), "Cô Lan")
            join(connection, contact_id, 1, clock.now())
            kept = Kept(
                answered(Response(site.context.content.surveys.latest, {}), CONSENT, "yes_only"),
                Origin(contact_id, "console", "thai-nguyen", assisted_by="Quản trị"),
            )
            self.survey = responses.save(connection, site.context.keyring, kept, clock.now()).id
            for category, commune, words in (("price", "05443", LONG), ("gone", None, None)):
                told = Difficulty(
                    "owner",
                    category,
                    "thai-nguyen",
                    clock.now(),
                    commune,
                    conversation_id=self.conversation,
                    text=words,
                )
                record_difficulty(connection, told)
            self.lead = self._lead(connection)
            self.phrase, self.training = self._teaching(connection, officer)
            asked = {"kind": "access", "status": "open", "opened_at": clock.now(), "identity": "called_back"}
            days = {"acknowledge_by": clock.today(), "due_on": clock.today()}
            row = {"contact_id": contact_id, "conversation_id": self.conversation, **asked, **days}
            self.data_request = insert_returning_id(connection, data_request, row)
            path = invitations.issue(connection, site.context.keyring, self.vendor, Purpose.INVITE, clock.now())
            self.token = path.rpartition("/")[2]
            grant = Grant(LONG[:LONGEST_NAME], tuple(ApiScope), "VNPT", ("05443",))
            api_tokens.make(connection, site.context.keyring, grant, 30, clock.now())
            self.lists = town_of_lists.build(connection, site.context)
            self.campaigns = town_of_campaigns.build(connection, site.context, officer)
            canned = keep(connection, CannedReply("chao-rieng", "Chào", "Dạ, em chào {name} ạ."), officer, clock.now())
            return 1, canned

        self.lesson, self.canned = database.run_now(more)

    def _teaching(self, connection: Connection, officer: int) -> tuple[str, int]:
        """A phrase that two people disagree about, and a training that was refused because of it."""
        now, phrase, key = self.site.context.clock.now(), f"thuế {LONG}", key_of(f"thuế {LONG}")
        asked = connection.execute(select(inbound.c.id).filter_by(conversation_id=self.conversation)).scalars().first()
        ranking = [{"name": "ask_tax_threshold", "confidence": 0.4}, {"name": "ask_class", "confidence": 0.3}]
        reviews.write(connection, asked or 0, phrase, "not_understood", now, ranking, None)
        opinion = Opinion(key, phrase, key, Verdict.INTENT, "ask_tax_threshold")
        lesson = teaching.say(connection, opinion, officer, now)
        other = Opinion(key, phrase, key, Verdict.INTENT, "ask_class")
        teaching.say(connection, other, officer_named(connection, "Lan", now), now, asks=True)
        release = self.site.context.switch.release
        trained_models.settle(connection, release, lambda _: True, now)
        trained_models.add(connection, f"{release}-1", release, [lesson], False, {"overall": COUNTED}, now)
        training_jobs.ask(connection, "asked", officer, now)
        job = training_jobs.take(connection, "somebody", now)
        assert job is not None
        flip = {"text": LONG, "style": "typo", "expected": "ask_class", "live": "ask_class", "new": "ask_tax_threshold"}
        verdict = {
            "against": release,
            "overall": COUNTED,
            "slices": [{**COUNTED, "name": "typo"}],
            "communes": {**COUNTED, "name": "commune"},
            "collapsed": [{**COUNTED, "name": "ask_class"}],
            "not_learnt": [lesson],
            "reversed": [{"intent": "ask_class", "direction": "from", "annotations": [lesson]}],
            "flips": [{**flip, "became": "wrong", "nearest": [lesson]}],
            "better": 0,
        }
        training_jobs.end(connection, job.id, "somebody", "refused", now, verdict=verdict)
        training_jobs.ask(connection, "asked", officer, now)
        return key, job.id

    def _lead(self, connection: Connection) -> int:
        """Taken up by its firm, of an owner with a long name; and one that no firm has."""
        context = self.site.context
        now, life = context.clock.now(), LeadLife(context.content, context.clock.timezone)
        numbers = []
        for name, status in ((LONG, "accepted"), ("Bác Bảy", "refused")):
            person = Contacts(connection, context.keyring).add(now, name)
            responses.give_consent(connection, person, responses.CONTACT_CONSENT, 1, "webchat", now)
            leads.pass_on(connection, person, "VNPT", "thai-nguyen", "05443", None, now)
            number = connection.execute(select(lead.c.id).filter_by(contact_id=person)).scalar_one()
            wanted = Step(LeadState(status), 1, "no_staff")
            row = life.step(connection, number, wanted, Scope("thai-nguyen"), Actor("Minh", 1), now)
            life.note(connection, number, LONG, Scope("thai-nguyen"), Actor("Minh", 1), now)
            numbers.append(int(row["id"]))
        return numbers[0]

    def path(self, route: str) -> str:
        """A real address for the route's pattern. Raises KeyError for a pattern without an example."""
        numbers = {
            "conversation_id": self.conversation,
            "class_id": self.lesson,
            "own": self.canned,
            "account_id": self.vendor,
            "survey_id": self.survey,
            "lead_id": self.lead,
            "request_id": self.data_request,
            "token": self.token,
            "phrase": self.phrase,
            "training_id": self.training,
            "segment_id": self.campaigns.segment,
            "template_id": self.campaigns.template,
            # One that has begun cannot be changed
            "campaign_id": self.campaigns.draft if route.endswith("/edit") else self.campaigns.campaign,
            "run_id": self.campaigns.run,
            "shop_id": self.lists.shop,
            "import_id": self.lists.upload,
        }
        return "/console" + route.format(**numbers) + ("?q=thue" if route == "/search" else "")


def _pages() -> list[str]:
    """Every route that is a page: GET, with a page as its answer."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    paths = [route.path for route in routes if "GET" in route.methods]
    return [path for path in paths if path not in NO_PAGES and "." not in path]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_for_everybody(site: Site, language: str, width: int) -> None:
    town, axe, seen = Town(site), Axe(), 0
    site.speak(town.admin, language)
    scheme = "dark" if language == "en" else "light"  # each is looked at once, in whichever language
    desk = site.sign_in(town.admin, viewport={"width": width, "height": 740}, color_scheme=scheme)
    faults = []
    for route in _pages():
        try:
            path = town.path(route)
        except KeyError:
            faults.append(f"{route}: no example in Town.path")
            continue
        answer = desk.page.goto(site.url + path)
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen += 1
        if answer.status != 200:
            faults.append(f"{route}: {answer.status}")
        desk.page.wait_for_timeout(50)
        results = axe.run(desk.page, options={"resultTypes": ["violations"]}).response["violations"]
        faults += [
            f"{route}: {one['id']}: {one['nodes'][0]['html'][:120]}" for one in results if one["impact"] in SERIOUS
        ]
        if not _no_sideways(desk.page):
            faults.append(f"{route}: scrolls sideways")
    desk.complaints[:] = [text for text in desk.complaints if not text.startswith("Failed to load resource")]
    assert faults == []
    assert seen >= 12
