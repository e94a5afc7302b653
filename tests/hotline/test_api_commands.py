"""The API's tokens from the command line."""

from __future__ import annotations

import re
from pathlib import Path

from tests.hotline.commands import hotline
from tests.hotline.test_officer_commands import said


def test_a_token_is_added_listed_and_revoked(tmp_path: Path) -> None:
    environment = {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/own.db"}
    add = ("api", "token", "add", "Sở Công Thương", "--scope", "surveys:read", "--days", "30")
    token = said(*add, **environment)
    assert re.fullmatch(r"hl_[0-9a-f]{64}\n", token)
    listed = said("api", "token", "list", **environment)
    assert f"1  Sở Công Thương  {token[:8]}…  surveys:read  đang dùng  đến " in listed and token.strip() not in listed
    refused = hotline("api", "token", "add", "VNPT", "--scope", "leads:read", **environment)
    assert (refused.returncode, "cần chọn một doanh nghiệp" in refused.stderr.decode()) == (1, True)
    assert "Đã thu hồi mã số 1." in said("api", "token", "revoke", "1", **environment)
    assert "đã thu hồi" in said("api", "token", "list", **environment)
    missing = hotline("api", "token", "revoke", "2", **environment)
    assert (missing.returncode, "Không có mã số 2" in missing.stderr.decode()) == (1, True)
    assert "Nhật ký nguyên vẹn: 2 dòng." in said("audit", "verify", **environment)
