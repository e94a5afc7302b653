"""How much is measured: everything, or just enough to see that the benchmark itself works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """`turns`: what stands for turns 300 and 1,000. Counts are conversations, samples or turns; `seconds` is time."""

    decides: bool = True
    with_default_pipeline: bool = True
    turns: tuple[int, int] = (300, 1000)
    button_samples: int = 150
    questions_per_second: float = 20
    question_seconds: float = 30
    question_conversations: int = 80
    sentences: int = 520
    answer_samples: int = 100
    # survey turns of both servers; shares: how many turns ours takes where the stock server takes how many
    conversations_at_ten: int = 10
    batches_at_ten: int = 2
    together: int = 20
    shares_at_300: tuple[int, int] = (5, 1)
    rounds_at_300: int = 30
    rounds_at_300_together: int = 2
    # stored responses: scored anew, and in all where the report is made
    scored_responses: int = 100_000
    reported_responses: int = 1_500_000
    simulated_owners: int = 1_000
    # Zalo's webhook
    webhooks_per_second: float = 500
    webhook_seconds: float = 20
    messages_per_second: float = 50
    end_to_end_seconds: float = 60
    end_to_end_people: int = 300
    # kills: of one process on SQLite, of two on PostgreSQL and Redis
    kills: tuple[int, int] = (50, 50)
    fuzzed_bodies: int = 100_000
    mails: int = 1_000
    # of the person who is erased, and of everybody else
    erased_messages: int = 10_000
    erased_among: int = 100_000
    # a backup of a year
    backup_owners: int = 15_000
    backup_messages: int = 1_000_000
    # the console after a year; `console_waiting`: of its owners, in the queue; live: consoles open, messages a second
    console_owners: int = 100_000
    console_messages: int = 1_000_000
    console_long_talk: int = 1_000
    console_waiting: int = 2_000
    console_samples: int = 240
    console_races: int = 1_000
    console_open: int = 50
    console_per_second: float = 50
    console_seconds: float = 30
    api_leads: int = 15_000
    campaign_recipients: int = 15_000
    campaign_contacts: int = 1_000_000
    imported_rows: int = 100_000
    campaign_kills: int = 100  # on each engine
    segment_counts: int = 20  # of each question


FULL = Scale()
QUICK = Scale(
    decides=False,
    with_default_pipeline=False,
    turns=(20, 40),
    button_samples=20,
    question_seconds=3,
    question_conversations=8,
    sentences=60,
    answer_samples=20,
    conversations_at_ten=2,
    batches_at_ten=1,
    together=4,
    rounds_at_300=5,
    rounds_at_300_together=1,
    scored_responses=2_000,
    reported_responses=10_000,
    simulated_owners=20,
    webhooks_per_second=100,
    webhook_seconds=2,
    messages_per_second=10,
    end_to_end_seconds=4,
    end_to_end_people=40,
    kills=(2, 2),
    fuzzed_bodies=500,
    mails=100,
    erased_messages=200,
    erased_among=1_000,
    backup_owners=300,
    backup_messages=5_000,
    console_owners=1_000,
    console_messages=10_000,
    console_long_talk=200,
    console_waiting=200,
    console_samples=24,
    console_races=20,
    console_open=5,
    console_per_second=10,
    console_seconds=3,
    api_leads=200,
    campaign_recipients=500,
    campaign_contacts=5_000,
    imported_rows=2_000,
    campaign_kills=4,
    segment_counts=2,
)
