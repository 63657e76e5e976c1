"""The oldest versions of other packages that pyproject.toml admits."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .conftest import CHECKOUT, Built, run


def test_it_reports_with_them(built: Built, tmp_path: Path, faulty: Path) -> None:
    home = tmp_path / "oldest"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    registry = {**os.environ, "PYTHONPATH": ""}
    run([*uv, "venv", "--python", sys.executable, home], cwd=tmp_path, env=registry)
    oldest = ["--resolution", "lowest-direct"]
    run([*uv, "pip", "install", "--python", home, *oldest, built.wheel], cwd=tmp_path, env=registry)
    program = home / "bin" / "msdoctor"
    outputs = [f"--output={name}={tmp_path / name}" for name in ("json", "html", "sarif", "junit")]

    ended = run([program, "run", "--from", CHECKOUT / "fixtures/story"], cwd=tmp_path, env=registry, expected=1)
    assert "1 ✗ requestheader-config-missing   certain" in ended.out
    run([program, "preflight", *outputs, "."], cwd=faulty, env=registry, expected=1)
    assert all((tmp_path / name).stat().st_size for name in ("json", "html", "sarif", "junit"))
    run([program, "--help"], cwd=tmp_path, env=registry)
