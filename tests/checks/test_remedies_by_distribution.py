"""A remedy is said in the words of the distribution whose cluster it is, and in nobody else's."""

import re

import pytest

from msdoctor.collect import load
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import judge
from msdoctor.model import Blanks, Finding, Remedy, Risk
from tests.facts.clusters import CHECKS, FIXTURES
from tests.facts.distributions import SIGNS, turned

# The programs by which each is told, and the places that only it has.
WORDS = {
    "kubeadm": r"\bkubeadm\b|kubelet-config",
    "k3s": r"\bk3s\b|k3s-agent",
    "rke2": r"\brke2\b|rke2-agent",
    "kops": r"\bkops\b",
    "eks": r"\baws\b|\bEKS\b",
    "gke": r"\bgcloud\b|\bGKE\b",
    "aks": r"\baz aks\b|\bAKS\b",
}
DISTRIBUTIONS = tuple(WORDS)
PROVIDERS = ("eks", "gke", "aks")
CERTIFICATES = (
    "kubelet-cert-expired",
    "kubelet-cert-key-usage",
    "kubelet-cert-san-mismatch",
    "kubelet-cert-san-missing-ip",
    "kubelet-cert-unknown-ca",
)
ADMISSION = {
    "kubelet-anonymous-enabled": ("anonymous",),
    "kubelet-anonymous-token-not-accepted": ("tokens", "anonymous"),
    "kubelet-authz-always-allow": ("mode",),
    "kubelet-webhook-unauthorized-401": ("tokens",),
}
REQUESTS = ("kubelet-serving-csr-denied", "kubelet-serving-csr-pending")
ARGUMENTS = ("node-address-dns-unresolvable", "node-address-type-missing")
SEEN_FROM_AFAR = (
    *CERTIFICATES,
    *REQUESTS,
    *ARGUMENTS,
    "kubelet-anonymous-token-not-accepted",
    "kubelet-cert-expiring",
    "kubelet-insecure-tls",
    "kubelet-webhook-unauthorized-401",
)
ALL = tuple(dict.fromkeys((*SEEN_FROM_AFAR, *ADMISSION, "kubelet-cert-not-reloaded")))

KNOWN = {
    "node": "worker",
    "kubelet_config": "/etc/kubelet.yaml",
    "kubelet_unit": "/etc/systemd/system/kubelet.service",
    "tokens_line": "6",
    "anonymous_line": "3",
    "mode_line": "9",
    "instance_group": "nodes-1a",
}


def remedies(name: str, check_id: str) -> tuple[Remedy, ...]:
    """What heals the recorded cluster, had it been that distribution's."""
    cluster = read_facts(turned(load(FIXTURES / check_id), name))
    outcome = judge(cluster, [check for check in CHECKS if check.id == check_id])[0]
    assert outcome.findings, outcome
    finding: Finding = outcome.findings[0]
    return finding.remedies


def advised(name: str, check_id: str, **known: str) -> tuple[Remedy, ...]:
    """What the check advises, with all that is known of a node."""
    service = {"k3s": "k3s-agent", "rke2": "rke2-agent"}
    more = {"distribution": name} if name else {}
    more |= {"kubelet_service": service[name]} if name in service else {}
    (check,) = (check for check in CHECKS if check.id == check_id)
    return check.advise(Blanks(**KNOWN, **more, **known))


def commands(found: tuple[Remedy, ...]) -> str:
    return "\n".join(command for remedy in found for command in (*remedy.commands, *remedy.undo, remedy.verify))


def spoken(found: tuple[Remedy, ...]) -> str:
    return "\n".join((commands(found), *(remedy.advice for remedy in found)))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("check_id", SEEN_FROM_AFAR)
def test_nobody_elses_words_are_in_it(name: str, check_id: str) -> None:
    said = spoken(remedies(name, check_id))

    assert not [other for other in DISTRIBUTIONS if other != name and re.search(WORDS[other], said)]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("check_id", ALL)
def test_nor_in_what_is_advised_in_general(name: str, check_id: str) -> None:
    said = spoken(advised(name, check_id))

    assert not [other for other in DISTRIBUTIONS if other != name and re.search(WORDS[other], said)]


@pytest.mark.parametrize("check_id", ALL)
def test_where_it_was_not_told_or_hands_built_it_no_distribution_is_named(check_id: str) -> None:
    assert advised("", check_id) == advised("hand-built", check_id)
    assert not [name for name, words in WORDS.items() if re.search(words, spoken(advised("", check_id)))]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("check_id", CERTIFICATES)
