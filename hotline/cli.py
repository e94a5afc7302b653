"""The `hotline` command. Each command is thin: it reads settings, composes rooms and calls them."""

from __future__ import annotations

import getpass
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson
import uvloop

from bot.data_requests import IDENTITIES
from hotline import terminal
from hotline.api_commands import api_group
from hotline.app import open_migrated_database, read_content, read_settings
from hotline.audit_commands import audit_group
from hotline.backup_commands import backup_group, restore
from hotline.campaign_commands import campaign_group
from hotline.channel_commands import channel_group, zalo_group
from hotline.dead_letter_commands import dead_letters_group
from hotline.errors import Stop
from hotline.import_commands import import_group
from hotline.key_commands import keys_group
from hotline.model_commands import models_group
from hotline.models import ensure_model, inputs_digest, lookup_table, run_rasa, train
from hotline.options import NUMBER, PORT, Instant, PersonName
from hotline.paths import MODELS, VAR
from hotline.report_commands import report_group
from hotline.serve import Ports
from hotline.serve import serve as serve_process
from hotline.survey_commands import survey_group
from hotline.survey_fill import survey_fill
from hotline.user_commands import user_group
from programme.retrieval_evaluation import evaluate as evaluate_search
from store.clock import Clock
from store.logs import configure_logs
from store.settings import Settings, explain, unknown_variables


class StoppingGroup(click.Group):
    """Prints a Stop as one sentence on standard error and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Stop as stop:
            click.echo(f"hotline: {stop}", err=True)
            ctx.exit(1)


@click.group(cls=StoppingGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Hotline chuyển đổi số: trợ lý ảo và cán bộ trả lời chủ cửa hàng."""


@main.command()
@click.option("--port", type=PORT, default=8000, show_default=True, help="Cổng của khung chat trên máy này.")
def up(port: int) -> None:
    """Chạy tất cả trên máy này: cơ sở dữ liệu, mô hình, dịch vụ Rasa, khung chat."""
    configure_logs()
    settings = read_settings()
    content = read_content(settings)
    model = None if settings.rasa_url else ensure_model(content, click.echo)
    _run(serve_process(settings, content, Ports(port=port), model, first_start=True))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=PORT, default=8000, show_default=True)
@click.option("--internal-host", default="127.0.0.1", show_default=True)
@click.option("--internal-port", type=PORT, default=8001, show_default=True)
def serve(host: str, port: int, internal_host: str, internal_port: int) -> None:
    """Chạy ứng dụng với dịch vụ Rasa có sẵn ở HOTLINE_RASA_URL."""
    configure_logs()
    settings = read_settings()
    if not settings.rasa_url:
        raise Stop("Lệnh serve cần HOTLINE_RASA_URL. Chạy tất cả trên một máy thì dùng: hotline up")
    ports = Ports(host, port, internal_host, internal_port)
    _run(serve_process(settings, read_content(settings), ports, None))


@main.command()
def migrate() -> None:
    """Đưa cơ sở dữ liệu lên phiên bản mới nhất."""
    settings = read_settings()
    database, _ = open_migrated_database(settings, Clock(settings.timezone, settings.now))
    database.close()
    click.echo("Cơ sở dữ liệu đã ở phiên bản mới nhất.")


@main.command("train")
@click.option("--force", is_flag=True, help="Huấn luyện lại dù đầu vào không đổi.")
def train_command(force: bool) -> None:
    """Huấn luyện mô hình nếu đầu vào đã đổi."""
    content = read_content(read_settings())
    if force:
        lookup = lookup_table(content)
        train(lookup, MODELS / f"{inputs_digest(lookup)}.tar.gz")
    click.echo(f"Mô hình: {ensure_model(content, click.echo).relative_to(VAR.parent)}")


@main.command()
def evaluate() -> None:
    """Chấm phần hiểu câu và phần tìm câu trả lời trên bộ câu hỏi giữ riêng; ghi var/evaluation.json."""
    settings = read_settings()
    content = read_content(settings)
    model = ensure_model(content, click.echo)
    out = VAR / "evaluation.json"
    run_rasa("nlu.evaluate", "--model", str(model), "--held-out", "nlu/eval/held_out.yml", "--out", str(out))
    search = evaluate_search(content, Clock(settings.timezone, settings.now).today())
    figures = {**orjson.loads(out.read_bytes()), "retrieval": search}
    out.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    terminal.print_search_figures(search)


