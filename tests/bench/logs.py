"""How fast `msdoctor explain` reads big logs, beside ripgrep searching the same file for the same words.

    python tests/bench/logs.py [MEGABYTES]

Two logs are made in a temporary folder. The mixed one (1000 MB unless told) has one relevant line in a thousand, taken
from the recorded logs in ``fixtures/``, among lines of the same logs that do not concern the pipeline and lines of
other programs. The other one has nothing but failed scrapes, of 100,000 nodes with an address each. Both programs run
as whole processes, in turn, and the medians are compared.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from msdoctor.utterances.words import ENCODED, WORDS, finder, plain

CHECKOUT = Path(__file__).parents[2]
TIMES = 5
CHUNK = 32_000_000
NODES = 100_000

LEAST_RATIO = 0.5  # of ripgrep's throughput, mixed log
LEAST_MB_S = 20.0  # nothing but relevant lines
MOST_MB = 120.0  # of memory

OTHER_PROGRAMS: tuple[Callable[[random.Random], str], ...] = (
    lambda r: (
        f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(256)} - - [17/Feb/2026:15:13:{r.randrange(60):02}"
        f' +0000] "GET /api/v1/items/{r.randrange(10**6)} HTTP/1.1" {r.choice((200, 200, 304, 404))}'
        f' {r.randrange(9999)} "-" "Mozilla/5.0 (X11; Linux x86_64)"'
    ),
    lambda r: (
        f'{{"level":"info","ts":"2026-02-17T15:13:{r.randrange(60):02}.{r.randrange(10**6):06}Z","caller":'
        f'"mvcc/index.go:{r.randrange(999)}","msg":"compact tree index","revision":{r.randrange(10**7)}}}'
    ),
    lambda r: (
        f"2026-02-17 15:13:{r.randrange(60):02}.{r.randrange(1000):03} UTC [{r.randrange(9999)}] LOG:  duration:"
        f" {r.randrange(9999)}.{r.randrange(1000):03} ms  statement: SELECT * FROM cart WHERE id = {r.randrange(9999)}"
    ),
    lambda r: (
        f"I0217 15:13:{r.randrange(60):02}.{r.randrange(10**6):06}    {r.randrange(9999):4} reconciler_common.go:245]"
        f' "operationExecutor.VerifyControllerAttachedVolume started for volume \\"config-volume\\" (UniqueName:'
        f' \\"kubernetes.io/configmap/{r.randrange(16**8):08x}-config\\")" pod="shop/cart-{r.randrange(16**6):06x}"'
    ),
    lambda r: (
        f'time="2026-02-17T15:13:{r.randrange(60):02}.{r.randrange(10**9):09}Z" level=info msg="StartContainer for'
        f' \\"{r.randrange(16**16):016x}\\" returns successfully"'
    ),
    lambda r: (
        f'[INFO] 10.244.{r.randrange(256)}.{r.randrange(256)}:{r.randrange(65536)} - {r.randrange(65536)} "A IN'
        f' cart.shop.svc.cluster.local. udp 45 false 512" NOERROR qr,aa,rd 88 0.000{r.randrange(999999):06}s'
    ),
    lambda r: (
        f"2026-02-17 15:13:{r.randrange(60):02},{r.randrange(1000):03} WARN  [worker-{r.randrange(64)}]"
        f" c.e.shop.CartService - cart {r.randrange(10**6)} took {r.randrange(5000)} ms"
    ),
    lambda _: "\tat com.example.shop.CartService.checkout(CartService.java:117)",
)

SCRAPES = (
    'x509: certificate is valid for 10.0.0.1, not {address}"',
    'dial tcp {address}:10250: connect: connection refused"',
    'context deadline exceeded"',
    'remote error: tls: internal error"',
)


@dataclass(frozen=True)
class Run:
    """One process: how long it took, how long it computed, and the most memory it had."""

    seconds: float
    computing: float
    megabytes: float


def recorded() -> tuple[list[str], list[str]]:
    """Lines of real components: those in which a word stands, and those without."""
    find = finder(errors=True)
    logs = (CHECKOUT / "fixtures").glob("*/logs/*/*/*.log")
    lines = sorted({line for log in logs for line in log.read_text().splitlines()})
    relevant = [line for line in lines if find(line.encode())]
    return relevant, [line for line in lines if not find(line.encode())]


def mixed_lines(chance: random.Random) -> Iterator[str]:
    relevant, irrelevant = recorded()
    while True:
        if chance.random() < 0.001:
            yield chance.choice(relevant)
        elif irrelevant and chance.random() < 0.2:
            yield chance.choice(irrelevant)
        else:
            yield chance.choice(OTHER_PROGRAMS)(chance)


def write_mixed(path: Path, size: int) -> None:
    chunk: list[bytes] = []
    length = 0
    for line in mixed_lines(random.Random(1)):
        chunk.append(line.encode() + b"\n")
        length += len(chunk[-1])
        if length >= CHUNK:
            break
    with path.open("wb") as log:
        while log.tell() < size:
            log.write(b"".join(chunk))


def write_relevant(path: Path) -> None:
    with path.open("w") as log:
        for number in range(4 * NODES):
            node = number * 7919 % NODES
            address = f"10.{node >> 14}.{node >> 7 & 127}.{node & 127}"
            seconds, micros = number // 10_000 % 60, number * 97 % 10**6
            error = SCRAPES[number % len(SCRAPES)].format(address=address)
            log.write(
                f"E0217 15:{number // 600_000 % 60:02}:{seconds:02}.{micros:06}       1 scraper.go:149] "
                f'"Failed to scrape node" err="Get \\"https://{address}:10250/metrics/resource\\": {error}'
                f' node="k8s-node{node}"\n'
            )


def write(write: Callable[..., None], *what: object) -> None:
    """In a process of its own: Linux counts what this one ever held as held by those that it starts."""
    process = multiprocessing.get_context("spawn").Process(target=write, args=what)
    process.start()
    process.join()


def run(command: list[str]) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def explained(log: Path) -> list[str]:
    return [sys.executable, "-m", "msdoctor", "explain", str(log)]


def medians(commands: dict[str, list[str]]) -> dict[str, Run]:
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(TIMES):
        for name, command in commands.items():
            runs[name].append(run(command))
    return {
        name: Run(
            statistics.median(one.seconds for one in all_),
            statistics.median(one.computing for one in all_),
            max(one.megabytes for one in all_),
        )
        for name, all_ in runs.items()
    }


def show(name: str, size: float, done: Run) -> float:
    speed = size / 1e6 / done.seconds
    print(f"{name:34} {speed:7.0f} MB/s   {done.seconds:6.2f} s, computing {done.computing:.2f} s")
    return speed


def compare_with_ripgrep(folder: Path, megabytes: int) -> None:
    log, words = folder / "mixed.log", folder / "words"
    write(write_mixed, log, megabytes * 1_000_000)
    words.write_text("\n".join(WORDS) + "\n")
    commands = {"msdoctor explain": explained(log)}
    if ripgrep := shutil.which("rg"):
        commands["ripgrep"] = [ripgrep, "--fixed-strings", "--count", "--file", str(words), str(log)]
    size = log.stat().st_size
    print(f"mixed log of {size / 1e6:.0f} MB, 0.1 % relevant lines, {len(WORDS)} words; medians of {TIMES}")
    done = medians(commands)
    speeds = {name: show(f"  {name}", size, one) for name, one in done.items()}
    if "ripgrep" in speeds:
        ratio = speeds["msdoctor explain"] / speeds["ripgrep"]
        print(f"  {'ratio':32} {ratio:7.2f}        (at least {LEAST_RATIO})")
    else:
        print("  ripgrep is not installed (apt-get install ripgrep): nothing to compare with")
    print(f"  {'memory':32} {done['msdoctor explain'].megabytes:7.0f} MB     (at most {MOST_MB:.0f})")


def read_nothing_but_relevant_lines(folder: Path) -> None:
    log = folder / "relevant.log"
    write(write_relevant, log)
    size = log.stat().st_size
    print(f"\n{size / 1e6:.0f} MB of nothing but relevant lines, {NODES} distinct nodes and addresses")
    done = medians({"": explained(log)})[""]
    speed = show("  msdoctor explain", size, done)
    print(f"  {'speed':32} {speed:7.0f} MB/s   (at least {LEAST_MB_S:.0f})")
    print(f"  {'memory':32} {done.megabytes:7.0f} MB     (at most {MOST_MB:.0f})")


def search_without_the_package() -> None:
    lines = mixed_lines(random.Random(2))
    block = b"".join(next(lines).encode() + b"\n" for _ in range(20_000))
    began = time.process_time()
    plain(ENCODED, ())(block)
    print(
        f"\nwithout the native matcher words are found at {len(block) / 1e6 / (time.process_time() - began):.0f} MB/s"
    )


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        compare_with_ripgrep(Path(folder), megabytes)
        read_nothing_but_relevant_lines(Path(folder))
    search_without_the_package()


if __name__ == "__main__":
    main()