def test_a_certificate_is_renewed_the_distributions_way(name: str, check_id: str) -> None:
    found = remedies(name, check_id)
    said = commands(found)

    assert re.search(WORDS[name], commands(found[:-1]))
    assert found[-1].risks == (Risk.WEAKENS_SECURITY, Risk.DISRUPTIVE)
    assert "It then sends its token to whoever answers" in found[-1].advice
    assert [Risk.WEAKENS_SECURITY in remedy.risks for remedy in found].count(True) == 1
    assert ("openssl x509 -req" in said) == (name == "kubeadm")
    assert ("serverTLSBootstrap: true" in said) == (name == "kubeadm")


def test_kubeadm_signs_with_its_own_ca_first_and_asks_for_certificates_for_good() -> None:
    found = remedies("kubeadm", "kubelet-cert-san-missing-ip")

    assert [remedy.way for remedy in found] == [1, 1, 2, 2, 2, 3]
    assert [remedy.on.partition("/")[0] for remedy in found] == [
        *("control-plane", "node"),
        *("workstation", "node", "workstation"),
        "workstation",
    ]
    assert "-CA /etc/kubernetes/pki/ca.crt -CAkey /etc/kubernetes/pki/ca.key" in commands(found)
    assert found[1].commands[1].endswith("/var/lib/kubelet/pki/kubelet.key")
    assert found[3].commands == (
        "cp -p /var/lib/kubelet/config.yaml /var/lib/kubelet/config.yaml.before",
        "kubeadm upgrade node phase kubelet-config",
        "systemctl restart kubelet",
    )
    assert found[4].commands[-1] == "kubectl certificate approve $CSR"
    assert "an approver such as kubelet-csr-approver" in found[4].advice


@pytest.mark.parametrize("name", ["k3s", "rke2"])
def test_k3s_and_rke2_sign_anew_at_every_start(name: str) -> None:
    first, second, _ = remedies(name, "kubelet-cert-san-missing-ip")

    assert first.commands == (f"systemctl restart {name}-agent",)
    assert first.on.startswith("node/")
    assert second.commands[1:] == (
        f"systemctl stop {name}-agent",
        f"{name} certificate rotate --service kubelet",
        f"systemctl start {name}-agent",
    )


def test_kops_signs_as_machines_boot() -> None:
    first, second, _ = remedies("kops", "kubelet-cert-expired")

    assert re.fullmatch(r"kops delete instance \S+ --yes", first.commands[0])
    assert second.commands == ("kops rolling-update cluster --instance-group nodes-1a --force --yes",)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("eks", "aws ec2 terminate-instances --instance-ids i-0bef257dedc4486c6"),
        ("gke", "gcloud compute instances delete gke-main-1a2b --zone=europe-west4-a --project=acme"),
        (
            "aks",
            (
                "az aks nodepool upgrade --node-image-only --resource-group <RESOURCE-GROUP>"
                " --cluster-name <CLUSTER-NAME> --name pool1"
            ),
        ),
    ],
)
@pytest.mark.parametrize("check_id", ["kubelet-cert-expired", "kubelet-webhook-unauthorized-401"])
def test_a_providers_node_is_replaced_and_else_it_is_the_providers(name: str, command: str, check_id: str) -> None:
    first = remedies(name, check_id)[0]

    assert first.commands[-1] == command
    assert "open a ticket with the provider" in first.advice


@pytest.mark.parametrize("check_id", ADMISSION)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_admission_is_set_where_the_distribution_keeps_it(name: str, check_id: str) -> None:
    said = commands(advised(name, check_id))

    assert "/etc/kubelet.yaml" not in said
    assert re.search(WORDS[name], said)
    assert "insecure" not in said


@pytest.mark.parametrize(
    ("check_id", "edit"),
    [
        ("kubelet-webhook-unauthorized-401", "authenticationTokenWebhook=true"),
        ("kubelet-anonymous-enabled", "anonymousAuth=false"),
        ("kubelet-authz-always-allow", "authorizationMode=Webhook"),
    ],
)
def test_kops_is_told_in_the_fields_of_its_specification(check_id: str, edit: str) -> None:
    (remedy,) = advised("kops", check_id)

    assert remedy.commands[1:] == (
        f"kops edit cluster --set spec.kubelet.{edit}",
        "kops update cluster --yes",
        "kops rolling-update cluster --yes",
    )


