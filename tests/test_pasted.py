"""What is handed to ``explain`` reaches its reader in blocks of text, however it is packed, and is never held whole."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from msdoctor.errors import GivenError
from msdoctor.interrupt import Interrupt
from msdoctor.pasted import Given, given
from msdoctor.reading import Reading, speaker_by_path
from msdoctor.utterances import Speaker, Utterance

LINE = (
    b'E0217 15:13:53.378655       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.0.0.5:10250'
    b'/metrics/resource\\": x509: certificate is valid for 10.0.0.1, not 10.0.0.5" node="k8s-node1"\n'
)
OTHER = b'I0217 15:13:53.378655       1 reconciler.go:1] "all is well"\n'
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "xz": lzma.compress,
    "bz2": bz2.compress,
    "zst": zstandard.compress,
}


def heard(*words: str) -> list[Utterance]:
    return noted(*words)[0]


def noted(*words: str) -> tuple[list[Utterance], list[str]]:
    """What is said, and what could not be read."""
    notes: list[str] = []
    return list(Reading(given(words), Interrupt(), notes.append).utterances()), notes


@pytest.fixture(autouse=True)
def a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("size", [1, 20_000])
def test_what_is_packed_is_read_as_it_is(ending: str, size: int) -> None:
    packed = PACKERS[ending](OTHER * size + LINE)
    Path(f"log.{ending}").write_bytes(packed)
    Path("misnamed.log").write_bytes(packed)

    assert [said.line for said in heard(f"log.{ending}")] == [size + 1]
    assert [said.line for said in heard("misnamed.log")] == [size + 1]


@pytest.mark.parametrize("ending", PACKERS)
def test_of_what_is_packed_and_breaks_off_the_beginning_is_read(ending: str) -> None:
    noise = "".join(f"{os.urandom(40).hex()}\n" for _ in range(30_000)).encode()
    Path(f"log.{ending}").write_bytes(PACKERS[ending](LINE + noise)[:-100_000])

    said, notes = noted(f"log.{ending}")

    assert [one.line for one in said] == [1]
    # a frame of zstd that ends early is no error to its library
    assert notes == [] if ending == "zst" else f"log.{ending}: breaks off: " in notes[0]


def test_a_name_of_one_file_is_a_file_and_several_words_are_files_where_each_is_there() -> None:
    Path("a.log").touch()
    Path("b.log").touch()

    assert given(("a.log",)) == Given(paths=(Path("a.log"),))
    assert given(("a.log", "b.log")) == Given(paths=(Path("a.log"), Path("b.log")), is_many=True)
    assert given(("x509:", "certificate")) == Given(text="x509: certificate")
    with pytest.raises(GivenError, match=r"c\.log: no such file"):
        given(("a.log", "c.log"))
    with pytest.raises(GivenError, match="stands alone"):
        given(("a.log", "-"))


def test_of_many_files_each_is_named_and_what_cannot_be_read_is_noted() -> None:
    folder = Path("must-gather/namespaces/kube-system/pods/metrics-server-5996cf47d4-xh65v")
    folder.mkdir(parents=True)
    (folder / "current.log").write_bytes(OTHER + LINE)
    (folder / "program").write_bytes(b"\x7fELF\x00")
    (folder / "empty.log").touch()
    (folder / "elsewhere").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")

    said, notes = noted("must-gather")

    assert [(one.file, one.line, one.speaker) for one in said] == [
        (str(folder / "current.log"), 2, Speaker.METRICS_SERVER)
    ]
    assert [note.partition(": ")[2].split(";")[0] for note in notes] == ["empty", "not text"]


def test_where_none_of_many_files_can_be_read_that_is_the_answer() -> None:
    Path("folder").mkdir()
    Path("folder/program").write_bytes(b"\x7fELF\x00")

    with pytest.raises(GivenError, match="not text"):
        heard("folder")


@pytest.mark.parametrize(
    ("path", "speaker"),
    [
        (
            "must-gather/namespaces/kube-system/pods/kube-apiserver-m1/kube-apiserver/logs/current.log",
            Speaker.API_SERVER,
        ),
        ("metrics-server-case/host_service_logs/masters/kubelet_service.log", Speaker.KUBELET),
        ("kube-system/metrics-server-5996cf47d4-xh65v/logs.txt", Speaker.METRICS_SERVER),
        ("var/log/pods/kube-system_kube-controller-manager-m1_4f/x/0.log.gz", Speaker.HPA_CONTROLLER),
        ("kube-system/metrics-server.yaml", Speaker.UNKNOWN),
        ("some.log", Speaker.UNKNOWN),
    ],
)
def test_whose_log_it_is_stands_in_its_path(path: str, speaker: Speaker) -> None:
    assert speaker_by_path(Path(path)) is speaker


def test_a_pipe_is_read_to_its_end() -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=(OTHER * 20_000 + LINE,))
    writer.start()

    said = heard("pipe")
    writer.join()

    assert [one.line for one in said] == [20_001]


def test_a_log_that_powershell_wrote_is_read_at_any_size() -> None:
    Path("windows.log").write_text((OTHER * 10_000 + LINE).decode().replace("\n", "\r\n"), encoding="utf-16")

    assert [said.line for said in heard("windows.log")] == [10_001]


def test_a_file_without_line_ends_is_never_held_whole() -> None:
    with Path("endless.log").open("wb") as file:
        file.writelines(b"x" * (1 << 20) for _ in range(64))
        file.write(b"\n" + LINE)

    tracemalloc.start()
    said = heard("endless.log")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [one.line for one in said] == [2]
    assert peak < 16 << 20


def test_an_archive_is_told_from_a_log() -> None:
    Path("all.tar.gz").write_bytes(gzip.compress(b"name".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 248))

    with pytest.raises(GivenError, match=r"all\.tar\.gz: an archive; unpack it"):
        heard("all.tar.gz")


def test_how_far_the_reading_is_counts_the_bytes_as_they_lie_there() -> None:
    Path("a.log.gz").write_bytes(gzip.compress(OTHER * 50_000))
    Path("b.log").write_bytes(OTHER)
    shown: list[tuple[int, int]] = []
    total = Path("a.log.gz").stat().st_size + Path("b.log").stat().st_size

    list(
        Reading(
            given(("a.log.gz", "b.log")), Interrupt(), print, lambda done, all_: shown.append((done, all_))
        ).utterances()
    )

    assert shown == sorted(shown)
    assert shown[-1] == (total, total)
