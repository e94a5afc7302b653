"""`hotline survey …`: scoring written-down answers, and the sheet into which paper forms are typed."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from hotline.app import open_migrated_database, read_content, read_settings
from hotline.errors import Stop
from programme.responses import rescore
from programme.survey.cases import CasesInvalid, read_cases, scored
from programme.survey_template import write_template
from store.clock import Clock


@click.group("survey")
def survey_group() -> None:
    """Khảo sát mức độ chuyển đổi số của cửa hàng."""


@survey_group.command("score")
@click.argument("file", type=click.Path(path_type=Path))
def survey_score(file: Path) -> None:
    """Chấm các phiếu trả lời trong tệp YAML; mỗi phiếu in một đối tượng JSON."""
    try:
        cases = read_cases(file, read_content(read_settings()).surveys)
    except CasesInvalid as invalid:
        raise Stop(str(invalid)) from None
    for result in [scored(case) for case in cases]:
        click.echo(orjson.dumps(result).decode())


@survey_group.command("recheck")
def survey_recheck() -> None:
    """Chấm lại mọi phiếu đã xong bằng đúng phiên bản của nó; nêu phiếu nào khác điểm đã lưu."""
    settings = read_settings()
    surveys = read_content(settings).surveys
    database, _ = open_migrated_database(settings, Clock(settings.timezone, settings.now))
    try:
        checked = database.read_now(lambda c: [(one.id, one.is_as_stored) for one in rescore(c, surveys)])
    finally:
        database.close()
    different = [id_ for id_, is_as_stored in checked if not is_as_stored]
    if different:
        raise Stop(f"{len(different)} phiếu khác điểm đã lưu: {', '.join(map(str, different))}.")
    click.echo(f"Đã chấm lại {len(checked)} phiếu, tất cả đúng như đã lưu.")


@survey_group.command("template")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Tệp .xlsx sẽ ghi.")
def survey_template(out: Path) -> None:
    """Ghi bảng tính trống để nhập phiếu giấy, kèm hướng dẫn từng câu."""
    survey = read_content(read_settings()).surveys.latest
    try:
        write_template(survey, out)
    except OSError as error:
        raise Stop(f"Không ghi được {out} ({error.strerror}). Hãy kiểm tra thư mục và quyền ghi.") from None
    click.echo(f"Đã ghi {out}. Nhập xong thì chạy: hotline import surveys {out}")