def test_kops_own_metrics_server_is_told_to_verify_by_kops() -> None:
    first, second = remedies("kops", "kubelet-insecure-tls")

    assert "spec.metricsServer.insecure=false" in first.commands[0]
    assert second.commands[0].startswith("kubectl patch")
    assert (first.way, second.way) == (1, 2)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kubeadm", "that takes an approver"),
        ("k3s", "k3s signs kubelets' certificates without any request"),
        ("rke2", "rke2 signs kubelets' certificates without any request"),
        ("kops", "has no approver"),
        ("eks", "for AWS to answer"),
        ("gke", "for Google to answer"),
        ("aks", "for Microsoft to answer"),
    ],
)
def test_who_should_have_approved_a_request(name: str, words: str) -> None:
    (remedy,) = remedies(name, "kubelet-serving-csr-pending")

    assert words in remedy.advice
    assert remedy.commands[-1] == "kubectl certificate approve $CSR"


@pytest.mark.parametrize("name", ["k3s", "rke2"])
def test_the_kubelet_is_restarted_as_what_it_is_a_part_of(name: str) -> None:
    assert f"systemctl restart {name}-agent" in commands(remedies(name, "kubelet-serving-csr-denied"))


@pytest.mark.parametrize("name", ["k3s", "rke2", "kops", *PROVIDERS])
@pytest.mark.parametrize("check_id", [*ARGUMENTS, "kubelet-insecure-tls"])
def test_who_takes_a_change_of_metrics_server_back_is_said(name: str, check_id: str) -> None:
    advice = remedies(name, check_id)[-1].advice

    assert re.search(r"If it is (the metrics-server that came with|kops's add-on)", advice)


@pytest.mark.parametrize("check_id", ["kubelet-cert-expired", "kubelet-webhook-unauthorized-401"])
def test_what_is_not_plain_in_a_label_writes_into_no_shell(check_id: str) -> None:
    version, _, annotations, provider = SIGNS["kops"]
    forged = (version, {"kops.k8s.io/instancegroup": "x; rm -rf /"}, annotations, provider)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(SIGNS, "kops", forged)
        found = remedies("kops", check_id)

    assert "rm -rf" not in spoken(found)
    assert "<INSTANCE-GROUP>" in commands(found)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("", "sed -i.before 's/--node-ip=[^ \\\\]*/--node-ip=192.0.2.9/' /etc/systemd/system/kubelet.service"),
        (
            "kubeadm",
            (
                "grep -ls -e --node-ip /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet /etc/sysconfig/kubelet"
                " | xargs -r sed -i.before 's/--node-ip=[^ \"]*/--node-ip=192.0.2.9/'"
            ),
        ),
        (
            "k3s",
            (
                "mkdir -p /etc/rancher/k3s/config.yaml.d"
                " && echo 'node-ip: 192.0.2.9' > /etc/rancher/k3s/config.yaml.d/90-node-ip.yaml"
            ),
        ),
        (
            "rke2",
            (
                "mkdir -p /etc/rancher/rke2/config.yaml.d"
                " && echo 'node-ip: 192.0.2.9' > /etc/rancher/rke2/config.yaml.d/90-node-ip.yaml"
            ),
        ),
    ],
)
def test_a_node_is_told_its_address_where_the_distribution_reads_it(name: str, command: str) -> None:
    more = {"kubelet_file": "/etc/systemd/system/kubelet.service", "real_address": "192.0.2.9"}
    (remedy,) = advised(name, "node-wrong-internal-ip", **more)

    assert remedy.commands[0] == command


def test_the_last_resort_comes_last_in_every_way() -> None:
    for name in DISTRIBUTIONS:
        for check_id in ALL:
            weakening = [Risk.WEAKENS_SECURITY in remedy.risks for remedy in advised(name, check_id)]
            assert weakening == sorted(weakening)


def test_ways_are_told_in_order() -> None:
    for name in DISTRIBUTIONS:
        for check_id in ALL:
            found = advised(name, check_id)
            ways = [remedy.way for remedy in found]
            assert ways == sorted(ways)
            assert set(ways) == set(range(1, max(ways) + 1))
            assert all(remedy.commands and remedy.verify for remedy in found)
