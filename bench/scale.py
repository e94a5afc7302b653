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
    # survey: ours, stock
    conversations_at_ten: tuple[int, int] = (15, 10)
    batches_at_ten: tuple[int, int] = (3, 1)
    together: int = 20
    steps_at_300: tuple[int, int] = (100, 30)
    steps_at_300_together: tuple[int, int] = (20, 3)


FULL = Scale()
QUICK = Scale(
    decides=False,
    with_default_pipeline=False,
    turns=(20, 40),
    button_samples=20,
    question_seconds=3,
    question_conversations=8,
    sentences=60,
    conversations_at_ten=(2, 1),
    batches_at_ten=(1, 1),
    together=4,
    steps_at_300=(10, 5),
    steps_at_300_together=(3, 2),
)
