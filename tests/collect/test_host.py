import json
import os
from pathlib import Path

import pytest

from msdoctor.bundle import Kind, Place, Reason, Refusal
from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.host import LARGEST, HostRoot, open_roots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "etc/kubernetes/manifests").mkdir(parents=True)
    (root / "etc/hostname").write_text("k8s-master\n")
    (root / "etc/kubernetes/manifests/b.yaml").write_text("kind: Pod\n")
    (root / "etc/kubernetes/manifests/a.yaml").touch()
    return root


def read(root: Path, path: str, kind: Kind = Kind.FILE) -> bytes | Refusal:
    return HostRoot(root).read(Place("host/k8s-master", kind, path))


def test_files_and_directories_are_read_below_the_root(root: Path) -> None:
    assert read(root, "/etc/kubernetes/manifests/b.yaml") == b"kind: Pod\n"
    assert read(root, "/etc/kubernetes/manifests", Kind.DIRECTORY) == b'["a.yaml", "b.yaml"]'


def test_links_lead_where_they_lead_on_the_host(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    (root / "secret").write_text("inside")
    links = {"absolute": "/secret", "relative": "../secret", "climbing": "../../../../secret", "folder": "/etc"}
    for name, target in links.items():
        (root / "etc" / name).symlink_to(target)
    (root / "etc/outside").symlink_to(tmp_path / "secret")

    for name in ("absolute", "relative", "climbing"):
        assert read(root, f"/etc/{name}") == b"inside"
    assert read(root, "/../../secret") == b"inside"
    assert read(root, "/etc/folder/hostname") == b"k8s-master\n"
    assert read(root, "/etc/outside") == Refusal(Reason.ABSENT, "no such file")


def test_what_cannot_be_read_says_why(root: Path) -> None:
    (root / "etc/a").symlink_to("b")
    (root / "etc/b").symlink_to("a")
    (root / "etc/large").write_bytes(b"0" * (LARGEST + 1))
    os.mkfifo(root / "etc/fifo")

    assert read(root, "/etc/a") == Refusal(Reason.MALFORMED, "symbolic links in a loop")
    assert read(root, "/etc/large") == Refusal(Reason.TOO_LARGE, "more than 1 MiB")
    assert read(root, "/etc/fifo") == Refusal(Reason.MALFORMED, "a FIFO, which is not opened")
    assert read(root, "/etc/gone") == Refusal(Reason.ABSENT, "no such file")
    assert read(root, "/etc/kubernetes") == Refusal(Reason.MALFORMED, "a directory, not a file")
    assert read(root, "/etc/gone", Kind.DIRECTORY) == Refusal(Reason.ABSENT, "no such file")
    assert read(root, "/etc/hostname", Kind.DIRECTORY) == Refusal(Reason.ABSENT, "no such directory")
    assert read(root, "/etc/hostname/x") == Refusal(
        Reason.ABSENT, "no such file: a part of the path is not a directory"
    )


def test_a_process_of_this_machine_and_network_is_known_for_one(root: Path) -> None:
    mine = Path("/proc/self/ns/net").readlink()
    (root / "proc/42/ns").mkdir(parents=True)
    (root / "proc/42/cmdline").write_bytes(b"kube-apiserver\0")
    (root / "proc/42/ns/net").symlink_to(mine)
    boot = root / "proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_bytes(Path("/proc/sys/kernel/random/boot_id").read_bytes())

    assert HostRoot(root).shares_network("kube-apiserver")
    assert not HostRoot(root).shares_network("kubelet")

    boot.write_text("another machine's, whose first network has the same number\n")
    assert not HostRoot(root).shares_network("kube-apiserver")

    boot.write_bytes(Path("/proc/sys/kernel/random/boot_id").read_bytes())
    (root / "proc/42/ns/net").unlink()
    (root / "proc/42/ns/net").symlink_to("net:[1]")
    assert not HostRoot(root).shares_network("kube-apiserver")


def test_processes_come_with_start_arguments_and_environment(root: Path) -> None:
    process = root / "proc/42"
    process.mkdir(parents=True)
    (root / "proc/stat").write_text("cpu 1 2\nbtime 1700000000\n")
    (process / "cmdline").write_bytes(b"/usr/local/bin/kubelet\0--v=2\0--empty=\0")
    (process / "environ").write_bytes(b"HOME=/root\0HTTPS_PROXY=http://a=b\0")
    (process / "stat").write_text("42 (a ) kubelet) S " + " ".join(["0"] * 18) + " 4200 0 0\n")
    (root / "proc/43").mkdir()
    (root / "proc/43/cmdline").write_bytes(b"")
    (root / "proc/44").mkdir()
    (root / "proc/44/cmdline").write_bytes(b"kubelet\0")

    answer = read(root, "kubelet", Kind.PROCESS)
    assert isinstance(answer, bytes)
    assert json.loads(answer) == [
        {
            "pid": 42,
            "started": "2023-11-14T22:14:02Z",
            "args": ["/usr/local/bin/kubelet", "--v=2", "--empty="],
            "environ": {"HOME": "/root", "HTTPS_PROXY": "http://a=b"},
        },
        {"pid": 44, "started": None, "args": ["kubelet"]},
    ]
    assert read(root, "kube-apiserver", Kind.PROCESS) == b"[]"


def test_a_copy_of_files_has_no_processes(root: Path) -> None:
    assert read(root, "kubelet", Kind.PROCESS) == Refusal(Reason.ABSENT, "no /proc under this root")


def test_this_machine_is_a_root_too() -> None:
    answer = HostRoot(Path("/")).read(
        Place("host/me", Kind.PROCESS, Path("/proc/self/cmdline").read_text().split("\0")[0].rpartition("/")[2])
    )
    assert isinstance(answer, bytes)
    mine = [process for process in json.loads(answer) if process["pid"] == os.getpid()]
    assert mine[0]["started"] <= "2100"
    assert "PATH" in mine[0]["environ"]


def test_a_root_names_itself_or_is_named(root: Path) -> None:
    assert list(open_roots(((None, root),))) == ["k8s-master"]
    assert list(open_roots((("other", root),))) == ["other"]


def test_a_root_that_is_none_is_said_to_be_none(root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="no such directory"):
        open_roots(((None, tmp_path / "gone"),))
    with pytest.raises(ConfigurationError, match="not the root of a host's files: none of etc/kubernetes"):
        open_roots((("a", tmp_path / "empty"),))
    with pytest.raises(ConfigurationError, match="two roots for k8s-master"):
        open_roots(((None, root), ("k8s-master", root)))
    (root / "etc/hostname").unlink()
    with pytest.raises(ConfigurationError, match="--host-root NAME="):
        open_roots(((None, root),))


def test_inotify_is_counted_by_user_and_program(root: Path) -> None:
    limits = root / "proc/sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_instances").write_text("128\n")
    (limits / "max_user_watches").write_text("8192\n")
    for pid, uid, watches in ((7, 0, 2), (8, 0, 1), (9, 65534, 0)):
        process = root / f"proc/{pid}"
        (process / "fd").mkdir(parents=True)
        (process / "fdinfo").mkdir()
        (process / "status").write_text(f"Name:\tfluent-bit\nUid:\t{uid + 1}\t{uid}\t0\t0\n")
        (process / "fd/3").symlink_to("anon_inode:inotify")
        (process / "fd/4").symlink_to("anon_inode:[eventpoll]")
        (process / "fdinfo/3").write_text("pos:\t0\nflags:\t00\n" + "inotify wd:1 ino:2 sdev:3\n" * watches)

    answer = read(root, "/proc", Kind.INOTIFY)

    assert isinstance(answer, bytes)
    assert json.loads(answer) == {
        "max_user_instances": 128,
        "max_user_watches": 8192,
        "users": [
            {
                "uid": 0,
                "instances": 2,
                "watches": 3,
                "holders": [{"program": "fluent-bit", "instances": 2, "watches": 3}],
            },
            {
                "uid": 65534,
                "instances": 1,
                "watches": 0,
                "holders": [{"program": "fluent-bit", "instances": 1, "watches": 0}],
            },
        ],
        "unread": 0,
    }


def test_a_copy_of_files_has_no_inotify(root: Path) -> None:
    assert read(root, "/proc", Kind.INOTIFY) == Refusal(Reason.ABSENT, "no such file")
