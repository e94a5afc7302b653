"""The commands are ones that Telegram takes and that our flows know."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flow_domain import load_flows
from integrations.telegram.commands import ALIASES, COMMANDS, read_command


def test_every_command_is_one_that_telegram_takes() -> None:
    assert len({command.name for command in COMMANDS}) == len(COMMANDS) <= 100
    for command in COMMANDS:
        assert re.fullmatch(r"[a-z0-9_]{1,32}", command.name)
        assert 1 <= len(command.description) <= 256


def test_every_command_stands_for_an_intent_of_the_flows() -> None:
    assert {command.payload.removeprefix("/") for command in COMMANDS} <= load_flows().intents


def test_what_other_bots_have_taught_people_works() -> None:
    assert {alias: read_command(f"/{alias}")[1] for alias in ALIASES} == {
        "start": "/greet",
        "help": "/open_menu",
        "menu": "/open_menu",
        "stop": "/opt_out",
    }


@pytest.mark.parametrize(
    "text", ["khaosat", "/ khaosat", "//khaosat", "/khao sat", "/khaosatt", "xem /khaosat", "/khảosát", "/", ""]
)
def test_what_is_no_command_is_a_text(text: str) -> None:
    assert read_command(text) == (text, None)


def test_words_behind_a_command_are_the_message() -> None:
    assert read_command("/congty xã Đồng Hỷ") == ("xã Đồng Hỷ", None)
    assert read_command("/canbo\ngọi cho tôi") == ("gọi cho tôi", None)


@pytest.mark.parametrize("parameter", ["LK123456", "lk482913"])
def test_a_link_code_behind_start_is_as_if_it_was_typed(parameter: str) -> None:
    assert read_command(f"/start {parameter}") == (parameter, None)


@pytest.mark.parametrize("parameter", ["cho_thai", "LK", "LK12345", "LK1234567", "restart"])
def test_any_other_parameter_of_start_is_not_the_owners_words(parameter: str) -> None:
    assert read_command(f"/start {parameter}") == (f"/start {parameter}", "/greet")


@given(st.text())
def test_no_text_raises(text: str) -> None:
    read_command(text)
    read_command(f"/start {text}")
