"""k3s and rke2: which flags their configuration gives the components, each with the file and line it stands in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msdoctor.facts import rancher
from msdoctor.facts.flags import Argument, Flags
from msdoctor.facts.forms import Form
from msdoctor.facts.processes import Component, components
from msdoctor.facts.rancher import Settings
from msdoctor.facts.wanted import wanted
from tests.facts.clusters import Patient, healthy

HOST = "server-1"
CONFIG = "/etc/rancher/k3s/config.yaml"
UNIT = "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n        '--kube-apiserver-arg=v=4' \\\n"
TLS = "/var/lib/rancher/k3s/server/tls"


def _host(config: str = "", drop_ins: dict[str, str] | None = None, unit: str = UNIT) -> Patient:
    patient = healthy().directory(HOST, "/var/lib/rancher", "k3s").file(HOST, "/etc/systemd/system/k3s.service", unit)
    if config:
        patient.file(HOST, CONFIG, config)
    if drop_ins:
        patient.directory(HOST, f"{CONFIG}.d", *drop_ins)
        for name, text in drop_ins.items():
            patient.file(HOST, f"{CONFIG}.d/{name}", text)
    return patient


def _server(patient: Patient, program: str = "kube-apiserver") -> Component:
    (found,) = (one for one in components(patient.bundle(), program) if one.host == HOST)
    return found


def _flags(*arguments: str, **told: str) -> Flags:
    values = {name.replace("_", "-"): (Argument(value),) for name, value in told.items()}
    return rancher.flags(
        Settings("k3s", {"kube-apiserver-arg": tuple(map(Argument, arguments)), **values}), "kube-apiserver"
    )


def test_without_a_word_of_configuration_k3s_has_flags_of_its_own() -> None:
    found = _server(_host(unit="[Service]\nExecStart=/usr/local/bin/k3s server\n"))

    assert found.form is Form.RANCHER
    assert found.file == CONFIG
    assert found.flags.text("requestheader-client-ca-file") == f"{TLS}/request-header-ca.crt"
    assert found.flags.text("proxy-client-cert-file") == f"{TLS}/client-auth-proxy.crt"
    assert found.flags.listed("requestheader-allowed-names") == ("system:auth-proxy",)
    assert found.flags.on("enable-aggregator-routing")


def test_an_agent_has_no_api_server() -> None:
    agent = "[Service]\nExecStart=/usr/local/bin/k3s agent\n"

    assert not [one for one in components(_host(unit=agent).bundle(), "kube-apiserver") if one.host == HOST]


def test_files_then_drop_ins_then_words_each_known_by_its_line() -> None:
    patient = _host(
        "write-kubeconfig-mode: 644\nkube-apiserver-arg:\n- requestheader-allowed-names=aggregator\n- v=2\n",
        {
            "20-more.yaml": "kube-apiserver-arg+: v=3\n",
            "10-first.yml": "kube-apiserver-arg+:\n  - profiling\n",
            "README": "kube-apiserver-arg: v=9",
        },
    )
    found = _server(patient)

    assert found.flags.values("v") == ("2", "3", "4")
    assert found.flags.on("profiling")
    assert found.where_set("requestheader-allowed-names") == f"{HOST}:{CONFIG}:3"
    assert found.where_set("profiling") == f"{HOST}:{CONFIG}.d/10-first.yml:2"
    assert found.where_set("v") == f"{HOST}:/etc/systemd/system/k3s.service:4"


def test_a_key_that_comes_again_replaces_the_earlier_one() -> None:
    patient = _host("kube-apiserver-arg: [v=2, profiling]\n", {"a.yaml": "kube-apiserver-arg: [v=3]\n"})

    assert _server(patient).flags.values("v") == ("3", "4")
    assert "profiling" not in _server(patient).flags


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("requestheader-allowed-names=a",), ("a",)),
        (("requestheader-allowed-names=a", "requestheader-allowed-names=b"), ("a", "b")),
        (("requestheader-allowed-names+=a",), ("system:auth-proxy", "a")),
        (("requestheader-allowed-names-=a",), ("a", "system:auth-proxy")),
        (("--requestheader-allowed-names=a,b",), ("a", "b")),
        (("requestheader-allowed-names=",), ()),
        ((), ("system:auth-proxy",)),
    ],
)
def test_a_flag_takes_the_place_of_k3ss_own_unless_it_says_otherwise(
    arguments: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert _flags(*arguments).listed("requestheader-allowed-names") == names


def test_another_data_directory_and_no_tunnel() -> None:
    found = _flags(data_dir="/data/k3s", egress_selector_mode="disabled")

    assert found.text("client-ca-file") == "/data/k3s/server/tls/client-ca.crt"
    assert "enable-aggregator-routing" not in found


@pytest.mark.parametrize("text", ["", "- list", ": :\n  -", "kube-apiserver-arg: {a: b}", "kube-apiserver-arg: [[1]]"])
def test_what_is_no_configuration_says_nothing(text: str) -> None:
    assert not [value for values in rancher.merged({CONFIG: text}).values() for value in values]


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.booleans(), st.lists(st.text("xyz", min_size=1))), max_size=6)
)
def test_files_merge_as_k3s_merges_them(files: list[tuple[str, bool, list[str]]]) -> None:
    expected: dict[str, list[str]] = {}
    for key, appends, values in files:
        expected[key] = (expected.get(key, []) if appends else []) + values
    texts = {
        f"/{place}": json.dumps({f"{key}+" if appends else key: values})
        for place, (key, appends, values) in enumerate(files)
    }

    assert {key: [value.text for value in values] for key, values in rancher.merged(texts).items()} == expected


def test_rke2s_static_pod_shows_what_is_in_effect_and_its_configuration_is_where_to_change_it() -> None:
    manifest = rancher.pod_manifest("kube-apiserver")
    patient = healthy().directory(HOST, "/var/lib/rancher", "rke2")
    patient.file(HOST, "/usr/lib/systemd/system/rke2-server.service", "[Service]\nExecStart=/usr/bin/rke2 server\n")
    patient.file(HOST, manifest, "spec:\n  containers:\n  - command: [kube-apiserver]\n    args:\n    - --v=5\n")
    found = _server(patient)

    assert found.flags.text("v") == "5"
    assert found.file == "/etc/rancher/rke2/config.yaml"
    assert found.where_set("v") == f"{HOST}:{manifest}:5"


def test_the_controller_managers_flags_are_read_alike() -> None:
    patient = _host("kube-controller-manager-arg: [horizontal-pod-autoscaler-sync-period=5s]\n")
    found = _server(patient, "kube-controller-manager")

    assert found.flags.text("root-ca-file") == f"{TLS}/server-ca.crt"
    assert found.flags.text("horizontal-pod-autoscaler-sync-period") == "5s"


def test_the_files_that_they_name_are_wanted() -> None:
    paths = {place.path for place in wanted(_host("kube-apiserver-arg: [v=2]\n").bundle()) if HOST in place.origin}

    assert {CONFIG, f"{CONFIG}.d", f"{TLS}/client-auth-proxy.crt", f"{TLS}/request-header-ca.crt"} <= paths
    assert not [path for path in paths if "/etc/rancher/rke2" in path]
