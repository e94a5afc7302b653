"""A command in this process: what its script does, without the two seconds of a start."""

from __future__ import annotations

from subprocess import CompletedProcess

from click.testing import CliRunner

from hotline.cli import main
from tests.conftest import SECRET


def hotline(*arguments: str, **environment: str) -> CompletedProcess[bytes]:
    """What `hotline ARGUMENTS…` prints and returns. Where it would end with a traceback, the error is raised."""
    done = CliRunner().invoke(
        main, arguments, env={"HOTLINE_SECRET_KEY": SECRET, **environment}, catch_exceptions=False
    )
    return CompletedProcess(arguments, done.exit_code, done.stdout_bytes, done.stderr_bytes)
