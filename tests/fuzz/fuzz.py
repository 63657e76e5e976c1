"""A million made-up inputs to the reader: none may raise, take longer than its length allows, or reach a terminal raw.

    python tests/fuzz/fuzz.py [INPUTS] [SEED]

Inputs are cut and spliced from whatever the project has an example of, with binary, control and bidirectional
characters, brackets in brackets and very long lines between. Where ``atheris`` is installed (pip install atheris), it
chooses what to splice by what code the inputs before reached; else chance does. An input that fails is written to a
file and named.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
import time
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

from said import lines

# What atheris is to see has to be imported under its eyes.
ATHERIS: Any = importlib.import_module("atheris") if importlib.util.find_spec("atheris") else None
with ATHERIS.instrument_imports(include=["msdoctor.utterances"]) if ATHERIS else nullcontext():
    from msdoctor import explain as explaining
    from msdoctor import registry
    from msdoctor.explain import explain
    from msdoctor.render.explain import json_, text
    from msdoctor.utterances.grammars import GRAMMARS
    from msdoctor.utterances.paste import MOST_LINE
    from msdoctor.utterances.reader import read
    from msdoctor.utterances.skim import Skimmer

INDEX = registry.load_index()
# Made once: it is the same for every input, and would take a quarter of the time.
RECOGNISER = explaining.Recogniser(INDEX.entries)
vars(explaining)["Recogniser"] = lambda _: RECOGNISER

SECONDS = 0.5  # for whatever an input is, and as much again for every …
BYTES = 20_000  # … so many of it: some hundred times what is usual

EXAMPLES = [line.encode("utf-8", "replace") for line in lines()]
ANCHORS = [grammar.anchor.encode() for grammar in GRAMMARS]
ODD = [
    *(bytes([byte]) for byte in range(32)),
    *"\u202e \u2066 \u200f \u2028 \x85 \ufeff \U000e0001 é 日本".encode().split(b" "),
    *(
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\\",
        b'"',
        b'\\"',
        b'\\\\"',
        b"[",
        b"]: [",
        b"{",
        b'{"log":"',
        b'{"msg":"',
    ),
    *(b"=<\n", b" >\n", b" stderr P ", b"\x1b[31m", b"\x1b]0;x\x07", b"https://[", b": ", b", ", b"%", b"0x1p-1"),
]


def made_up(chance: random.Random) -> bytes:
    """An input: some pieces, now and then one of them many times."""
    pieces: list[bytes] = []
    for _ in range(chance.randint(1, 5)):
        piece = _piece(chance)
        if chance.random() < 0.001:
            piece *= chance.randint(2, max(2, min(3000, 200_000 // (len(piece) + 1))))
        pieces.append(piece)
        if chance.random() < 0.3:
            pieces.append(b"\n")
    return b"".join(pieces)


def _piece(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.45:
        return _cut(chance, chance.choice(EXAMPLES))
    if kind < 0.6:
        return chance.choice(ANCHORS)
    if kind < 0.9:
        return chance.choice(ODD)
    return chance.randbytes(chance.randint(1, 40))


def _cut(chance: random.Random, line: bytes) -> bytes:
    start, end = sorted((chance.randint(0, len(line)), chance.randint(0, len(line))))
    return chance.choice((line, line[:end], line[start:], line[start:end]))


def check(given: bytes) -> None:
    """Read it as a paste and as a log, and print what it means. Raises AssertionError, or whatever the reader does."""
    started = time.process_time()
    pasted = list(read(given.decode("utf-8", "replace").split("\n")))
    logged = list(chain.from_iterable(Skimmer().batches([given[:1000], given[1000:]])))
    for said in (pasted, logged) if logged != pasted else (pasted,):
        answer = explain(said, INDEX)
        printed = text(answer)
        assert all(line.isprintable() for line in printed.split("\n")), "a character that may steer a terminal"
        assert json_(answer).replace("\n", "").isascii()
    taken = time.process_time() - started
    assert taken < SECONDS * (1 + len(given) / BYTES), f"{taken:.1f} s for {len(given)} bytes"


def by_chance(inputs: int, seed: int) -> None:
    """``inputs`` of them, the same for the same seed."""
    chance = random.Random(seed)
    began = time.monotonic()
    for number in range(1, inputs + 1):
        given = made_up(chance)
        try:
            check(given)
        except Exception as error:
            failed = Path(f"fuzz-{seed}-{number}.bin")
            failed.write_bytes(given)
            print(f"{failed}: {type(error).__name__}: {error}", file=sys.stderr)
            raise
        if number % 10_000 == 0:
            print(f"{number} inputs, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{inputs} inputs: no exception, no time beyond linear, nothing unescaped")


def by_coverage(inputs: int, seed: int) -> None:
    """The same by atheris, which writes and names what failed, and counts, itself."""

    def one(data: bytes) -> None:
        # What it changes is now the text itself, now the choices by which one is made up.
        check(data if len(data) % 2 else made_up(random.Random(data)))

    ATHERIS.Setup([sys.argv[0], f"-runs={inputs}", f"-seed={seed}", f"-max_len={MOST_LINE}"], one)
    ATHERIS.Fuzz()


def main() -> None:
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    (by_coverage if ATHERIS else by_chance)(inputs, seed)


if __name__ == "__main__":
    main()
