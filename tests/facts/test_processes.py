"""What a component was started with: of several accounts the one nearest to the running process."""

import shlex

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import manifests, paths, processes
from msdoctor.facts.forms import Form
from msdoctor.facts.processes import Component, components
from msdoctor.model import Unseen

from .clusters import MASTER, Patient, healthy, listed, mirror_pod

MANIFEST = f"{processes.MANIFESTS}/kube-apiserver.yaml"
UNIT = "/etc/systemd/system/kube-apiserver.service"
YAML = """\
apiVersion: v1
kind: Pod
spec:
  containers:
  - name: sidecar
    command: [sh, -c, sleep]
  - name: kube-apiserver
    command:
    - kube-apiserver
    - --v=2  # from the manifest
    args: ["--secure-port=6443"]
"""


def _only(patient: Patient, program: str = "kube-apiserver") -> Component:
    (found,) = components(patient.bundle(), program)
    return found


def test_the_running_process_outranks_the_manifest_which_stays_the_place_to_change() -> None:
    found = _only(
        Patient().process(MASTER, "kube-apiserver", "/usr/bin/kube-apiserver", "--v=1").file(MASTER, MANIFEST, YAML)
    )

    assert found.flags.text("v") == "1"
    assert found.file_flags.text("v") == "2"
    assert (found.form, found.file) == (Form.STATIC_POD, MANIFEST)
    assert found.read_from == f"{MASTER}: running kube-apiserver (pid 7)"
    assert found.started is not None


def test_the_manifest_outranks_the_unit() -> None:
    unit = "[Service]\nExecStart=/usr/bin/kube-apiserver --v=3\n"
    found = _only(Patient().file(MASTER, MANIFEST, YAML).file(MASTER, UNIT, unit))

    assert found.flags.text("v") == "2"
    assert found.flags.line("v") == 10
    assert found.started is None


def test_the_unit_with_its_drop_ins_outranks_the_mirror_pod() -> None:
    patient = Patient().file(MASTER, UNIT, "[Service]\nExecStart=/usr/bin/kube-apiserver --v=3\n")
    patient.directory(MASTER, f"{UNIT}.d", "10-a.conf", "20-b.conf", "README")
    patient.file(MASTER, f"{UNIT}.d/10-a.conf", "[Service]\nEnvironmentFile=-/etc/sysconfig/api\n")
    patient.file(MASTER, f"{UNIT}.d/20-b.conf", "[Service]\nExecStart=\nExecStart=/usr/bin/kube-apiserver $ARGS\n")
    patient.file(MASTER, f"{UNIT}.d/README", "ExecStart=/no\n")
    patient.file(MASTER, "/etc/sysconfig/api", 'ARGS="--v=4 \\\n --secure-port=1"\n')
    patient.api(paths.API_SERVER_PODS, listed(mirror_pod(MASTER, "kube-apiserver", "--v=9")))
    found = _only(patient)

    assert found.flags.text("v") == "4"
    assert found.flags.text("secure-port") == "1"
    assert (found.form, found.file) == (Form.UNIT, f"{UNIT}.d/20-b.conf")


def test_a_drop_in_of_etc_masks_its_namesake_and_all_are_read_in_the_order_of_their_names() -> None:
    patient = Patient().file(MASTER, "/lib/systemd/system/kube-apiserver.service", "ExecStart=/bin/kube-apiserver\n")
    for folder, names in (("/lib/systemd/system", ("10.conf", "90.conf")), ("/etc/systemd/system", ("10.conf",))):
        patient.directory(MASTER, f"{folder}/kube-apiserver.service.d", *names)
        for name in names:
            text = f"ExecStart=\nExecStart=/bin/kube-apiserver --from={folder}/{name}\n"
            patient.file(MASTER, f"{folder}/kube-apiserver.service.d/{name}", text)

    assert _only(patient).flags.text("from") == "/lib/systemd/system/90.conf"
    assert [path for path, _ in processes.unit_files(patient.bundle(), MASTER, "kube-apiserver")][1:] == [
        "/etc/systemd/system/kube-apiserver.service.d/10.conf",
        "/lib/systemd/system/kube-apiserver.service.d/90.conf",
    ]


