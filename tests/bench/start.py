"""How long `msdoctor explain` of one line takes as a whole process, as a ratio to `python -c 'import click'`.

    python tests/bench/start.py

Both alternate, so that whatever else the machine does falls on both; the medians of 15 are compared. Where the
environment asks Python to keep no compiled files, that is left out: whoever installs msdoctor has them.
"""

import os
import statistics
import subprocess
import sys
import time

LINE = (
    'E0217 15:14:01.123456       1 scraper.go:139] "Failed to scrape node" err="Get'
    ' \\"https://192.168.10.51:10250/metrics/resource\\": x509: certificate is valid for 192.168.10.50, not'
    ' 192.168.10.51" node="k8s-node1"'
)
COMMANDS = {
    "import click": [sys.executable, "-c", "import click"],
    "msdoctor explain": [sys.executable, "-m", "msdoctor", "explain", LINE],
}
TIMES = 15
LIMIT = 3.0
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - began


def main() -> None:
    for command in COMMANDS.values():
        seconds(command)  # compiled files and the index of checks are made once
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(TIMES):
        for name, command in COMMANDS.items():
            taken[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, median in medians.items():
        print(f"{name:20} {median * 1000:6.0f} ms")
    ratio = medians["msdoctor explain"] / medians["import click"]
    print(f"{'ratio':20} {ratio:6.2f}    (at most {LIMIT})")


if __name__ == "__main__":
    main()
