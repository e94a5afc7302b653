"""Two models side by side: what each makes of every held-out utterance, and of the phrases that were taught.

    python -m nlu.compare --new X.tar.gz --live Y.tar.gz --held-out nlu/eval/held_out.yml --taught FILE --out FILE

Writes JSON and judges nothing, which is the app's business (programme/model_gate.py):
{"threshold", "utterances": [{"text", "style", "intent", "commune", "live": R, "new": R}],
"taught": [{"id", "text", "intent", "live": R, "new": R}]}; R = {"intent" (the first choice, before the fallback),
"confidence", "communes"}.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from nlu import rasa_runtime  # before any import of rasa

import yaml

from nlu import child
from nlu.evaluate import Judged, Parser, configured_threshold, judge


def _read(judged: Judged) -> Dict[str, Any]:
    communes = [entity["value"] for entity in judged.entities if entity.get("entity") == "commune"]
    return {"intent": judged.intent, "confidence": round(judged.confidence, 4), "communes": communes}


def compare(new: Parser, live: Parser, utterances: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Each utterance as both models read it."""
    return [{**one, "live": _read(judge(live, one)), "new": _read(judge(new, one))} for one in utterances]


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m nlu.compare", description=__doc__.splitlines()[0])
    for name in ("new", "live", "held-out", "taught", "out"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    child.add_options(parser)
    arguments = parser.parse_args(argv)
    child.behave(arguments)
    rasa_runtime.quiet()
    new, live = Parser(arguments.new), Parser(arguments.live)
    utterances = yaml.safe_load(arguments.held_out.read_text(encoding="utf-8"))["utterances"]
    taught = json.loads(arguments.taught.read_text(encoding="utf-8"))
    result = {
        "threshold": configured_threshold(),
        "utterances": compare(new, live, utterances),
        "taught": compare(new, live, taught),
    }
    arguments.out.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
