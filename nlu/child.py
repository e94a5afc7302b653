"""How training behaves beside conversations that go on: behind them in the processor's queue, and gone with its parent.

python -m nlu.train … --nice 10 --follow-stdin
"""

from __future__ import annotations

import argparse
import os
import sys
import threading


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nice", type=int, default=0, help="how far behind other processes (0 to 19)")
    parser.add_argument("--follow-stdin", action="store_true", help="end when standard input ends: die with the parent")


def behave(arguments: argparse.Namespace) -> None:
    """Take on what the options say."""
    if arguments.nice:
        os.nice(arguments.nice)
    if arguments.follow_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(1)  # whoever wanted the result is gone; an archive appears complete or not at all
