"""The texts in the form of a campaign: one for everybody or two to compare, and others for further steps of its
schedule, each a message template or written there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from programme.campaign_plan import Plan, Variant
from programme.campaign_text import plain
from programme.message_templates import MessageTemplate

# Further steps that have fields; a step without a text of its own has the first one's
FURTHER_STEPS = (1, 2, 3, 4, 5)
_LONGEST, _NUMBER = 2000, 20
FIELDS: Mapping[str, int] = {
    **{f"{name}{end}": most for name, most in (("text", _LONGEST), ("template", _NUMBER)) for end in ("", "_b")},
    **{f"text_{step}": _LONGEST for step in FURTHER_STEPS},
    **{f"template_{step}": _NUMBER for step in FURTHER_STEPS},
    "share_b": 10,
    "target": 200,
}


def variants_of_form(
    field: Callable[[str], str],
    accents: bool,
    share: int,
    has_steps: bool,
    known: Plan | None,
    templates: Sequence[MessageTemplate],
) -> tuple[Variant, ...]:
    """What the fields say. `accents`, of texts that are written there; `share`: of the second text, in per cent;
    `has_steps`: the schedule has further ones. `known`: the plan until now, of which steps without a field are kept."""
    by_id = {str(one.id): one for one in templates}
    target = field("target") or None

    def said(id_: str, end: str, step: int = 0) -> Variant | None:
        template, text = by_id.get(field(f"template{end}")), field(f"text{end}")
        if template is not None:
            return _of_template(id_, template, step, target)
        written = text if accents else plain(text)
        return Variant(id_, written, step=step, unicode=accents, target=target) if text else None

    first = said("A", "") or Variant("A", "", unicode=accents, target=target)
    second = said("B", "_b")
    found = [first] if second is None else [replace(first, share=100 - share), replace(second, share=share)]
    if has_steps:
        found += [one for step in FURTHER_STEPS if (one := said(str(step + 1), f"_{step}", step)) is not None]
        found += [one for one in (known.variants if known else ()) if one.step > FURTHER_STEPS[-1]]
    return tuple(found)


def fields_of_plan(plan: Plan) -> dict[str, str]:
    """The fields in which a plan's texts stand."""
    first, second = (*(one for one in plan.variants if not one.step), None, None)[:2]
    fields = {"target": (first.target or "") if first else "", "share_b": str(second.share) if second else ""}
    ends = [("", first), ("_b", second)]
    ends += [(f"_{one.step}", one) for one in plan.variants if one.step in FURTHER_STEPS]
    for end, one in ends:
        fields |= {
            f"template{end}": str(one.template) if one and one.template else "",
            f"text{end}": one.text if one else "",  # also of a template, which may be archived by now
        }
    return fields


def _of_template(id_: str, template: MessageTemplate, step: int, target: str | None) -> Variant:
    draft = template.draft
    zbs = {"template": draft.zbs_template, "variables": dict(draft.zbs_variables)} if draft.zbs_template else None
    accents, brandname = draft.sends == "accented", draft.brandname or None
    return Variant(id_, draft.sent_text, 100, step, template.id, accents, brandname, zbs, target)
