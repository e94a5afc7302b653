"""Our app with the benchmark's form in place of the product's flows: `hotline up` in everything else.

python -m bench.form_app ARCHIVE        prints its address like `hotline up`, ends on SIGTERM
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvloop

from bot.flow_domain import load_flows
from hotline.app import read_content, read_settings
from hotline.serve import Ports, serve
from store.logs import configure_logs

BENCH = Path(__file__).parent
ACTIONS = "bench.form.actions"


def main(archive: Path) -> None:
    """Serve until SIGTERM. Raises Stop."""
    configure_logs()
    settings = read_settings()
    uvloop.run(serve(settings, read_content(settings), Ports(port=0), archive, load_flows(BENCH), ACTIONS))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
