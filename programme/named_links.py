"""The links whose clicks are counted per channel (content/national/links.yaml): `/r/rdx-zalo` opens the RDX portal.

A closed list: what is not in it is opened by no address of ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from programme.packs import NATIONAL, Text, Url
from programme.short_links import named_link
from programme.yaml_source import ContentModel, read_yaml

# An address ends here, and is no longer one that only begins so
_ENDS = r"/?(?![\w/@?#=&%~+-]|[.:]\w)"
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", max_length=20)]


class NamedLink(ContentModel):
    """A place that many messages lead to. `name`: as people read it in reports."""

    id: _Word
    name: Text
    url: Url

    @property
    def host(self) -> str:
        """Its address as it is said, without the scheme."""
        return self.url.partition("://")[2].rstrip("/")


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

    def counted(self, text: str, public_url: str, channel: str) -> str:
        """`text`, in which ours stands beside each address of the list, so that it is counted who opens it:
        "rdx.gov.vn (https://hotline.example/r/rdx-zalo)". The true name stays to be read.

        As it was without a public address, or on a channel whose clicks nobody tells apart.
        """
        if not public_url or channel not in self.channels:
            return text
        for link in self.links.values():
            ours = f"{link.host} ({named_link(public_url, link.id, channel)})"
            text = ours.join(re.split(re.escape(link.url) + _ENDS, text))
        return text


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
