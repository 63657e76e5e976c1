"""Ask Go for its verdict on every chain, and compare with, or write, what is recorded.

    python tests/x509/derive.py --check     fails where Go, the record and msdoctor are not of one mind
    python tests/x509/derive.py --write     records anew
    python tests/x509/derive.py --compare   leaves the record out of it

Needs a Go toolchain. The record is ``verdicts.jsonl.gz``: a first line that names the Go, then a line per case.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))  # so that it runs from anywhere

from chains import Case, cases  # noqa: E402

from msdoctor.x509 import Certificate, Unreadable, Usage, judge, parse  # noqa: E402
from msdoctor.x509.gotext import quote  # noqa: E402

RECORD = HERE / "verdicts.jsonl.gz"
PROGRAM = HERE.parent / "goverdicts"


@dataclass(frozen=True)
class Verdict:
    """What somebody makes of a case: the error, and a digest of what was read in the leaf."""

    error: str | None
    leaf: str


def ours(case: Case) -> Verdict:
    """What msdoctor makes of a case."""
    judgement = judge(
        case.chain, case.roots, name=case.name, usage=Usage(case.usage), at=datetime.fromisoformat(case.at)
    )
    try:
        read = describe(parse(case.chain[0]))
    except Unreadable:
        read = ""
    return Verdict(judgement.error, short(read))


def short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8] if text else ""


def describe(c: Certificate) -> str:
    """The same words as the Go program's ``describe``."""
    known = [usage for usage in c.extended_key_usages if not usage[0].isdigit()]
    return (
        f"subject={quote(c.subject)} issuer={quote(c.issuer)} cn={quote(c.common_name)} o={_lines(c.organizations)} "
        f"dns={_lines(c.dns_names)} ip={_lines(c.ip_addresses)} from={c.valid_from.seconds} to={c.valid_to.seconds} "
        f"serial={c.serial_text} skid={c.subject_key_id} akid={c.authority_key_id} ca={str(c.is_ca).lower()} "
        f"usages={_lines(known)}"
    )


def _lines(texts: Iterable[str]) -> str:
    return quote("\n".join(texts))


def go_verdicts(lines: Iterable[str], *flags: str) -> list[str]:
    """Build the Go program and let it answer these questions; its output, a line each."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "goverdicts"
        subprocess.run(["go", "build", "-o", program, "."], cwd=PROGRAM, check=True)
        answer = subprocess.run([program, *flags], input="\n".join(lines), capture_output=True, text=True, check=True)
    return answer.stdout.split("\n")[:-1]


def recorded() -> tuple[str, dict[str, Verdict]]:
    """The Go version of the record, and its verdicts by case digest."""
    with gzip.open(RECORD, "rt", encoding="utf-8") as lines:
        version = json.loads(next(lines))["go"]
        rows = map(json.loads, lines)
        return version, {digest: Verdict(error, leaf) for digest, error, leaf in rows}


def derived(chosen: Iterable[Case]) -> tuple[str, dict[str, Verdict]]:
    """The same, from Go."""
    chosen = list(chosen)
    head, *answers = map(json.loads, go_verdicts(case.line for case in chosen))
    verdicts = {
        case.digest: Verdict(answer["error"], short(answer["leaf"]))
        for case, answer in zip(chosen, answers, strict=True)
    }
    return head["go"], verdicts


def write(version: str, verdicts: dict[str, Verdict]) -> None:
    rows = [
        json.dumps({"go": version}),
        *(json.dumps([digest, v.error, v.leaf], ensure_ascii=False) for digest, v in verdicts.items()),
    ]
    RECORD.write_bytes(gzip.compress("\n".join([*rows, ""]).encode(), mtime=0))


def differences(chosen: Iterable[Case], verdicts: dict[str, Verdict]) -> Iterator[str]:
    """Where msdoctor is of another mind."""
    for case in chosen:
        go, mine = verdicts.get(case.digest), ours(case)
        if go != mine:
            yield f"{case.family} {case.digest}\n    Go:       {go}\n    msdoctor: {mine}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare Go, the record and msdoctor")
    mode.add_argument("--write", action="store_true", help="record Go's verdicts anew")
    mode.add_argument("--compare", action="store_true", help="compare Go and msdoctor only")
    options = parser.parse_args()

    chosen = list(dict.fromkeys(cases()))
    version, verdicts = derived(chosen)
    if options.write:
        write(version, verdicts)
    faults = list(differences(chosen, verdicts))
    if options.check:
        record_version, record = recorded()
        faults += [
            f"{digest}: recorded {record.get(digest)}, now {verdict}"
            for digest, verdict in verdicts.items()
            if record.get(digest) != verdict
        ]
        faults += [f"{digest}: recorded, and no longer made" for digest in record.keys() - verdicts.keys()]
        print(f"recorded with {record_version}")
    print(*faults[:60], sep="\n")
    accepted = sum(verdict.error is None for verdict in verdicts.values())
    print(f"{version}: {len(verdicts)} chains, {accepted} accepted, {len(faults)} differences")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
