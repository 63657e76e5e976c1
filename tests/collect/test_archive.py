import gzip
import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msdoctor.bundle import WORKSTATION, Bundle, Context, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.collect import archive
from msdoctor.collect.archive import load, save
from msdoctor.collect.errors import ConfigurationError

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
CONTEXT = Context("story", "https://192.168.10.50:6443", "operator", ("a",), (WORKSTATION, "host/k8s-master"))
NODES = Place(WORKSTATION, Kind.API, "/api/v1/nodes?limit=5")
HOST = "host/k8s-master"


def example() -> Bundle:
    documents = [
        Document(NODES, NOW, b'{\n "items": []\n}\n'),
        Document(Place(WORKSTATION, Kind.LOG, "kube-system/ms/ms?previous"), NOW, b"line\n"),
        Document(Place(WORKSTATION, Kind.TLS, "[fd00::51]:10250"), NOW, refusal=Refusal(Reason.TIMEOUT, "late")),
        Document(Place(HOST, Kind.FILE, "/etc/kubernetes/Manifests"), NOW, b""),
        Document(Place(HOST, Kind.FILE, "/etc/kubernetes/manifests"), NOW, b"\xff\0"),
        Document(Place(HOST, Kind.DIRECTORY, "/etc/kubernetes/manifests"), NOW, b"[]\n"),
        Document(Place(WORKSTATION, Kind.API, "/version"), NOW, refusal=Refusal(Reason.FORBIDDEN, "no", 403)),
    ]
    return bundle_of(documents, NOW, CONTEXT)


def write(folder: Path, index: Any, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "bundle.json").write_text(index if isinstance(index, str) else json.dumps(index))
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def index(**changes: Any) -> dict[str, Any]:
    context = {"cluster": "", "server": "", "user": "", "groups": [], "vantages": []}
    entry = {"origin": "workstation", "kind": "api", "path": "/x", "at": "2026-11-25T13:00:00Z", "file": "x"}
    whole = {"format": "1", "tool": "0", "takenAt": "2026-11-25T13:00:00Z", "context": context, "documents": [entry]}
    entry |= {key: value for key, value in changes.items() if key not in whole}
    return whole | {key: value for key, value in changes.items() if key in whole}


@pytest.mark.parametrize("name", ["saved", "saved.tar.gz"])
def test_a_bundle_comes_back_as_it_was_saved(tmp_path: Path, name: str) -> None:
    save(example(), tmp_path / name)

    assert load(tmp_path / name) == example()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_files_are_readable_by_eye(tmp_path: Path) -> None:
    save(example(), tmp_path / "b")
    names = sorted(str(path.relative_to(tmp_path / "b")) for path in (tmp_path / "b").rglob("*") if path.is_file())

    assert names == sorted(
        [
            "api/api/v1/nodes%3Flimit=5.json",
            "bundle.json",
            "hosts/k8s-master/etc/kubernetes/manifests/_names.json",
            "logs/kube-system/ms/ms%3Fprevious.log",
            "more/000001",
            "more/000002",
        ]
    )
    assert (tmp_path / "b" / "api/api/v1/nodes%3Flimit=5.json").read_text() == '{\n "items": []\n}\n'


def test_a_packed_bundle_is_the_same_every_time_and_carries_its_moment(tmp_path: Path) -> None:
    save(example(), tmp_path / "a.tar.gz")
    save(example(), tmp_path / "b.tgz")

    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tgz").read_bytes()
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert {member.mtime for member in tar} == {int(NOW.timestamp())}


