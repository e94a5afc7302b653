"""Runs Rasa's prediction graph node after node. Replaces dask, which plans the same small graph anew at every run.

Knows nothing of what the nodes do; training keeps Rasa's own runner.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any, Dict, List, Sequence, Tuple

from rasa.engine.runner.dask import DaskGraphRunner

Order = Tuple[Tuple[str, Tuple[str, ...]], ...]


class OrderedRunner:
    """Made from a loaded runner, whose nodes it shares."""

    def __init__(self, runner: DaskGraphRunner) -> None:
        self._schema, self._nodes = runner._graph_schema, runner._instantiated_nodes
        self._orders: Dict[Tuple[str, ...], Order] = {}

    def run(self, inputs: Dict[str, Any], targets: Sequence[str]) -> Dict[str, Any]:
        """The outputs of `targets` (names of nodes). `inputs`: values for the graph's placeholders."""
        results = {name: (name, value) for name, value in inputs.items()}
        for node, needs in self._order(tuple(targets)):
            results[node] = self._nodes[node](*(results[need] for need in needs))
        return dict(results[target] for target in targets)

    def _order(self, targets: Tuple[str, ...]) -> Order:
        if targets not in self._orders:
            nodes = self._schema.minimal_graph_schema(list(targets)).nodes
            needed = {name: tuple(node.needs.values()) for name, node in nodes.items()}
            sorted_names: List[str] = list(TopologicalSorter(needed).static_order())
            self._orders[targets] = tuple((name, needed[name]) for name in sorted_names if name in needed)
        return self._orders[targets]
