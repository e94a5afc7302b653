"""What is counted while the hotline runs, in Prometheus' words; and the page that it reads on the internal port.

Counters live in the process: several app processes are scraped one by one. Labels are channels, statuses and codes of
ours, never anything a person wrote and nothing without bound. What waits is read from the database at each scrape.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from store.backlog import Backlog, read_backlog
from store.clock import Clock
from store.database import Database
from store.logs import get_logger

METRICS_PATH = "/metrics"
# In seconds: the promise is 50 ms, Zalo hangs up after 2 s.
_WEBHOOK_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2)
_CALL_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

log = get_logger("bot.metrics")

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
_counter = partial(Counter, registry=REGISTRY)
_gauge = partial(Gauge, registry=REGISTRY)
_histogram = partial(Histogram, registry=REGISTRY)

_events = _counter("hotline_webhook_events", "Events received and stored, new ones only", ["channel"])
_duplicates = _counter("hotline_webhook_duplicates", "Events that had been stored before", ["channel"])
_refused = _counter("hotline_webhook_refused", "Webhook calls that were not believed or not read", ["channel", "code"])
_webhook_time = _histogram(
    "hotline_webhook_seconds", "From a webhook call to its durable answer", ["channel"], buckets=_WEBHOOK_SECONDS
)
_turns = _counter("hotline_turns", "Messages that are done: answered, with_person, flood", ["channel", "status"])
_deliveries = _counter("hotline_messages", "Our messages by the delivery status they came to", ["channel", "status"])
_call_time = _histogram(
    "hotline_provider_call_seconds", "Calls to a provider, failed ones too", ["channel"], buckets=_CALL_SECONDS
)
_database_up = _gauge("hotline_database_up", "Whether the database answered this scrape; if not, the gauges are old")
_inbox = _gauge("hotline_inbox_pending", "Messages that nobody has answered or taken yet")
_inbox_age = _gauge("hotline_inbox_oldest_seconds", "How long the oldest of them has waited")
_outbox = _gauge("hotline_outbox_messages", "Our messages that are not delivered, by status", ["status"])
_outbox_age = _gauge("hotline_outbox_oldest_seconds", "How long the oldest reply, bulk apart, waits to be sent")
_dead = _gauge("hotline_dead_letters", "Events that a person must look at")
_alarms = _gauge("hotline_alarms_open", "Alarms that are not over")


def webhook_received(channel: str, events: int = 1, duplicates: int = 0) -> None:
    """A genuine call is stored: so many new events, so many known ones."""
    _events.labels(channel).inc(events)
    _duplicates.labels(channel).inc(duplicates)


def webhook_refused(channel: str, code: str) -> None:
    """`code`: of NotGenuine or NotReadable, or of ours; one of a closed list."""
    _refused.labels(channel, code).inc()


def webhook_seconds(channel: str) -> AbstractContextManager[object]:
    """Time a webhook call: `with webhook_seconds("zalo"): …`."""
    return _webhook_time.labels(channel).time()


def turn_finished(channel: str, status: str, messages: int = 1) -> None:
    """So many inbound messages came to `status` (see store.tables.inbound)."""
    _turns.labels(channel, status).inc(messages)


def message_delivered(channel: str, status: str, messages: int = 1) -> None:
    """So many outbound messages came to `status` (see store.tables.outbound)."""
    _deliveries.labels(channel, status).inc(messages)


def provider_call(channel: str) -> AbstractContextManager[object]:
    """Time a call to a provider: `with provider_call("zalo"): await …`."""
    return _call_time.labels(channel).time()


def metrics_route(database: Database, clock: Clock) -> Route:
    """GET /metrics for the internal port. A database that is away leaves the counters readable."""

    async def show(_: Request) -> Response:
        try:
            _set_gauges(await database.read(partial(read_backlog, now=clock.now())))
            _database_up.set(1)
        except SQLAlchemyError:
            log.exception("backlog_unreadable")
            _database_up.set(0)
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return Route(METRICS_PATH, show, methods=["GET"])


def _set_gauges(backlog: Backlog) -> None:
    _inbox.set(backlog.inbox)
    _inbox_age.set(backlog.inbox_age.total_seconds())
    for status, count in backlog.outbox.items():
        _outbox.labels(status).set(count)
    _outbox_age.set(backlog.outbox_age.total_seconds())
    _dead.set(backlog.dead_letters)
    _alarms.set(backlog.alarms)
