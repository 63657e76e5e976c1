"""A place to type in: a home with a kubeconfig, a directory with files, a cluster that lists its namespaces."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

KUBECONFIG = """\
current-context: admin@prod
contexts:
- {name: admin@prod, context: {cluster: prod, user: admin}}
- {name: "arn:aws:eks:eu-west-1:12:cluster/web", context: {cluster: web, user: admin}}
- {name: "my context", context: {cluster: web, user: admin}}
clusters:
- {name: prod, cluster: {server: "SERVER"}}
users:
- {name: admin, user: {}}
"""
OTHER_KUBECONFIG = """\
contexts:
- {name: elsewhere, context: {cluster: far, user: me}}
"""
LISTS = {
    "/api/v1/namespaces": ["default", "kube-system"],
    "/api/v1/namespaces/x/serviceaccounts": ["default", "metrics-server"],
}


class _Lists(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        names = LISTS.get(self.path.partition("?")[0], [])
        body = json.dumps({"items": [{"metadata": {"name": name}} for name in names]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of what answers like an API server that is asked for names."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Lists) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.fixture
def folder(tmp_path: Path, server: str) -> Path:
    """The directory to work in; beside it are the home, and the programs that are on the PATH."""
    return made(tmp_path, server)


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    """The environment of whoever works there."""
    return environ_of(folder)


def made(tmp_path: Path, server: str) -> Path:
    """The directory to work in, with all that is beside it."""
    kubeconfig = tmp_path / "home" / ".kube" / "config"
    kubeconfig.parent.mkdir(parents=True)
    kubeconfig.write_text(KUBECONFIG.replace("SERVER", server))
    work = tmp_path / "work"
    (work / "directory").mkdir(parents=True)
    for name in ("report.html", "a file.pem", ".hidden"):
        (work / name).touch()
    (work / "other").write_text(OTHER_KUBECONFIG)
    (tmp_path / "bin").mkdir()
    for name in ("msdoctor", "kubectl-msdoctor"):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m msdoctor "$@"\n')
        program.chmod(0o755)
    return work


def environ_of(folder: Path) -> dict[str, str]:
    """The environment of whoever works in this directory."""
    return {
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(CHECKOUT),
        "HOME": str(folder.parent / "home"),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "COLUMNS": "120",
        "PS1": "% ",
    }
