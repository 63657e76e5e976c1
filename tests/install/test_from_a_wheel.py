"""pipx and uvx, with the wheel and the sdist that were built."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .conftest import CHECKOUT, Built, run

FIXTURES = CHECKOUT / "fixtures"


@pytest.fixture(scope="module", params=["pipx", "uvx"])
def program(request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words that start msdoctor, installed by the real tool: by pipx from the wheel, by uv from the sdist."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "uvx":
        (sdist,) = built.wheels.glob("msdoctor-*.tar.gz")
        uvx = str(Path(sys.executable).with_name("uvx"))
        return [
            uvx,
            "--quiet",
            "--cache-dir",
            str(folder),
            "--python",
            sys.executable,
            "--from",
            str(sdist),
            "msdoctor",
        ]
    env = built.offline(
        UV_CACHE_DIR=str(folder / "cache"), PIPX_HOME=str(folder / "home"), PIPX_BIN_DIR=str(folder / "bin")
    )
    pipx = [sys.executable, "-m", "pipx", "install", "--quiet", "--python", sys.executable, "--backend", "uv"]
    run([*pipx, built.wheel], cwd=folder, env=env)
    return [str(folder / "bin" / "msdoctor")]


def test_it_starts_and_has_its_checks_its_schemas_and_its_page(
    built: Built, program: list[str], tmp_path: Path
) -> None:
    def said(*words: str | Path, expected: int = 0) -> str:
        return run([*program, *words], cwd=tmp_path, env=built.offline(), expected=expected).out

    assert said("version") == "msdoctor 0.1.0\n"
    assert '"$schema"' in said("version", "--schema")
    assert '"$schema"' in said("version", "--schema=config")
    assert "kubelet-cert-san-mismatch" in said(
        "explain", "x509: certificate is valid for 10.0.0.1, not 10.0.0.2", expected=0
    )
    page = tmp_path / "report.html"
    assert "requestheader-config-missing" in said(
        "run", "--from", FIXTURES / "story", "-o", "text", "-o", f"html={page}", expected=1
    )
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_it_judges_a_repository(built: Built, program: list[str], faulty: Path) -> None:
    ended = run([*program, "preflight", "."], cwd=faulty, env=built.offline(), expected=1)

    assert "requestheader-allowed-names-mismatch" in ended.out