def test_kubeadms_mirror_pods_show_the_flags_of_every_server_whose_host_was_not_looked_at() -> None:
    patient = Patient().process("m1", "kube-apiserver", "kube-apiserver", "--v=1")
    patient.api(paths.API_SERVER_PODS, listed(mirror_pod("m1"), mirror_pod("m2", "kube-apiserver", "--v=2")))

    found = components(patient.bundle(), "kube-apiserver")

    assert [(one.host, one.flags.text("v"), one.origin) for one in found] == [
        ("m1", "1", "host/m1"),
        ("m2", "2", "workstation"),
    ]
    assert found[1].how == "kubectl -n kube-system get pod kube-apiserver-m2 -o yaml"
    assert found[1].started is not None


@pytest.mark.parametrize(
    "command",
    [
        ("/go-runner", "--log-file=x", "/usr/local/bin/kube-apiserver", "--v=5"),
        ("/hyperkube", "kube-apiserver", "--v=5"),
        ("/usr/local/bin/kube-apiserver", "--v=5"),
    ],
)
def test_the_flags_are_those_behind_the_programs_name(command: tuple[str, ...]) -> None:
    patient = healthy().api(paths.API_SERVER_PODS, listed(mirror_pod("m1", *command)))

    assert [flag.name for flag in _only(patient).flags.given] == ["v"]


@pytest.mark.parametrize("command", [(), ("sh", "-c", "exec kube-apiserver --v=5"), ("/start.sh",)])
def test_what_a_shell_is_told_is_not_taken_for_a_server_without_flags(command: tuple[str, ...]) -> None:
    pod = mirror_pod("m1")
    pod["spec"]["containers"][0]["command"] = list(command)
    patient = healthy().api(paths.API_SERVER_PODS, listed(pod))
    patient.file(MASTER, UNIT, f"[Service]\nExecStart={shlex.join(command) or '/start.sh'}\n")

    assert components(patient.bundle(), "kube-apiserver") == ()


def test_a_process_that_shows_no_arguments_leaves_the_word_to_the_manifest() -> None:
    patient = Patient().file(MASTER, MANIFEST, YAML)
    patient.put(
        next(p for p in Patient().process(MASTER, "kube-apiserver", "x").documents), b'[{"pid": 1, "args": []}]'
    )

    assert _only(patient).flags.text("v") == "2"


def test_a_malformed_manifest_is_unseen_and_its_place_is_named() -> None:
    cluster = Patient().file(MASTER, MANIFEST, "spec:\n  containers: [\n").facts()

    assert isinstance(cluster.api_servers, Unseen)
    assert cluster.api_servers.reason.startswith(f"{MASTER}:{MANIFEST}: not YAML")
    assert "line 3" in cluster.api_servers.reason


def test_a_host_without_an_api_server_says_what_was_looked_for() -> None:
    cluster = Patient().process("worker", "kube-apiserver").facts()

    assert cluster.api_servers == Unseen(
        "neither a process nor a manifest nor a unit of kube-apiserver was found on worker"
    )


@pytest.mark.parametrize("text", ["", "null", "[]", "spec: 1", "spec: {containers: {}}", "spec: {containers: [1]}"])
def test_a_manifest_without_containers_has_none(text: str) -> None:
    found = manifests.containers(text)

    assert not isinstance(found, Unseen)
    assert not [word for one in found for word in one.words]


def test_a_manifest_may_be_json() -> None:
    (found,) = manifests.containers('{"spec": {"containers": [{"name": "a", "command": ["b", "--c"]}]}}')  # type: ignore[misc]

    assert [(word.text, word.line) for word in found.words] == [("b", 1), ("--c", 1)]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("tlsCertFile: /a\nserverTLSBootstrap: true\n", {"tlsCertFile": "/a", "serverTLSBootstrap": "True"}),
        ("authentication: {x509: {clientCAFile: /ca}}\n", {"clientCAFile": "/ca"}),
        ("authentication: no\n", {"authentication": "False"}),
        ("authentication: {x509: [1]}\n", {}),
        ("when: 2026-13-45\n", {}),
        ("- list\n", {}),
        (": :\n  -", {}),
    ],
)
def test_a_kubelets_settings(text: str, settings: dict[str, str]) -> None:
    assert processes.kubelet_settings(text) == settings


def test_a_host_whose_files_may_not_be_read_has_no_component() -> None:
    patient = Patient().process(MASTER, "kube-apiserver")
    for place in list(patient.documents):
        patient.refuse(place, Reason.FORBIDDEN)

    assert components(patient.bundle(), "kube-apiserver") == ()
