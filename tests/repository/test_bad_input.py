"""Files that cannot be read or understood: each said once with its place, and the rest judged all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from msdoctor.cli import cli

from .repositories import found, judge, write
from .shapes import COMPONENTS, kops

BOMB = "kind: Deployment # metrics-server\na: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


def unread(tmp_path: Path) -> list[str]:
    kops(tmp_path, right=False)
    judged = judge(tmp_path)
    assert set(found(judged, tmp_path)) == {"requestheader-allowed-names-mismatch"}, "the rest is judged"
    return [f"{item.at}: {item.reason}".removeprefix(f"{tmp_path}/") for item in judged.not_read]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"kind: Deployment # metrics-server\napiVersion: {\n", "bad.yaml:3:1: not YAML:"),
        (b"kind: Deployment # metrics-server\n\tapiVersion: v1\n", "bad.yaml:2:1: not YAML:"),
        (BOMB.encode(), "bad.yaml:1:1: aliases that make more than"),
        (b"kind: Deployment # metrics-server\nname: caf\xe9\n", "bad.yaml:2:1: not UTF-8"),
        (b"kind: Deployment # metrics-server\0\1\2", "bad.yaml:1:1: binary"),
        (
            b"kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
            "bad.yaml:3:1: the key kind is given twice, first in line 1",
        ),
        (b"&a [*a] # kubelet\n", None),
    ],
    ids=["broken", "tab", "bomb", "latin-1", "binary", "duplicate", "circle"],
)
def test_bad_yaml_is_said_with_its_place(content: bytes, said: str | None, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    lines = unread(tmp_path)
    if said is None:
        assert len(lines) <= 1
    else:
        assert len(lines) == 1, lines
        assert lines[0].startswith(said)


def test_a_file_of_two_gigabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(2 << 30)
    assert unread(tmp_path) == ["big.yaml:1:1: larger than 16 MiB, and not read"]


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "self").symlink_to(".")
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(COMPONENTS)
    (tmp_path / "out.yaml").symlink_to(outside)
    assert sorted(unread(tmp_path)) == [
        "fifo:1:1: a FIFO, which is not opened",
        "loop:1:1: symbolic links in a loop",
        "out.yaml:1:1: a link that leads out of the paths given, and is not followed",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    write(tmp_path, "secret.yaml", COMPONENTS)
    (tmp_path / "secret.yaml").chmod(0)
    assert unread(tmp_path) == ["secret.yaml:1:1: permission denied"]


def test_windows_line_ends_and_a_mark_are_read_and_kept(tmp_path: Path) -> None:
    kops(tmp_path, right=False)
    plain = (tmp_path / "cluster.yaml").read_text()
    (tmp_path / "cluster.yaml").write_bytes(b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode())
    assert found(judge(tmp_path), tmp_path) == {"requestheader-allowed-names-mismatch": {"cluster.yaml:9"}}
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    changed = (tmp_path / "cluster.yaml").read_bytes()
    assert changed.startswith(b"\xef\xbb\xbf")
    assert changed.count(b"\r\n") == changed.count(b"\n") == plain.count("\n")
    assert found(judge(tmp_path), tmp_path) == {}


def test_a_path_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["preflight", str(tmp_path / "nowhere")])
    assert result.exit_code == 2
    assert "no such file or directory" in result.stderr


def test_an_empty_repository_is_nothing_to_judge(tmp_path: Path) -> None:
    write(tmp_path, "README", "nothing here\n")
    result = CliRunner().invoke(cli, ["preflight", str(tmp_path)])
    assert result.exit_code == 0
    assert "NOTHING TO JUDGE" in result.stdout
    assert CliRunner().invoke(cli, ["preflight", "--strict", str(tmp_path)]).exit_code == 3
