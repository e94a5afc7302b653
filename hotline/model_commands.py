"""`hotline models`: which models there are, train what was taught, let another one answer."""

from __future__ import annotations

import asyncio

import click
import uvloop
from sqlalchemy import Connection

from bot.wakeups import Wakeups
from hotline.app import read_content
from hotline.command_desk import CommandDesk, command_desk
from hotline.errors import Stop
from hotline.models import archive_of, ensure_model, is_there, release_of, require_rasa_environment
from hotline.options import PersonName
from hotline.paths import RASA_PYTHON
from hotline.trainer import Trainer
from programme import trained_models, training_jobs
from programme.trained_models import NotSwitchable
from programme.training_examples import TrainingExamples
from programme.training_jobs import Training
from store.audit import Actor, record
from store.logs import configure_logs

NAME = "hotline models"
LOOK_SECONDS = 0.5
_REASONS = {
    "model_unknown": "Không có mô hình tên này; xem: hotline models list",
    "model_refused": "Mô hình này đã bị chặn vì kém hơn; không dùng được.",
    "other_release": "Mô hình này thuộc bản phát hành khác; hãy huấn luyện lại: hotline models train",
    "nothing_before": "Chưa có mô hình nào trước đó để quay lại.",
}
_STATES = {"passed": "đạt, đang trả lời", "refused": "không đạt, mô hình cũ giữ nguyên", "failed": "hỏng giữa chừng"}


@click.group("models")
def models_group() -> None:
    """Các mô hình đã huấn luyện, và mô hình nào đang trả lời."""


@models_group.command("list")
def list_models() -> None:
    """Liệt kê, mới trước; dấu * là mô hình đang trả lời."""
    with command_desk(NAME) as desk:
        live, models = desk.database.read_now(lambda c: (trained_models.live(c), trained_models.all_models(c)))
    if not models:
        click.echo("Chưa có mô hình nào: mô hình đầu tiên được ghi khi hotline chạy lần đầu.")
    for model in models:
        mark = "*" if live is not None and live.model.id == model.id else " "
        overall = (model.figures or {}).get("overall")
        figures = f"{overall['new_right']}/{overall['n']} câu đúng" if overall else "theo bản phát hành"
        made = f"{desk.here(model.made_at):%d/%m/%Y %H:%M}"
        state = "" if model.state == "ready" else "  (bị chặn)"
        click.echo(f"{mark} {model.name}  {made}  {len(model.lessons)} câu đã dạy  {figures}{state}")


@models_group.command("train")
@click.option("--by", type=PersonName(), default="dòng lệnh", show_default=True, help="Tên người yêu cầu.")
def train(by: str) -> None:
    """Huấn luyện những câu cán bộ đã dạy; mô hình mới trả lời ngay nếu không kém hơn."""
    configure_logs()
    require_rasa_environment()
    with command_desk(NAME) as desk:
        release, trainer = _trainer(desk)

        def ask(connection: Connection) -> int:
            trained_models.settle(connection, release, _has_archive, desk.clock.now())
            is_new = training_jobs.ask(connection, "asked", None, desk.clock.now())
            id_ = training_jobs.newest(connection)[0].id
            if is_new:
                record(connection, desk.keyring, desk.clock.now(), Actor(by), "training.asked", "training")
            return id_

        ended = uvloop.run(_until_over(trainer, desk.database.run_now(ask)))
    click.echo(f"Lần huấn luyện {ended.id}: {_STATES[ended.state]}.")
    if ended.state != "passed":
        raise Stop(ended.fault or "Xem chi tiết trên trang Dạy trợ lý, mục Mô hình.")


@models_group.command("activate")
@click.argument("name")
@click.option("--by", type=PersonName(), default="dòng lệnh", show_default=True, help="Tên người đổi.")
def activate(name: str, by: str) -> None:
    """Cho mô hình NAME trả lời; các tiến trình đang chạy đổi theo trong khoảng một giây."""
    with command_desk(NAME) as desk:
        _activate(desk, name, by)


@models_group.command("rollback")
@click.option("--by", type=PersonName(), default="dòng lệnh", show_default=True, help="Tên người đổi.")
def rollback(by: str) -> None:
    """Quay lại mô hình ngay trước mô hình đang trả lời."""
    with command_desk(NAME) as desk:
        release = release_of(read_content(desk.settings))
        before = desk.database.read_now(lambda c: trained_models.before(c, release))
        if before is None:
            raise Stop(_REASONS["nothing_before"])
        _activate(desk, before.name, by)


@models_group.command("work")
def work() -> None:
    """Chạy liên tục, huấn luyện mỗi khi có người yêu cầu (cho container không có môi trường của Rasa bên cạnh)."""
    configure_logs()
    require_rasa_environment()
    with command_desk(NAME) as desk:
        release, trainer = _trainer(desk)
        desk.database.run_now(lambda c: trained_models.settle(c, release, _has_archive, desk.clock.now()))
        try:
            uvloop.run(trainer.run())
        except KeyboardInterrupt:
            click.echo("Đã dừng.")


def _trainer(desk: CommandDesk) -> tuple[str, Trainer]:
    content = read_content(desk.settings)
    ensure_model(content, lambda text: click.echo(text, err=True))  # what a new model is compared with
    release = release_of(content)
    return release, Trainer(desk.database, desk.clock, desk.keyring, Wakeups(), content, release, TrainingExamples())


async def _until_over(trainer: Trainer, id_: int) -> Training:
    """Train here, or wait for the process that has taken it."""
    while True:
        await trainer.look()
        found = await trainer.database.read(lambda c: training_jobs.find(c, id_))
        if found is not None and found.is_over:
            return found
        await asyncio.sleep(LOOK_SECONDS)


def _activate(desk: CommandDesk, name: str, by: str) -> None:
    release = release_of(read_content(desk.settings))
    if RASA_PYTHON.exists() and not _has_archive(name):
        raise Stop(f"Không còn tệp của mô hình {name} trong var/models.")

    def work(connection: Connection) -> bool:
        model = trained_models.switchable(connection, name, release)
        is_new = trained_models.activate(connection, model.id, "chosen", None, desk.clock.now())
        if is_new:
            why = {"why": "chosen"}
            record(connection, desk.keyring, desk.clock.now(), Actor(by), "model.activated", f"model {name}", why)
        return is_new

    try:
        is_new = desk.database.run_now(work)
    except NotSwitchable as error:
        raise Stop(_REASONS[error.code]) from None
    click.echo(f"Mô hình {name} " + ("trả lời từ bây giờ." if is_new else "đang trả lời rồi."))


def _has_archive(name: str) -> bool:
    return is_there(archive_of(name))
