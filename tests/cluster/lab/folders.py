"""What lies in a lab's state folder before its machines start: their /etc and /var, users' kubeconfigs, programs."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from lab import state
from lab.authorities import Authorities
from lab.files import kubeconfig, machine_files
from lab.layout import USERS
from lab.truth import NODES, WORKSTATION, Truth

FROM_HOST = (
    "passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "protocols",
    "services", "localtime", "ssl", "os-release", "login.defs", "terminfo", "bash.bashrc", "profile",
)  # fmt: skip


def lay_out(name: str, truth: Truth, programs: Mapping[str, Path]) -> None:
    """Lay out the machines' folders; the file that the watcher waits for comes last."""
    top = state.folder(name)
    authorities = Authorities(top / "pki")
    authorities.make()
    for machine in NODES:
        etc, var = top / machine / "etc", top / machine / "var"
        etc.mkdir(parents=True)
        for entry in FROM_HOST:
            _copy(Path("/etc") / entry, etc / entry)
        for folder in ("lib/kubelet", "lib/containerd", "log/pods", "log/kubernetes", "tmp", "lib/etcd"):
            (var / folder).mkdir(parents=True)
        (var / "lib/etcd").chmod(0o700)
        (var / "run").symlink_to("/run")
        (etc / "mtab").symlink_to("/proc/self/mounts")
        (etc / "machine-id").write_text(f"{abs(hash((name, machine))):032x}"[:32] + "\n")
        for path, file in machine_files(truth, machine, name, authorities).items():
            state.put(top / machine / path.lstrip("/"), file.text, file.mode)
    for user, group in USERS.items():
        text = kubeconfig(authorities, user, authorities.leaf(user, organization=group))
        state.put(top / WORKSTATION / f"{user}.kubeconfig", text, 0o600)
    _lay_out_programs(top, programs)
    (top / "form").write_text(truth.form)


def _lay_out_programs(top: Path, programs: Mapping[str, Path]) -> None:
    """Mount points for the machines' /usr/local/bin, and the list of what goes where."""
    bin_folder = top / "bin"
    bin_folder.mkdir()
    source = (Path(__file__).parent / "stand_ins" / "systemctl.py").read_text()
    for name in ("systemctl", "journalctl"):
        # Without the user's site packages, and quickly.
        state.put(bin_folder / name, f"#!{_python()} -SE\n{source}", 0o755)
    state.put(bin_folder / "scp", (Path(__file__).parent / "stand_ins" / "scp.sh").read_text(), 0o755)
    for name in programs:
        (bin_folder / name).touch()
    state.put(top / "binaries", "".join(f"{name} {path}\n" for name, path in programs.items()))


def _python() -> str:
    """A Python that the machines see too: their /etc, /var and /run are not this machine's."""
    system = Path("/usr/bin/python3")
    return str(system if system.exists() else Path("/proc/self/exe").resolve())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore_dangling_symlinks=True)
    elif source.exists():
        shutil.copy2(source, target)
