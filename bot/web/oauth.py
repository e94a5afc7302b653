"""Where Zalo sends the administrator's browser back after the consent. The page says in plain words what came of it."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from integrations.errors import SendFailed
from integrations.zalo.consent import Consent, ConsentRefused
from integrations.zalo.oauth import CALLBACK_PATH
from store.logs import get_logger

log = get_logger("bot.web.oauth")

# The address holds a code that buys tokens, once: nobody is to keep or pass it on.
_HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
MOST_CHARACTERS = 2_000
_WHY = {
    "state_wrong": "Địa chỉ này không do hotline tạo ra. Chạy lại lệnh hotline zalo connect rồi mở địa chỉ được in ra.",
    "state_expired": "Đã quá thời gian cho phép. Chạy lại lệnh hotline zalo connect rồi làm ngay.",
    "other_oa": "Quyền vừa cấp thuộc về một Official Account khác với ZALO_OA_ID. Chạy lại lệnh và chọn đúng OA.",
    "declined": "Zalo không gửi kèm mã cấp quyền. Chạy lại lệnh hotline zalo connect và bấm đồng ý.",
}
_templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=select_autoescape())


def zalo_callback_route(consent: Consent) -> Route:
    """GET /oauth/zalo/callback?code&state&oa_id: 200 connected, 400 no consent of ours, 502 Zalo gives no tokens."""

    async def finish(request: Request) -> HTMLResponse:
        given = {name: request.query_params.get(name, "")[:MOST_CHARACTERS] for name in ("code", "state", "oa_id")}
        if not given["code"]:
            return _refused("declined", _WHY["declined"], 400)
        try:
            await consent.finish(**given)
        except ConsentRefused as refusal:
            return _refused(str(refusal), _WHY[str(refusal)], 400)
        except SendFailed as failure:
            return _refused(failure.error.code, f"{failure.error.detail} Chạy lại lệnh hotline zalo connect.", 502)
        return _page("Đã kết nối", "Hotline đã được phép nhắn tin thay Official Account. Cô/chú có thể đóng trang này.")

    return Route(CALLBACK_PATH, finish, methods=["GET"])


def _refused(code: str, why: str, status: int) -> HTMLResponse:
    log.warning("zalo_consent_refused", code=code)
    return _page("Chưa kết nối được", why, status)


def _page(title: str, words: str, status: int = 200) -> HTMLResponse:
    page = _templates.get_template("message.html").render(title=title, words=words)
    return HTMLResponse(page, status, headers=_HEADERS)
