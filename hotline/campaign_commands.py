"""`hotline campaign simulate`: one campaign from a file, through everything that sends campaigns, to a gateway on the
loopback and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import click
import orjson
import uvloop

from console.reason_words import reason_words
from hotline.app import read_content, read_settings
from hotline.errors import Stop
from hotline.simulated_campaign import CARRIED, Outcome, require_loopback, simulate
from programme.campaign_file import CampaignFile, CampaignFileInvalid, read_campaign_file
from programme.campaign_people import Addressee, made_up, read_people
from store.clock import Clock
from store.logs import configure_logs


@click.group("campaign")
def campaign_group() -> None:
    """Đợt nhắn tin."""


@campaign_group.command("simulate")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="In kết quả là một đối tượng JSON.")
@click.pass_context
def simulate_command(context: click.Context, file: Path, as_json: bool) -> None:
    """Chạy thử một đợt nhắn tin từ tệp YAML hoặc JSON, chỉ với cổng SMS trên máy này, và chờ đến khi xong.

    Bị ngắt giữa chừng thì chạy lại với đúng tệp và cơ sở dữ liệu ấy: hotline gửi tiếp phần còn lại.
    """
    configure_logs(logging.ERROR)
    settings = read_settings()
    content = read_content(settings)
    try:
        campaign, people = _read(file, Clock(settings.timezone, settings.now))
        require_loopback(settings, campaign.gateway)
    except CampaignFileInvalid as invalid:
        raise Stop(f"{invalid.code}: {invalid}.") from None
    outcome = _run(simulate(settings, content, campaign, people, lambda words: click.echo(words, err=True)))
    click.echo(orjson.dumps(outcome.figures).decode() if as_json else _in_words(outcome.figures))
    if outcome.paused_for is not None:
        why = reason_words(outcome.paused_for)
        raise Stop(f"campaign_paused: đợt gửi tự tạm dừng, lý do {outcome.paused_for}: {why}.")
    context.exit(0)


def _read(file: Path, clock: Clock) -> tuple[CampaignFile, list[Addressee]]:
    campaign = read_campaign_file(file, CARRIED, clock.timezone)
    people = made_up(campaign.count) if campaign.count is not None else read_people(campaign.table or b"")
    return campaign, list(people)


def _run(work: Any) -> Outcome:
    try:
        outcome: Outcome = uvloop.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Stop("Đã dừng giữa chừng; chạy lại với đúng tệp và cơ sở dữ liệu này để gửi tiếp.") from None
    return outcome


def _in_words(figures: dict[str, Any]) -> str:
    """The same for people, each reason on a line of its own."""
    lines = [
        f"Người nhận: {figures['prepared']}",
        f"  cổng SMS đã nhận, chưa có báo cáo: {figures['accepted']}",
        f"  đã tới máy: {figures['delivered']}",
        f"  không tới được: {sum(figures['failed'].values())}",
        *(f"    {reason}: {count}" for reason, count in sorted(figures["failed"].items())),
        f"  không gửi: {sum(figures['skipped'].values())}",
        *(f"    {reason}: {count}" for reason, count in sorted(figures["skipped"].items())),
        f"  chưa rõ: {figures['uncertain']}",
        *([f"  chưa gửi: {figures['unsent']}"] if "unsent" in figures else []),
        f"{figures['seconds']} giây, {figures['per_second']} tin mỗi giây",
    ]
    return "\n".join(lines)