def _conversing_options(command: Any) -> Any:
    """--json, --province and --now, the same for ask, converse and chat."""
    for option in (
        click.option("--now", type=Instant(), help="Trả lời như đang ở thời điểm này (ISO-8601)."),
        click.option("--province", help="Gói nội dung của tỉnh, thay cho HOTLINE_PROVINCE."),
    ):
        command = option(command)
    return command


@main.command()
@click.option("--json", "as_json", is_flag=True, required=True, help="Mỗi dòng trả lời là một đối tượng JSON.")
@_conversing_options
def ask(as_json: bool, province: str | None, now: datetime | None) -> None:
    """Mỗi dòng đầu vào là một câu hỏi, mỗi câu trong một cuộc trò chuyện mới."""
    _converse(province, now, terminal.each_line_afresh)


@main.command()
@click.option("--json", "as_json", is_flag=True, required=True, help="Mỗi dòng trả lời là một đối tượng JSON.")
@_conversing_options
def converse(as_json: bool, province: str | None, now: datetime | None) -> None:
    """Như ask, nhưng mọi dòng nằm trong cùng một cuộc trò chuyện."""
    _converse(province, now, terminal.all_lines_together)


@main.command()
@_conversing_options
def chat(province: str | None, now: datetime | None) -> None:
    """Trò chuyện với trợ lý trong cửa sổ dòng lệnh; nút bấm được đánh số."""
    _converse(province, now, terminal.chat)


@main.group("nlu")
def nlu_group() -> None:
    """Huấn luyện và chấm phần hiểu câu trên dữ liệu khác."""


@nlu_group.command("train")
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path), help="Tệp NLU theo dạng của Rasa.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Thư mục ghi mô hình.")
def nlu_train(data: Path, out: Path) -> None:
    """Huấn luyện phần hiểu câu (không có hội thoại) trên tệp dữ liệu của mình."""
    archive = out.resolve() / "nlu.tar.gz"
    run_rasa("nlu.train", "--out", str(archive), "--data", str(data.resolve()), quietly=True)
    click.echo(str(archive))


@nlu_group.command("evaluate")
@click.option("--model", required=True, type=click.Path(exists=True, path_type=Path), help="Thư mục của lệnh train.")
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path), help="Tệp NLU theo dạng của Rasa.")
def nlu_evaluate(model: Path, data: Path) -> None:
    """Chấm một mô hình; in JSON."""
    archive = model / "nlu.tar.gz" if model.is_dir() else model
    run_rasa("nlu.evaluate", "--model", str(archive.resolve()), "--data", str(data.resolve()))


@main.group()
def escalations() -> None:
    """Những yêu cầu đang chờ cán bộ."""


@escalations.command("list")
@click.option("--json", "as_json", is_flag=True, help="In JSON, mỗi dòng một yêu cầu.")
def escalations_list(as_json: bool) -> None:
    """Liệt kê, gần đến hạn trước."""
    settings = read_settings()
    terminal.list_escalations(settings, read_content(settings), as_json)


@escalations.command("answer")
@click.argument("number", type=NUMBER)
@click.argument("text")
@click.option("--officer", type=PersonName(), default="Cán bộ trực", show_default=True, help="Tên cán bộ trả lời.")
@click.option("--return", "finished", is_flag=True, help="Trả lời xong thì trả cuộc trò chuyện về cho trợ lý ảo.")
def escalations_answer(number: int, text: str, officer: str, finished: bool) -> None:
    """Cán bộ nhận cuộc trò chuyện và gửi trả lời cho chủ cửa hàng."""
    terminal.answer_escalation(read_settings(), number, text, officer, finished)


