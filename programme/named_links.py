"""The links whose clicks are counted per channel (content/national/links.yaml): `/r/rdx-zalo` opens the RDX portal.

A closed list: what is not in it is opened by no address of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from programme.packs import NATIONAL, Text, Url
from programme.yaml_source import ContentModel, read_yaml

_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", max_length=20)]


class NamedLink(ContentModel):
    """A place that many messages lead to. `name`: as people read it in reports."""

    id: _Word
    name: Text
    url: Url


class _LinksFile(ContentModel):
    channels: Annotated[tuple[_Word, ...], Field(min_length=1)]
    links: tuple[NamedLink, ...]


@dataclass(frozen=True)
class NamedLinks:
    """The links by id, and the channels that their clicks are told apart by."""

    links: Mapping[str, NamedLink]
    channels: tuple[str, ...]

    def find(self, code: str) -> tuple[NamedLink, str] | None:
        """The link and the channel that `rdx-zalo` means; None: nothing that we know."""
        name, _, channel = code.partition("-")
        link = self.links.get(name)
        return None if link is None or channel not in self.channels else (link, channel)


def load_named_links(root: Path) -> NamedLinks:
    """Raises ContentError, also for an id that stands there twice."""
    source = read_yaml(root / NATIONAL / "links.yaml")
    file = source.validate(_LinksFile)
    links: dict[str, NamedLink] = {}
    for index, link in enumerate(file.links):
        if link.id in links:
            raise source.error(("links", index, "id"), f'đường dẫn "{link.id}" có hai lần', "giữ một dòng")
        links[link.id] = link
    return NamedLinks(links, file.channels)
