"""How long a repository of 10,000 files takes, beside what reading it takes: `rg --files | xargs cat`.

    python tests/bench/preflight.py

Needs ripgrep. Whole processes, the fastest of five each; the files are of the kinds and sizes that such repositories
hold, and one in a thousand has to do with the pipeline. Also told is the processor's time, which other work on the
machine does not stretch. Where the environment asks Python to keep no compiled files, that is left out: whoever
installs msdoctor has them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES, ROUNDS, LIMIT = 10_000, 5, 4.0
KINDS = {
    ".yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\n" + "# a line of no matter\n" * 80,
    ".go": "package main\n" + "func f() int { return 1 }\n" * 120,
    ".md": "# Notes\n" + "lorem ipsum dolor sit amet\n" * 100,
    ".json": '{"values": [' + "1234567890, " * 300 + "0]}\n",
    ".py": "x = 1\n" * 500,
}
UNIT = "[Service]\nExecStart=/usr/bin/kube-apiserver --authorization-mode=RBAC --client-ca-file=/etc/ca.pem\n"


def make(root: Path) -> None:
    for number in range(FILES):
        ending, text = list(KINDS.items())[number % len(KINDS)]
        folder = root / f"service-{number % 200}" / f"part-{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        concerns = number % 1000 == 0
        name = f"file-{number}.service" if concerns else f"file-{number}{ending}"
        (folder / name).write_text(UNIT if concerns else text)


def fastest(command: str, folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of the fastest run."""
    walls, busy = [], []
    for _ in range(ROUNDS):
        before, start = os.times(), time.perf_counter()
        subprocess.run(command, shell=True, cwd=folder, stdout=subprocess.DEVNULL, check=False)
        after = os.times()
        walls.append(time.perf_counter() - start)
        busy.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(walls), min(busy)


def main() -> int:
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        make(Path(name))
        cat = fastest("rg --files | xargs cat", Path(name))
        ours = fastest(f"{sys.executable} -m msdoctor preflight .", Path(name))
    for what, mine, theirs in (("wall", ours[0], cat[0]), ("processor", ours[1], cat[1])):
        print(f"{FILES} files, {what}: msdoctor {mine:.2f} s, rg and cat {theirs:.2f} s, ratio {mine / theirs:.1f}")
    met = ours[0] <= LIMIT * cat[0]
    print(f"limit {LIMIT:.0f} times: {'met' if met else 'NOT met'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
