"""kubeadm as the judge: of the configurations that the tests of `preflight` are made of, and of what follows from them.

No cluster is started for this; kubeadm is built as the lab's components are.
"""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import binaries

from tests.repository import shapes
from tests.repository.repositories import found, judge

pytestmark = pytest.mark.cluster

every = pytest.mark.parametrize("shape", [shapes.kubeadm, shapes.kubeadm_v1beta3], ids=lambda shape: shape.__name__)
either = pytest.mark.parametrize("right", [True, False], ids=["right", "faulty"])
OF_THIS_MACHINE = """\
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.0.2.10}
nodeRegistration: {name: master, criSocket: unix:///run/containerd/containerd.sock}
"""


@pytest.fixture(scope="module")
def kubeadm() -> Path:
    return binaries.tool("kubeadm")


def validated(kubeadm: Path, file: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [kubeadm, "config", "validate", "--config", file]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def written(kubeadm: Path, config: Path, folder: Path) -> None:
    """What kubeadm makes of a configuration by its own phases: certificates, static pods, kubelet configuration."""
    text = re.sub(
        r"(?m)^kubernetesVersion: .*", f"kubernetesVersion: {binaries.KUBERNETES_VERSION}", config.read_text()
    )
    text = text.replace("kind: ClusterConfiguration\n", f"kind: ClusterConfiguration\ncertificatesDir: {folder}/pki\n")
    given = folder.parent.parent / "given.yaml"
    given.write_text(f"{text}{OF_THIS_MACHINE}")
    folder.mkdir(parents=True)
    for phase in (["certs", "all"], ["control-plane", "all", "--dry-run"], ["kubelet-start", "--dry-run"]):
        subprocess.run(
            [kubeadm, "init", "phase", phase[0], *phase[1:], "--config", given],
            check=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "KUBEADM_INIT_DRYRUN_DIR": str(folder)},
        )


@every
@either
def test_kubeadm_takes_the_configurations_for_valid(
    kubeadm: Path, shape: Callable[..., None], right: bool, tmp_path: Path
) -> None:
    shape(tmp_path, right=right)
    result = validated(kubeadm, tmp_path / "kubeadm.yaml")
    assert (result.returncode, result.stdout) == (0, "ok\n"), result.stderr


@every
def test_kubeadm_would_have_said_what_is_wrong(kubeadm: Path, shape: Callable[..., None], tmp_path: Path) -> None:
    shape(tmp_path, right=True)
    file = tmp_path / "kubeadm.yaml"
    file.write_text(file.read_text().replace("extraArgs", "extraArguments"))
    assert validated(kubeadm, file).returncode != 0


@every
@either
def test_what_kubeadm_writes_is_judged_as_what_it_was_written_from(
    kubeadm: Path, shape: Callable[..., None], right: bool, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shape(before, right=right)
    written(kubeadm, before / "kubeadm.yaml", after / "etc")
    (after / "metrics-server.yaml").write_text(shapes.COMPONENTS)

    judged = judge(after)
    # Only with the CA at hand is it told that the kubelets' own certificates are none of its.
    also = set() if right else {"kubelet-cert-unknown-ca"}
    assert set(found(judged, after)) == set(found(judge(before), before)) | also
    assert judged.not_read == ()
    taken = {Path(item.at.file).name: item.what for item in judged.recognised}
    assert taken["kube-apiserver.yaml"] == "static pod of kube-apiserver"
    assert taken["config.yaml"] == "KubeletConfiguration"


def test_a_fault_in_what_kubeadm_wrote_is_told_with_its_line(kubeadm: Path, tmp_path: Path) -> None:
    shapes.kubeadm(tmp_path / "before", right=False)
    after = tmp_path / "after"
    after.mkdir()
    written(kubeadm, tmp_path / "before" / "kubeadm.yaml", after / "etc")
    manifest = after / "etc" / "kube-apiserver.yaml"
    line = manifest.read_text().splitlines().index("    - --requestheader-allowed-names=front-proxy-ca") + 1
    assert found(judge(after), after) == {"requestheader-allowed-names-mismatch": {f"etc/kube-apiserver.yaml:{line}"}}
