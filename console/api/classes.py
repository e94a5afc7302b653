"""/classes: the training classes that owners are offered; reading, entering and changing them. It names nobody."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy import Connection, select
from starlette.responses import Response

from console.api.call import Answer, Call, Key, Note, calls
from console.api.problems import ApiProblem
from console.api.values import (
    LINE,
    WHOLE,
    CommuneCode,
    Cursor,
    Moment,
    Named,
    Number,
    Shown,
    Strict,
    cursor_of,
    read_cursor,
    say_moment,
)
from console.api_tokens import ApiScope
from programme import class_table
from programme.class_file import LONGEST, MOST_SEATS, CellInvalid, ClassFile
from programme.class_table import PAGE, ClassRow
from programme.classes import TOPIC_NAMES, Topic, TrainingClass
from store.survey_tables import training_class
from store.text import clean

router = APIRouter()
Reader = Annotated[Call, Depends(calls(ApiScope.CLASSES_READ))]
Writer = Annotated[Call, Depends(calls(ApiScope.CLASSES_WRITE))]
_NEXT_YEARS = 2
Title = Annotated[
    str, Field(min_length=1, max_length=LONGEST["ten_lop"], pattern=LINE, examples=["Bán hàng qua mạng cho người mới"])
]
Place = Annotated[
    str, Field(min_length=1, max_length=LONGEST["noi_hoc"], pattern=LINE, examples=["Nhà văn hóa xã Tân Cương"])
]
StartsAt = Annotated[
    Moment, Field(description="In the future, in whole minutes.", examples=["2026-12-05T08:30:00+07:00"])
]
Seats = Annotated[int, Field(ge=1, le=MOST_SEATS, examples=[30]), WHOLE]
Version = Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="Changes with what stands in the class.")]
_WHERE = "Where it is; null: for the whole province."


class Wanted(Strict):
    topic: Topic | None = None
    commune: CommuneCode | None = None
    past: bool = Field(False, description="true: classes that have begun, the latest first.")
    cursor: Cursor = None


class NewClass(Strict):
    """A class that owners may join from now on."""

    topic: Topic
    title: Title
    place: Place
    commune: CommuneCode | None = Field(None, description=_WHERE)
    starts_at: StartsAt
    seats: Seats


class ClassChange(Strict):
    """What changes; what is left out stays. `version`: of the class that was read."""

    version: Version
    topic: Topic = Field(None)  # type: ignore[assignment]
    title: Title = Field(None)  # type: ignore[assignment]
    place: Place = Field(None)  # type: ignore[assignment]
    commune: CommuneCode | None = Field(None, description=_WHERE)
    starts_at: StartsAt = Field(None)  # type: ignore[assignment]
    seats: Seats = Field(None)  # type: ignore[assignment]


class Class(Shown):
    id: int
    topic: Topic
    topic_name: str
    title: str
    place: str
    commune: Named | None = Field(description=_WHERE)
    starts_at: Moment
    seats: int
    taken: int = Field(description="How many have a place.")
    version: Version


class ClassList(Shown):
    items: list[Class]
    next: str | None = Field(description="`cursor` of the next page; null: this is the last.")


@router.get("/classes", response_model=ClassList)
async def list_classes(call: Reader, wanted: Annotated[Wanted, Query()]) -> ClassList:
    """Classes that come, the next first; or those that have begun

    Pages of 50.
    """
    context, own = call.context, call.token.grant.communes
    kind = "classes past" if wanted.past else "classes"
    after = read_cursor(context.keyring, kind, wanted.cursor)
    communes = own if wanted.commune is None else [wanted.commune] if own is None or wanted.commune in own else []
    asked = class_table.Wanted(context.province, communes, wanted.topic, wanted.past)
    found = await context.database.read(lambda c: class_table.table(c, asked, call.now, after))
    more = found[PAGE - 1].id if len(found) > PAGE else None
    return ClassList(
        items=[shown(call, row) for row in found[:PAGE]],
        next=None if more is None else cursor_of(context.keyring, kind, more),
    )


@router.get("/classes/{class_id}", response_model=Class)
async def show_class(call: Reader, class_id: Number) -> Class:
    """One class"""
    return shown(call, await call.context.database.read(lambda c: _find(c, call, class_id)))


@router.post("/classes", response_model=Class, status_code=201, responses={200: {"model": Class}})
async def create_class(call: Writer, new: NewClass, key: Key) -> Response:
    """A new class

    200 instead of 201 when this very class is there already, entered by whomever.
    """
    one = _checked(call, new.model_dump(mode="python"))

    def work(connection: Connection) -> Answer:
        class_id, is_new = class_table.create(connection, one)
        row = _find(connection, call, class_id)
        if not is_new and row.training_class != one:
            words = "Đã có lớp khác cùng tên, nơi học và giờ này. Anh/chị sửa lớp ấy, hoặc đổi tên, nơi hay giờ."
            raise ApiProblem(409, "class_known", words)
        note = Note("class.created", f"class {class_id}") if is_new else None
        headers = {"Location": f"/api/v1/classes/{class_id}"}
        return Answer(shown(call, row), note, 201 if is_new else 200, headers)

    return await call.change(key, work)


@router.patch("/classes/{class_id}", response_model=Class)
async def change_class(call: Writer, class_id: Number, change: ClassChange, key: Key) -> Response:
    """Change a class that has not begun

    Whoever has a place keeps it: there cannot be fewer seats than places taken.
    """

    def work(connection: Connection) -> Answer:
        # locked first: of two changes from one version the second sees the first's
        connection.execute(select(training_class.c.id).filter_by(id=class_id).with_for_update())
        before = _find(connection, call, class_id)
        if version_of(before.training_class) != change.version:
            words = "Lớp này vừa được sửa. Anh/chị đọc lại lớp rồi sửa từ version mới."
            raise ApiProblem(409, "class_changed", words)
        if before.training_class.starts_at <= call.now:
            raise ApiProblem(409, "class_over", "Lớp này đã bắt đầu nên không sửa được nữa.")
        one = _checked(call, {**_fields(before.training_class), **change.model_dump(exclude_unset=True)})
        if one == before.training_class:
            return Answer(shown(call, before), None)
        match class_table.change(connection, class_id, one, call.now):
            case "too_few_seats":
                words = f"Lớp đã có {before.taken} người đăng ký, số chỗ không thể ít hơn."
                raise ApiProblem(409, "class_seats_taken", words)
            case "known":
                raise ApiProblem(409, "class_known", "Đã có lớp khác cùng tên, nơi học và giờ này.")
        return Answer(shown(call, _find(connection, call, class_id)), Note("class.changed", f"class {class_id}"))

    return await call.change(key, work)


def version_of(one: TrainingClass) -> str:
    """Another one for every other content of a class; how many have a place is not part of it."""
    said = [*_fields(one).values(), one.province]
    return sha256("\n".join(str(value) for value in said).encode()).hexdigest()[:16]


def shown(call: Call, row: ClassRow) -> Class:
    """A class as it is answered."""
    one = row.training_class
    commune = call.context.content.communes.by_code(one.commune) if one.commune else None
    return Class(
        id=row.id,
        topic=one.topic,
        topic_name=TOPIC_NAMES[one.topic],
        title=one.title,
        place=one.place,
        commune=Named(code=commune.code, name=commune.full_name) if commune else None,
        starts_at=one.starts_at,
        seats=one.seats,
        taken=row.taken,
        version=version_of(one),
    )


def _fields(one: TrainingClass) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("topic", "title", "place", "commune", "starts_at", "seats")}


def _find(connection: Connection, call: Call, class_id: int) -> ClassRow:
    """Raises ApiProblem 404, the same for a class of communes that the token is not for."""
    row, own = class_table.find_row(connection, class_id), call.token.grant.communes
    if row is None or row.training_class.province != call.context.province:
        raise _unknown()
    if own is not None and row.training_class.commune not in own:
        raise _unknown()
    return row


def _unknown() -> ApiProblem:
    return ApiProblem(404, "class_unknown", "Không có lớp này.")


def _checked(call: Call, fields: dict[str, Any]) -> TrainingClass:
    """The class, by the rules of the officers' file. Raises ApiProblem 422."""
    context, own, starts_at = call.context, call.token.grant.communes, fields["starts_at"]
    if starts_at.year > call.now.year + _NEXT_YEARS:
        raise ApiProblem(422, "class_too_far", f"Lớp {say_moment(starts_at)} còn quá xa; kiểm tra lại năm.")
    if starts_at.second or starts_at.microsecond:
        raise ApiProblem(422, "class_time", "Giờ học ghi đến phút, giây là 00.")
    if own is not None and fields["commune"] not in own:
        raise ApiProblem(422, "class_not_your_commune", "Mã truy cập này chỉ nhập lớp của các xã/phường được cấp.")
    if starts_at <= call.now:
        raise ApiProblem(422, "class_past", f"Lớp lúc {say_moment(starts_at)} đã qua.")
    there = starts_at.astimezone(context.clock.timezone)
    cells = {
        "ngay": f"{there:%Y-%m-%d}",
        "gio": f"{there:%H:%M}",
        "noi_hoc": fields["place"],
        "chu_de": fields["topic"].value,
        "ten_lop": fields["title"],
        "xa_phuong": fields["commune"] or "",
        "so_cho": str(fields["seats"]),
    }
    reader = ClassFile(context.content.communes, context.province, context.clock.timezone, call.now)
    try:
        return reader.read_row({name: clean(cell) for name, cell in cells.items()})
    except CellInvalid as invalid:
        words = str(invalid)
        raise ApiProblem(422, f"class_{invalid.code}", f"{words[0].upper()}{words[1:]}.") from None