def test_a_bundle_packed_again_by_hand_is_read(tmp_path: Path) -> None:
    save(example(), tmp_path / "b")
    with tarfile.open(tmp_path / "hand.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "b", arcname=".")

    assert load(tmp_path / "hand.tar.gz") == example()


def test_an_existing_target_is_refused_but_for_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    save(example(), tmp_path / "empty")
    assert load(tmp_path / "empty") == example()
    (tmp_path / "a.tar.gz").write_text("mine")
    for name in ("empty", "a.tar.gz"):
        with pytest.raises(ConfigurationError, match="exists"):
            save(example(), tmp_path / name)
    assert (tmp_path / "a.tar.gz").read_text() == "mine"


def test_nothing_is_left_of_a_save_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_index", fail)
    for name in ("a", "a.tar.gz"):
        with pytest.raises(ConfigurationError, match="No space left on device"):
            save(example(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


places = st.builds(
    Place,
    st.one_of(st.just(WORKSTATION), st.text(min_size=1, max_size=8).map("host/{}".format)),
    st.sampled_from(Kind),
    st.one_of(st.text(max_size=30), st.sampled_from(["/a", "/A", "/a/b", "/..", "/../x", "/con", "a:1", "/x/."])),
)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
refusals = st.builds(Refusal, st.sampled_from(Reason), st.text(max_size=9), st.none() | st.integers(100, 599))
documents = st.builds(Document, places, moments, st.binary(max_size=9))
refused = st.builds(lambda place, at, refusal: Document(place, at, None, refusal), places, moments, refusals)


@given(st.lists(documents | refused, max_size=8), moments, st.booleans())
def test_any_bundle_comes_back(
    tmp_path_factory: pytest.TempPathFactory, made: list[Document], at: datetime, packed: bool
) -> None:
    bundle = bundle_of(made, at.replace(microsecond=0), CONTEXT)
    path = tmp_path_factory.mktemp("any") / ("b.tar.gz" if packed else "b")
    save(bundle, path)

    assert load(path) == bundle


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "2", "tool": "9.1"}, "made by msdoctor 9.1 with format 2; this one reads 1"),
        ({"file": "../x"}, "climbs out"),
        ({"file": "/etc/passwd"}, "climbs out"),
        ({"file": "gone"}, "gone, which bundle.json names, is missing"),
        ({"kind": "cake"}, r"documents\[0\]: 'cake' is not a valid Kind"),
        ({"at": "yesterday"}, r'documents\[0\]: "yesterday" is not a time'),
        ({"refusal": {"reason": "absent", "detail": ""}}, "either a file or a refusal"),
        ({"context": 1}, "context is missing or not a dict"),
        ({"documents": {}}, "documents is missing or not a list"),
    ],
)
def test_an_index_that_is_wrong_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(write(tmp_path / "b", index(**changes), x="{}"))


def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "text.tar.gz").write_bytes(gzip.compress(b"hello" * 500))
    (tmp_path / "empty").mkdir()
    for name, message in [
        ("text", "not a bundle"),
        ("text.tar.gz", "damaged|not a bundle"),
        ("empty", "it has no bundle.json"),
        ("none", "no such bundle"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            load(tmp_path / name)
    with pytest.raises(ConfigurationError, match="malformed or cut short"):
        load(write(tmp_path / "cut", '{"format": "1", '))
    with pytest.raises(ConfigurationError, match="names no format"):
        load(write(tmp_path / "other", "[]"))


def test_a_packed_bundle_that_was_cut_short_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    save(example(), tmp_path / "a.tar.gz")
    whole = (tmp_path / "a.tar.gz").read_bytes()
    for size in range(2, len(whole), 37):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:size])
        with pytest.raises(ConfigurationError, match=r"cut short|not a bundle"):
            load(tmp_path / "cut.tar.gz")


def pack(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_paths_and_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo("bundle/x")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for member, message in [
        (link, "is a link or a device"),
        (tarfile.TarInfo("../x"), "climbs out"),
        (tarfile.TarInfo("/x"), "climbs out"),
    ]:
        with pytest.raises(ConfigurationError, match=message):
            load(pack(tmp_path / "a.tar.gz", (member, b"")))
    folder = write(tmp_path / "b", index())
    (folder / "x").symlink_to(tmp_path)
    with pytest.raises(ConfigurationError, match="a link that leads out"):
        load(folder)


def test_a_bundle_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_FILE", 1_000_000)
    monkeypatch.setattr(archive, "LARGEST_BUNDLE", 2_500_000)
    large = (tarfile.TarInfo("bundle/x"), b"0" * 1_000_001)
    with pytest.raises(ConfigurationError, match="larger than"):
        load(pack(tmp_path / "a.tar.gz", large))
    many = [(tarfile.TarInfo(f"bundle/{number}"), b"0" * 900_000) for number in range(3)]
    with pytest.raises(ConfigurationError, match="larger than"):
        load(pack(tmp_path / "b.tar.gz", *many))
    header = tarfile.TarInfo("bundle/x")
    header.pax_headers = {"comment": "0" * 1_100_000}
    with pytest.raises(ConfigurationError, match="unpacks to"):
        load(pack(tmp_path / "c.tar.gz", (header, b"")))
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    small = [(tarfile.TarInfo(f"bundle/{number}"), b"") for number in range(4)]
    with pytest.raises(ConfigurationError, match="more than 2 files"):
        load(pack(tmp_path / "d.tar.gz", *small))