@escalations.command("return")
@click.argument("number", type=NUMBER)
@click.option("--officer", type=PersonName(), help="Tên cán bộ đang giữ; bắt buộc khi có người giữ.")
@click.option("--force", is_flag=True, help="Trả thay người đang giữ.")
@click.option("--close", is_flag=True, help="Khép lại luôn: trợ lý ảo im lặng đến khi chủ cửa hàng nhắn tiếp.")
@click.option("--topic", help="Khi khép lại: chủ đề của yêu cầu (content/national/topics.yaml).")
def escalations_return(number: int, officer: str | None, close: bool, force: bool, topic: str | None) -> None:
    """Cán bộ đã xong: trả cuộc trò chuyện về cho trợ lý ảo."""
    if topic is not None and not close:
        raise click.UsageError("--topic chỉ dùng cùng với --close.")
    settings = read_settings()
    terminal.return_escalation(settings, read_content(settings), number, officer, close, force, topic)


@main.group("data-requests")
def data_requests() -> None:
    """Yêu cầu xem, xóa dữ liệu cá nhân."""


@data_requests.command("list")
def data_requests_list() -> None:
    """Liệt kê, gần đến hạn trước."""
    terminal.list_data_requests(read_settings())


@data_requests.command("done")
@click.argument("number", type=NUMBER)
@click.option("--identity", type=click.Choice(IDENTITIES), help="Đã xác nhận đúng người bằng cách nào.")
def data_requests_done(number: int, identity: str | None) -> None:
    """Đã làm xong; yêu cầu xóa thì hotline bắt đầu xóa. Trang Dữ liệu cá nhân làm đủ từng bước."""
    terminal.finish_data_request(read_settings(), number, identity)


@main.group("content")
def content_group() -> None:
    """Gói nội dung."""


@content_group.command("list")
def content_list() -> None:
    """Những câu chỉ được nói khi có người duyệt, và đã duyệt hay chưa."""
    settings = read_settings()
    terminal.list_unapproved(settings, read_content(settings))


@content_group.command("approve")
@click.argument("entry")
@click.option(
    "--by", type=PersonName(), default=getpass.getuser, help="Tên người duyệt; không ghi thì là tên đăng nhập."
)
def content_approve(entry: str, by: str) -> None:
    """Duyệt một câu với đúng lời và nguồn đang có; sửa câu thì phải duyệt lại."""
    settings = read_settings()
    terminal.approve_entry(settings, read_content(settings), entry, by)


@content_group.command("check")
def content_check() -> None:
    """Kiểm tra mọi gói nội dung; lỗi thì nêu tệp, dòng và cách sửa."""
    content = read_content(read_settings())
    count = sum(1 for _ in content.answers)
    click.echo(f"Nội dung dùng được: {len(content.packs.provinces)} tỉnh, {count} câu trả lời.")


@main.group("config")
def config_group() -> None:
    """Cấu hình."""


@config_group.command("check")
def config_check() -> None:
    """In từng biến cấu hình, giá trị (che bí mật) và ý nghĩa."""
    for name, value, description in explain(read_settings()):
        click.echo(f"{name} = {value or '(để trống)'}\n    {description}")
    for name in unknown_variables():
        click.echo(f"{name}: không có cấu hình nào tên này, kiểm tra lại chính tả", err=True)


survey_group.add_command(survey_fill)
main.add_command(survey_group)
main.add_command(report_group)
main.add_command(import_group)
main.add_command(dead_letters_group)
main.add_command(campaign_group)
main.add_command(channel_group)
main.add_command(zalo_group)
main.add_command(user_group)
main.add_command(audit_group)
main.add_command(backup_group)
main.add_command(restore)
main.add_command(keys_group)
main.add_command(api_group)
main.add_command(models_group)


def _converse(province: str | None, now: datetime | None, how: terminal.Conversing) -> None:
    configure_logs(logging.ERROR)
    changes = {"province": province and province.replace("_", "-"), "now": now}
    settings: Settings = read_settings().model_copy(update={k: v for k, v in changes.items() if v is not None})
    content = read_content(settings)
    model = ensure_model(content, lambda text: click.echo(text, err=True))
    _run(how(settings, content, model))


def _run(coroutine: Any) -> None:
    try:
        uvloop.run(coroutine)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
