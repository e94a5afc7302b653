from __future__ import annotations

import stat
from pathlib import Path

import pytest

from store.settings import SettingsError, explain, load_settings, secret_key, unknown_variables


@pytest.fixture(autouse=True)
def _no_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_anything_set_everything_has_a_working_default() -> None:
    settings = load_settings()
    assert settings.province == "thai-nguyen"
    assert settings.database_url.get_secret_value().startswith("sqlite:///")


def test_wrong_values_are_named_by_their_variable_and_never_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "too-short-secret")
    monkeypatch.setenv("HOTLINE_TIMEZONE", "Mars/Base")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert "HOTLINE_SECRET_KEY" in str(error.value)
    assert "HOTLINE_TIMEZONE" in str(error.value)
    assert "too-short-secret" not in str(error.value)


def test_the_province_may_be_written_with_an_underscore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_PROVINCE", "thanh_hoa")
    assert load_settings().province == "thanh-hoa"


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    var = tmp_path / "var"
    first = secret_key(load_settings(), var)
    assert len(first) >= 32
    assert secret_key(load_settings(), var) == first
    assert stat.S_IMODE((var / "secret.key").stat().st_mode) == 0o600


def test_the_explanation_masks_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://hotline:hunter2@db/hotline")
    shown = explain(load_settings())
    assert all(description for _, _, description in shown)
    assert "hunter2" not in str(shown)


def test_a_misspelt_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_PROVINSE", "x")
    assert "HOTLINE_PROVINSE" in unknown_variables()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"SMTP_URL": "smtps://a:b@h"}, "thư điện tử còn thiếu IMAP_URL, HOTLINE_MAIL_FROM"),
        ({"IMAP_URL": "imaps://a:b@h", "SMTP_URL": "http://a:s3cret@h"}, "SMTP_URL: phải có dạng smtps://"),
        ({"IMAP_URL": "imaps://h"}, "còn thiếu tài khoản hoặc mật khẩu"),
        ({"HOTLINE_MAIL_FROM": "hotline"}, "HOTLINE_MAIL_FROM: phải là một địa chỉ"),
    ],
)
def test_half_a_mailbox_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings(_env_file=None)
    assert said in str(refused.value) and "s3cret" not in str(refused.value)
    monkeypatch.setenv("IMAP_URLS", "x")
    assert "IMAP_URLS" in unknown_variables() and not set(given) & set(unknown_variables())
