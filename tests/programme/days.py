"""Days on which answers are asked for: while the pilot ran, after it, and in the next year."""

from __future__ import annotations

import datetime as dt

PILOT = dt.date(2026, 3, 15)
TODAY = dt.date(2026, 11, 23)
NEXT_YEAR = dt.date(2027, 1, 15)
