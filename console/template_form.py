"""The form of a message template: what somebody typed becomes a draft, and a draft becomes what the form shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData

from console.forms import number_field, text_field
from programme import campaign_text
from programme.message_templates import LONGEST_BRANDNAME, LONGEST_NAME, LONGEST_ZBS, Draft

# Far beyond what can be kept, so that whoever pastes too much is told so beside their text instead of losing it
_MOST_TYPED = 10 * campaign_text.MOST_CHARACTERS
_MOST_PARAMETERS = 2000
EMPTY = Draft(name="", kind="", text="", plain="")


@dataclass(frozen=True)
class Typed:
    """A draft as typed. `makes_plain`: the accent-free text is made from the accented one, and follows it.

    `version`: the one that was read, 0 for a new template.
    """

    draft: Draft
    makes_plain: bool = True
    version: int = 0


def typed_of(draft: Draft, version: int = 0) -> Typed:
    """What the form shows at first."""
    return Typed(draft, draft.plain == campaign_text.plain(draft.text), version)


def read_form(form: FormData) -> Typed:
    """Raises Problem 422 for a field that is longer than any honest one."""
    text = text_field(form, "text", _MOST_TYPED).replace("\r\n", "\n")
    # Whoever types into the accent-free text means it to stay
    makes_plain = "makes_plain" in form and "own_plain" not in form
    own = text_field(form, "plain", _MOST_TYPED).replace("\r\n", "\n")
    draft = Draft(
        name=text_field(form, "name", LONGEST_NAME),
        kind=text_field(form, "kind", 20),
        text=text,
        plain=campaign_text.plain(text) if makes_plain else own,
        sends="accented" if form.get("sends") == "accented" else "plain",
        brandname=text_field(form, "brandname", LONGEST_BRANDNAME),
        zbs_template=text_field(form, "zbs_template", LONGEST_ZBS),
        starter=text_field(form, "starter", 60) or None,
        zbs_variables=read_parameters(text_field(form, "zbs_variables", _MOST_PARAMETERS)),
    )
    return Typed(draft, makes_plain, number_field(form, "version"))


def read_parameters(lines: str) -> dict[str, str]:
    """ "customer_name = name", one a line. A line without "=" keeps its words, so that it is refused by them."""
    pairs = (line.partition("=") for line in lines.splitlines() if line.strip())
    return {name.strip(): variable.strip(" {}") for name, _, variable in pairs}


def parameter_lines(parameters: Mapping[str, str]) -> str:
    """As `read_parameters` reads them."""
    return "\n".join(f"{name} = {variable}" for name, variable in parameters.items())
