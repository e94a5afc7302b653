"""The container files: valid, and exposing nothing but what they should."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.services import postgres, redis

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPS = {"app", "app-two"}
DOCKERFILES = ["Dockerfile", "nlu/Dockerfile"]


def dockerfile_words(name: str, instruction: str) -> list[list[str]]:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    return [line.split()[1:] for line in text.splitlines() if line.startswith(instruction + " ")]


def pairs(words: list[str]) -> list[list[str]]:
    return [list(pair) for pair in pairwise(words)]


def test_the_compose_file_follows_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, ROOT / "docker-compose.yml"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


def test_only_the_app_publishes_a_port_and_only_one_on_the_loopback_unless_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "app": ["${WEB_ADDRESS:-127.0.0.1}:${WEB_PORT:-8000}:8000"],
        "app-two": ["${WEB_ADDRESS:-127.0.0.1}:8010:8000"],
    }
    assert not [name for name, service in SERVICES.items() if service.get("network_mode") == "host"]


def test_everything_but_the_app_lives_on_networks_without_a_way_out() -> None:
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    for name, service in SERVICES.items():
        networks = set(service["networks"])  # without it a service would join the default network
        assert networks <= internal or name in APPS, name


def test_the_rasa_service_shares_a_network_with_the_app_alone() -> None:
    assert {
        name for name, service in SERVICES.items() if set(service["networks"]) & set(SERVICES["rasa"]["networks"])
    } == {*APPS, "rasa"}


def test_a_second_app_process_starts_only_when_asked_for_and_differs_in_its_addresses_alone() -> None:
    one, two = (dict(SERVICES[name]) for name in ("app", "app-two"))
    assert two.pop("profiles") == ["two"]
    for name, service in (("app", one), ("app-two", two)):
        environment = service["environment"] = dict(service["environment"])
        # Rasa calls back the process that asked, so each has a name of its own, and Rasa knows it
        called_back_at = environment.pop("HOTLINE_INTERNAL_URL")
        assert called_back_at == f"http://{name}:8001"
        assert ["--actions-allow", called_back_at] in pairs(SERVICES["rasa"]["command"])
        service.pop("ports")
    assert one == two


def test_app_processes_share_a_redis_but_do_not_need_it_healthy() -> None:
    assert {SERVICES[name]["environment"]["HOTLINE_REDIS_URL"] for name in APPS} == {"redis://redis:6379/0"}
    assert SERVICES["app"]["depends_on"]["redis"] == {"condition": "service_started"}
    assert set(SERVICES["app"]["networks"]) & set(SERVICES["redis"]["networks"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert service.get("user") or "build" in service  # our images choose their user themselves


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_a_service_that_stays_says_whether_it_is_healthy(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_the_app_starts_after_the_migration_and_with_a_healthy_rasa_service() -> None:
    assert SERVICES["app"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["app"]["depends_on"]["rasa"] == {"condition": "service_healthy"}


def test_images_are_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    for name in DOCKERFILES:
        stages = {words[2] for words in dockerfile_words(name, "FROM") if "AS" in words}
        images += [words[0] for words in dockerfile_words(name, "FROM") if words[0] not in stages]
    for image in images:
        assert re.search(r":\d+\.?\d*-", image), image


def test_the_tests_use_the_servers_that_are_deployed() -> None:
    assert SERVICES["postgres"]["image"] == postgres.IMAGE
    assert SERVICES["redis"]["image"] == redis.IMAGE


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_ends_as_an_unprivileged_user(name: str) -> None:
    last_stage = (ROOT / name).read_text().rsplit("\nFROM ", 1)[1]
    assert re.findall(r"^USER (.+)$", last_stage, re.MULTILINE) == ["hotline"]


def test_every_place_that_names_a_version_of_uv_names_the_same() -> None:
    named = {
        version
        for file in [*DOCKERFILES, "tools/bootstrap.sh"]
        for version in re.findall(r"(?:uv==|uv_wanted=)(\d[\d.]*)", (ROOT / file).read_text())
    }
    assert len(named) == 1


def test_variables_the_compose_file_wants_are_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert wanted <= offered


def test_no_secret_has_a_value_in_the_repository() -> None:
    values = dict(line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line)
    assert values["POSTGRES_PASSWORD"] == values["HOTLINE_SECRET_KEY"] == ""
    for name in ("POSTGRES_PASSWORD", "HOTLINE_SECRET_KEY"):
        # ":?" refuses to start without a value, where ":-" would bring one along
        assert set(re.findall(rf"\$\{{{name}(..)", (ROOT / "docker-compose.yml").read_text())) == {":?"}


def test_the_builder_gets_every_room_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    sent = {line[1:] for line in lines if line.startswith("!")}
    rooms = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]
    assert sent == {*rooms, "nlu", "content", "config.yml", "pyproject.toml", "uv.lock"}
    assert "nlu/.venv" in lines
