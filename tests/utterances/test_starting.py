"""What is said of a metrics-server that does not start, by itself and by those who would start it."""

import pytest

from msdoctor.utterances import errors
from msdoctor.utterances.reader import read_text

IMAGE = "registry.k8s.io/metrics-server/metrics-server:0.8.0"
LOOKUP = "dial tcp: lookup registry.k8s.io on 192.168.10.1:53: no such host"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("panic: unknown shorthand flag: 'l' in -logtostderr", errors.UnknownFlag("-logtostderr")),
        (
            'Error: invalid argument "15" for "--metric-resolution" flag: time: missing unit in duration "15"',
            errors.RejectedArgument(
                'invalid argument "15" for "--metric-resolution" flag: time: missing unit in duration "15"',
                "--metric-resolution",
            ),
        ),
        (
            'Error: invalid argument "x" for "-v, --v" flag: strconv.ParseInt: parsing "x": invalid syntax',
            errors.RejectedArgument(
                'invalid argument "x" for "-v, --v" flag: strconv.ParseInt: parsing "x": invalid syntax', "--v"
            ),
        ),
        (
            "Error: flag needs an argument: --secure-port",
            errors.RejectedArgument("flag needs an argument: --secure-port", "--secure-port"),
        ),
        (
            "panic: need both --kubelet-client-key and --kubelet-client-certificate",
            errors.RejectedArgument(
                "need both --kubelet-client-key and --kubelet-client-certificate", "--kubelet-client-key"
            ),
        ),
        (
            "Error: error creating self-signed certificates: mkdir apiserver.local.config: read-only file system",
            errors.CannotWriteCertificate("apiserver.local.config", "read-only file system"),
        ),
        (
            "panic: failed to listen on 0.0.0.0:443: listen tcp 0.0.0.0:443: bind: permission denied",
            errors.CannotListen("0.0.0.0:443", "permission denied"),
        ),
        (
            "failed to listen on 0.0.0.0:70000: listen tcp: address 70000: invalid port",
            errors.CannotListen("0.0.0.0:70000", "invalid port"),
        ),
        # moby distribution/errors.go, as Docker's client prints it
        (
            "Error response from daemon: manifest for k8s.gcr.io/metrics-server:v9 not found: manifest unknown",
            errors.ImageNotPulled("k8s.gcr.io/metrics-server:v9", "not found", "yes"),
        ),
        # kubelet pkg/kubelet/eviction/helpers.go, from 1.10, and to 1.9
        ("The node was low on resource: memory. Container c was using 9Mi.", errors.Evicted("memory")),
        ("The node was low on resource: [DiskPressure].", errors.Evicted("DiskPressure")),
        ("The node was low on resource: nodefs", errors.Evicted("nodefs")),
        # a scheduler's reason, without the sum of nodes
        (
            "1 node(s) had taints that the pod didn't tolerate",
            errors.NoNodeFits(("taints that the pod didn't tolerate",), "taints"),
        ),
        # 1.20 to 1.34, and to 1.19
        (
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {a/b: c}. preemption: 0.",
            errors.NoNodeFits(("1 Insufficient cpu", "2 node(s) had untolerated taint {a/b: c}"), "other"),
        ),
        (
            "0/1 nodes are available: 1 node(s) had taint {a/master: }, that the pod didn't tolerate.",
            errors.NoNodeFits(("1 node(s) had taint {a/master: }, that the pod didn't tolerate",), "taints"),
        ),
        (
            "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
            errors.NoNodeFits(("2 node(s) didn't have free ports for the requested pod ports",), "ports"),
        ),
        # Whatever the registry answers is about the image, and about no kubelet.
        (f'Failed to pull image "{IMAGE}": {LOOKUP}', errors.ImageNotPulled(IMAGE, LOOKUP, "yes")),
        (f'failed to pull and unpack image "{IMAGE}": {LOOKUP}', errors.ImageNotPulled(IMAGE, LOOKUP, "yes")),
        ('Back-off pulling image "nginx:9"', errors.ImageNotPulled("nginx:9", "", "")),
        ("exec /metrics-server: exec format error", errors.ExecFormat()),
        (
            "container has runAsNonRoot and image has non-numeric user (nonroot), cannot verify that (pod: x)",
            errors.MayNotRunAsRoot("has non-numeric user (nonroot)"),
        ),
        (
            'pods "metrics-server-x" is forbidden: failed quota: q: must specify limits.cpu for: y',
            errors.QuotaExceeded("q", "must specify limits.cpu for: y"),
        ),
        ("The node was low on resource: ephemeral-storage. Threshold quantity: 1", errors.Evicted("ephemeral-storage")),
    ],
)
def test_it_is_a_value(text: str, error: object) -> None:
    utterance = read_text(text)

    assert utterance is not None
    assert utterance.error == error
