"""Files that cannot be read or understood: each said once with its place, and the rest judged all the same."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from msdoctor.cli import cli
from msdoctor.repository import kustomize, writing
from msdoctor.repository.walk import walk

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


def test_it_is_named_as_people_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.chdir(tmp_path)

    assert [str(item.at) for item in walk([Path()]).not_read] == ["fifo:1:1", "loop:1:1"]


@pytest.fixture
def anybody() -> Iterator[Path]:
    """A folder that everybody may look into, and nobody in particular doing so."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        was = os.geteuid()
        yield Path(folder)
        os.seteuid(was)


def test_what_may_not_be_read_is_said(anybody: Path) -> None:
    kops(anybody, right=False)
    write(anybody, "secret.yaml", COMPONENTS)
    write(anybody, "shut/inside.yaml", COMPONENTS)
    (anybody / "secret.yaml").chmod(0)
    (anybody / "shut").chmod(0)
    if os.geteuid() == 0:  # who may read everything
        os.seteuid(65534)
    walked = walk([anybody])
    assert [f"{item.at}: {item.reason}".removeprefix(f"{anybody}/") for item in walked.not_read] == [
        "secret.yaml:1:1: permission denied",
        "shut:1:1: permission denied",
    ]
    assert [Path(file.path).name for file in walked.files] == ["cluster.yaml"]


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


# `--fix` among files that are not as it expects


def fix(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["preflight", "--fix", *map(str, words)])


def test_lines_keep_the_ends_that_they_had_each(tmp_path: Path) -> None:
    kops(tmp_path, right=False)
    lines = (tmp_path / "cluster.yaml").read_text().splitlines()
    mixed = "".join(f"{line}{chr(13) if number % 2 else ''}\n" for number, line in enumerate(lines))
    (tmp_path / "cluster.yaml").write_bytes(f"{mixed}# a comment".encode())
    fix(tmp_path)
    after = (tmp_path / "cluster.yaml").read_bytes().decode()
    known = {*mixed.splitlines(keepends=True), "# a comment"}
    assert len([line for line in after.splitlines(keepends=True) if line not in known]) == 1
    assert after.endswith("# a comment")


def test_permissions_stay_and_nothing_else_is_left_behind(tmp_path: Path) -> None:
    kops(tmp_path, right=False)
    (tmp_path / "cluster.yaml").chmod(0o640)
    assert fix(tmp_path).exit_code == 0
    assert (tmp_path / "cluster.yaml").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.yaml"]


def test_a_read_only_file_is_left_alone_and_the_others_are_changed(tmp_path: Path) -> None:
    kops(tmp_path / "a", right=False)
    kops(tmp_path / "b", right=False)
    (tmp_path / "a/cluster.yaml").chmod(0o444)
    was = (tmp_path / "a/cluster.yaml").read_text()
    result = fix(tmp_path)
    assert result.exit_code == 2
    assert "a/cluster.yaml: is write-protected; nothing was written to it" in result.stderr
    assert (tmp_path / "a/cluster.yaml").read_text() == was
    assert set(found(judge(tmp_path), tmp_path)["requestheader-allowed-names-mismatch"]) == {"a/cluster.yaml:9"}
    assert "b/cluster.yaml:9: changed for" in result.stderr
    assert "a/cluster.yaml:9: changed for" not in result.stderr


def test_a_file_that_changed_in_between_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kops(tmp_path, right=False)
    file = tmp_path / "cluster.yaml"
    whole = writing.write
    later = file.read_text() + "# somebody else was here\n"

    def meanwhile(*given: Any) -> None:
        file.write_text(later)
        whole(*given)

    monkeypatch.setattr(writing, "write", meanwhile)
    result = fix(tmp_path)
    assert result.exit_code == 2
    assert "has changed since it was read" in result.stderr
    assert file.read_text() == later


def test_a_link_that_leads_out_by_now_is_not_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside.yaml"
    kops(root, right=False)
    file = root / "cluster.yaml"
    text = file.read_text()
    outside.write_text(text)
    whole = writing.write

    def meanwhile(*given: Any) -> None:
        file.unlink()
        file.symlink_to(outside)
        whole(*given)

    monkeypatch.setattr(writing, "write", meanwhile)
    result = fix(root)
    assert result.exit_code == 2
    assert "leads out of the paths given by now" in result.stderr
    assert outside.read_text() == text


def test_a_file_of_two_names_is_changed_once_and_its_link_stays_one(tmp_path: Path) -> None:
    kops(tmp_path, right=False)
    (tmp_path / "same.yaml").symlink_to("cluster.yaml")
    result = fix(tmp_path)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "same.yaml").is_symlink()
    assert found(judge(tmp_path), tmp_path) == {}


def test_a_base_below_too_many_others_is_told_as_not_read(tmp_path: Path) -> None:
    for number in range(kustomize.MOST + 2):
        write(tmp_path, f"{number:02}/kustomization.yaml", f"resources: [../{number + 1:02}]\n")
    assert unread(tmp_path) == [f"{kustomize.MOST + 1}/kustomization.yaml:1:1: a base below 50 others, and not read"]
