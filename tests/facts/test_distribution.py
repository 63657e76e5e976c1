"""Whose cluster it is: by its own signs only, and not told where there are none or they contradict."""

from typing import Any

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.facts.distribution import KUBEADM_FLAGS, Distribution
from msdoctor.facts.installation import Installation
from msdoctor.facts.wanted import wanted
from msdoctor.model import Unseen
from tests.facts.clusters import Patient, config_map, healthy, listed, node
from tests.facts.distributions import CLUSTER_CONFIGURATION, KUBEADM, SIGNS, Signs, marked

UNIT = "[Service]\nExecStart=/usr/bin/kubelet --config=/etc/kubelet.yaml\n"


def of(signs: Signs, *others: Any) -> Patient:
    worker = marked(node("worker", ("InternalIP", "192.0.2.11")), signs)
    return healthy().api(paths.NODES, listed(worker, *others))


def told(patient: Patient) -> Distribution:
    found = patient.facts().distribution
    assert isinstance(found, Distribution), found
    return found


def untold(patient: Patient) -> str:
    found = patient.facts().distribution
    assert isinstance(found, Unseen), found
    return found.reason


def by_hand(patient: Patient | None = None) -> Patient:
    """A host's own unit, and kubeadm looked for in vain."""
    patient = (patient or healthy()).refuse(paths.KUBEADM_CONFIG, Reason.ABSENT, 404)
    return patient.file("worker", "/etc/systemd/system/kubelet.service", UNIT)


@pytest.mark.parametrize("name", SIGNS)
def test_a_node_bears_its_distributions_signs(name: str) -> None:
    found = told(of(SIGNS[name]))

    assert found.name == name
    assert found.managed == (name in ("eks", "gke", "aks"))
    assert found.evidence[0].where == "Node worker"
    assert found.evidence[0].how == "kubectl get node worker -o yaml"


@pytest.mark.parametrize(
    ("signs", "name"),
    [
        (("v1.34.1", {}, {"k3s.io/node-args": "[]"}, ""), "k3s"),  # a build of one's own
        (("v1.34.1+k3s1", {}, {}, ""), "k3s"),
        (("v1.34.1+rke2r1", {}, {}, ""), "rke2"),
    ],
)
def test_one_sign_is_enough(signs: Signs, name: str) -> None:
    assert told(of(signs)).name == name


def test_thousands_of_nodes_are_one_piece_of_evidence() -> None:
    more = [marked(node(f"node{number}", ("InternalIP", f"192.0.2.{number}")), SIGNS["k3s"]) for number in range(50)]

    assert len(told(of(SIGNS["k3s"], *more)).evidence) == 1


def test_kubeadm_keeps_its_configuration_in_the_cluster() -> None:
    patient = healthy().api(paths.KUBEADM_CONFIG, config_map(ClusterConfiguration=CLUSTER_CONFIGURATION))

    assert told(patient).name == "kubeadm"
    assert told(patient).evidence[0].where == "ConfigMap kube-system/kubeadm-config"


def test_kubeadm_leaves_its_files_on_a_host() -> None:
    patient = healthy()
    patient.hosts = ("master",)
    patient.documents.update(KUBEADM.documents)
    found = told(patient)

    assert found.name == "kubeadm"
    assert [evidence.where for evidence in found.evidence] == [f"master:{KUBEADM_FLAGS}"]


def test_what_kubeadm_lays_down_is_where_its_configuration_says() -> None:
    configuration = CLUSTER_CONFIGURATION.replace("/etc/kubernetes/pki", "/srv/pki")
    blanks = healthy().api(paths.KUBEADM_CONFIG, config_map(ClusterConfiguration=configuration)).facts().repair.blanks

    assert blanks("worker")["ca_key"] == "/srv/pki/ca.key"
    assert blanks("worker")["kubelet_cert"] == "/var/lib/kubelet/pki/kubelet.crt"


def test_kubeadms_kubelets_ask_for_certificates_where_its_configuration_says_so() -> None:
    patient = healthy().api(paths.KUBEADM_CONFIG, config_map(ClusterConfiguration=CLUSTER_CONFIGURATION))
    patient.api(paths.KUBELET_CONFIG, config_map(kubelet="kind: KubeletConfiguration\nserverTLSBootstrap: true\n"))

    assert Place(WORKSTATION, Kind.API, paths.KUBELET_CONFIG) in wanted(patient.bundle())
    assert patient.facts().repair.blanks("worker")["kubelet_mode"] == "bootstrap"
    assert patient.facts().repair.blanks("worker")["kubelet_cert"] == "<KUBELET-CERT>"


def test_where_the_ca_key_is_known_to_lie_elsewhere_it_is_not_named() -> None:
    patient = healthy().process(
        "master", "kube-apiserver", "kube-apiserver", "--client-ca-file=/etc/kubernetes/pki/ca.crt"
    )
    patient.directory("master", "/etc/kubernetes/pki", "ca.crt", "apiserver.crt")
    patient.api(paths.KUBEADM_CONFIG, config_map(ClusterConfiguration=CLUSTER_CONFIGURATION))

    assert patient.facts().repair.blanks()["ca_key"] == "<CA-KEY>"


def test_units_of_ones_own_without_kubeadm_are_hand_built() -> None:
    found = told(by_hand())

    assert found.name == "hand-built"
    assert "/etc/systemd/system/kubelet.service" in found.evidence[0].saw


@pytest.mark.parametrize(
    ("patient", "why"),
    [
        (healthy(), "whether kubeadm made it was not seen: not asked"),  # recorded before anybody asked
        (healthy().refuse(paths.KUBEADM_CONFIG, Reason.FORBIDDEN, 403), "forbidden (403)"),
        (healthy().refuse(paths.KUBEADM_CONFIG, Reason.ABSENT, 404), "no files of a host"),
        (by_hand(of(("v1.34.1+k0s.0", {}, {}, ""))), "v1.34.1+k0s.0 is no release of upstream's"),
        (by_hand(of(("v1.27.3+20a5764", {}, {}, ""))), "is no release of upstream's"),
        (of(("v1.34.1-eks-113cf36", {}, {}, "")), "is no release of upstream's"),  # built, not run, by AWS
        (healthy().api(paths.KUBEADM_CONFIG, config_map(other="")), "holds no ClusterConfiguration"),
        (healthy().refuse(paths.NODES, Reason.FORBIDDEN, 403), "forbidden (403)"),
    ],
)
def test_no_sign_is_not_a_guess(patient: Patient, why: str) -> None:
    assert why in untold(patient)


def test_signs_of_two_are_not_a_guess_either() -> None:
    patient = of(SIGNS["kops"]).api(paths.KUBEADM_CONFIG, config_map(ClusterConfiguration=CLUSTER_CONFIGURATION))

    assert untold(patient).startswith("signs of more than one distribution: kubeadm: ")
    assert "label kops.k8s.io/instancegroup=nodes-1a (Node worker)" in untold(patient)


@pytest.mark.parametrize(
    ("name", "role", "service"),
    [
        ("k3s", "", "k3s-agent"),
        ("k3s", "control-plane", "k3s"),
        ("rke2", "", "rke2-agent"),
        ("rke2", "etcd", "rke2-server"),
    ],
)
def test_the_service_that_the_kubelet_is_a_part_of(name: str, role: str, service: str) -> None:
    version, labels, annotations, provider = SIGNS[name]
    roles = {f"node-role.kubernetes.io/{role}": "true"} if role else {}
    facts = of((version, {**labels, **roles}, annotations, provider)).facts()

    assert isinstance(facts.installation, Installation)
    assert facts.repair.blanks("worker")["kubelet_service"] == service
