"""What files of a repository turn out to be: the pieces that clusters are put together from. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msdoctor.repository.place import At
from msdoctor.repository.trees import Tree


@dataclass(frozen=True, slots=True)
class Text:
    """A text as a host would hold it, and where each of its lines stands in the repository.

    ``lines`` is None where every line has the number that it has in its file. Of a text that was made up, only the
    lines that something in the repository decides are among them; ``adds`` has by line that could be added to it the
    line that would bring it about in the repository, and behind which it would stand there.
    """

    body: str
    at: At
    lines: Mapping[int, At] | None = None
    adds: Mapping[str, tuple[At, str]] = field(default_factory=dict)

    def place(self, line: int | None) -> At:
        """Where a line stands; the whole, where that is not known."""
        if line is None:
            return self.at
        return At(self.at.file, line) if self.lines is None else self.lines.get(line, self.at)

    def place_of(self, line: int | None, word: str) -> At:
        """The same with the column at which a word begins, where the line has it."""
        at = self.place(line)
        if line is None or self.lines is not None:
            return at
        column = self.body.split("\n")[line - 1].find(word)
        return At(at.file, at.line, column + 1) if column >= 0 else at


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit, or a command that is as good as one. ``drop_in`` is the name of a drop-in, empty of a unit.

    ``control_plane`` tells that it is of such machines alone, or of all others.
    """

    program: str
    text: Text
    drop_in: str = ""
    control_plane: bool | None = None


@dataclass(frozen=True, slots=True)
class Variables:
    """An environment file, known by the last part of its name."""

    text: Text


@dataclass(frozen=True, slots=True)
class StaticPod:
    """The manifest of a control-plane component."""

    program: str
    text: Text
    of: str = ""  # the distribution that writes it, where one does


@dataclass(frozen=True, slots=True)
class KubeletSettings:
    """A KubeletConfiguration. ``of`` as above."""

    text: Text
    of: str = ""


@dataclass(frozen=True, slots=True)
class Rancher:
    """The configuration of k3s or rke2, and the unit that starts it, where the repository tells of one."""

    program: str
    text: Text
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Pem:
    """A file of certificates or of a private key."""

    text: Text
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Object:
    """A Kubernetes object."""

    tree: Tree

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.tree.text("kind")

    @property
    def name(self) -> str:
        """Its name."""
        return self.tree.text("metadata", "name")

    @property
    def namespace(self) -> str:
        """Its namespace as written."""
        return self.tree.text("metadata", "namespace")

    @property
    def at(self) -> At:
        """Where it begins."""
        return self.tree.at


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of a Deployment, to be laid over the whole. ``target`` is the Deployment's name, empty if not told."""

    tree: Tree
    target: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of an inventory: its addresses, and whether it is of the control plane (None: not told)."""

    name: str
    addresses: tuple[str, ...]
    at: At
    control_plane: bool | None = None


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization.yaml."""

    tree: Tree


@dataclass(frozen=True, slots=True)
class Kubespray:
    """Variables of Ansible that kubespray reads: of one file, or of a group in an inventory."""

    tree: Tree


Piece = (
    Unit | Variables | StaticPod | KubeletSettings | Rancher | Pem | Object | Patch | Node | Kustomization | Kubespray
)


def at_of(piece: Piece) -> At:
    """Where a piece begins."""
    if isinstance(piece, Node | Object):
        return piece.at
    return piece.tree.at if isinstance(piece, Patch | Kustomization | Kubespray) else piece.text.at


def file_of(piece: Piece) -> str:
    """The file that it stands in."""
    return at_of(piece).file


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file was taken for, in words: for the report, which says so of every file."""

    at: At
    what: str


@dataclass(slots=True)
class Found:
    """Everything that was recognised, as it is gathered."""

    pieces: list[Piece] = field(default_factory=list)
    files: list[Recognised] = field(default_factory=list)

    def add(self, piece: Piece, at: At, what: str) -> None:
        """One more piece, and what to call it."""
        self.pieces.append(piece)
        self.files.append(Recognised(at, what))
