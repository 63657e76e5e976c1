"""What a kernel, a container runtime, a proxy of the API server and a table say of this pipeline's parts."""

# ruff: noqa: E501  lines stand here as they were printed

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())
KILLED = "metrics-server-resource-starvation"
WITHOUT_A_SANDBOX = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image "registry.k8s.io/pause:3.10": failed to pull image "registry.k8s.io/pause:3.10": failed to pull and unpack image "registry.k8s.io/pause:3.10": failed to resolve reference "registry.k8s.io/pause:3.10": failed to do request: Head "https://registry.k8s.io/v2/pause/manifests/3.10": dial tcp 34.96.108.209:443: i/o timeout'


def ids(text: str) -> list[str]:
    return [match.id for match in explain(read(text.splitlines()), INDEX).matches]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        # Linux mm/oom_kill.c: 4.4, 4.19, 5.x and its line of fields; kubernetes pkg/kubelet/oom/oom_watcher_linux.go
        ("Memory cgroup out of memory: Kill process 812 (metrics-server) score 1094 or sacrifice child", KILLED),
        ("Killed process 812 (metrics-server) total-vm:734020kB, anon-rss:99012kB, file-rss:0kB", KILLED),
        (
            "Memory cgroup out of memory: Killed process 812 (metrics-server) total-vm:734020kB, anon-rss:99012kB, UID:1000 pgtables:400kB oom_score_adj:999",
            KILLED,
        ),
        (
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-1.scope,mems_allowed=0,oom_memcg=/kubepods,task_memcg=/kubepods,task=metrics-server,pid=812,uid=1000",
            KILLED,
        ),
        ("Warning  SystemOOM  9m  kubelet  System OOM encountered, victim process: metrics-server, pid: 812", KILLED),
        (f"Warning  FailedCreatePodSandBox  9m  kubelet  {WITHOUT_A_SANDBOX}", "image-pull"),
        # kubernetes pkg/kubelet/dockershim, to 1.23
        (
            'Failed create pod sandbox: rpc error: code = Unknown desc = failed pulling image "k8s.gcr.io/pause:3.1": Error response from daemon: Get https://k8s.gcr.io/v2/: dial tcp 64.233.189.82:443: i/o timeout',
            "image-pull",
        ),
        # kubernetes cmd/kube-proxy/app/server.go, to 1.18 and from 1.25
        (
            "E0217 15:13:53.378655       1 server.go:480] starting metrics server failed: listen tcp 127.0.0.1:10249: bind: address already in use",
            "not-resource-metrics-pipeline",
        ),
        (
            'E0217 15:13:53.378655       1 server.go:705] "starting metrics server failed" err="listen tcp 127.0.0.1:10249: bind: address already in use"',
            "not-resource-metrics-pipeline",
        ),
        # heapster metrics/sources/manager.go and metrics/manager/manager.go, which metrics-server to 0.2 is made of
        (
            "W0217 15:13:53.378655       1 manager.go:147] Failed to get all responses in time (got 3/10)",
            "kubelet-slow-response",
        ),
        ("W0217 15:13:53.378655       1 manager.go:121] Spent too long waiting for housekeeping to start", KILLED),
        # apiserver pkg/server/filters/wrap.go and timeout.go, to 1.14
        (
            "E0217 15:13:53.378655       1 wrap.go:34] APIServer panic'd on GET /apis/metrics.k8s.io/v1beta1/nodes: kill connection/stream",
            "request-timeout-overload",
        ),
        # client-go tools/cache/reflector.go, to 0.28 and from 0.33; apiserver pkg/storage/etcd3/errors.go
        (
            "W0217 15:13:53.378655       1 reflector.go:436] k8s.io/client-go/informers/factory.go:134: watch of *v1.Node ended with: The resourceVersion for the provided watch is too old.",
            "benign-watch-goaway",
        ),
        (
            'I0217 15:13:53.378655       1 reflector.go:664] "Warning: watch ended with error" reflector="k8s.io/client-go/informers/factory.go:160" type="*v1.Node" err="The resourceVersion for the provided watch is too old."',
            "benign-watch-goaway",
        ),
    ],
)
def test_what_is_beside_the_pipeline_is_named(text: str, named: str) -> None:
    assert ids(text)[:1] == [named]


@pytest.mark.parametrize(
    "text",
    [
        "Memory cgroup out of memory: Killed process 813 (java) total-vm:734020kB, anon-rss:99012kB, file-rss:0kB",
        "System OOM encountered, victim process: java, pid: 813",
    ],
)
def test_another_program_that_ran_out_of_memory_is_none_of_this(text: str) -> None:
    assert ids(text) == []


def test_every_pod_needs_its_sandbox_and_only_metrics_servers_speaks_of_it() -> None:
    of_any = explain(read([WITHOUT_A_SANDBOX]), INDEX).matches
    of_its = explain(read([f"Warning  FailedCreatePodSandBox  pod/metrics-server-5d7d-x  {WITHOUT_A_SANDBOX}"]), INDEX)
    assert [str(match.confidence) for match in of_any] == ["possible"]
    assert [str(match.confidence) for match in of_its.matches] == ["likely"]


@pytest.mark.parametrize("dialled", ["10.32.0.24:443: i/o timeout", "10.32.0.24:443: getsockopt: no route to host"])
def test_the_aggregators_own_proxy_tells_why_there_is_no_document(dialled: str) -> None:
    """What apimachinery pkg/util/proxy/transport.go answered to 1.12, where kube-aggregator asked for a document."""
    text = (
        'E0217 15:13:53.378655       1 controller.go:111] loading OpenAPI spec for "v1beta1.metrics.k8s.io" failed with:'
        f" failed to retrieve openAPI spec, http error: ResponseCode: 503, Body: Error: 'dial tcp {dialled}'\n"
        "Trying to reach: 'https://10.32.0.24:443/swagger.json', Header: map[]"
    )
    assert ids(text)[:1] == ["aggregator-cannot-reach-service"]


@pytest.mark.parametrize(
    "table",
    [
        "NAME    CPU(cores)   MEMORY(bytes)\nweb-0   -513m        6Mi",
        "NAMESPACE   NAME    CPU(cores)   MEMORY(bytes)\nshop        web-0   -7m          61Mi",
        "POD     NAME   CPU(cores)   MEMORY(bytes)\nweb-0   nginx  -7m          61Mi",
        "NAME        CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nk8s-node1   -12m         -1%    1009Mi          54%",
    ],
)
def test_less_than_nothing_was_counted_from_before_a_restart(table: str) -> None:
    assert ids(table)[:1] == ["cumulative-cpu-decrease"]


def test_figures_with_a_dash_in_a_name_are_figures() -> None:
    assert ids("NAME     CPU(cores)   MEMORY(bytes)\nweb-1m   3m           6Mi") == ["metrics-shown"]


@pytest.mark.parametrize("name", ["ip-[hidden].[region].compute.internal", "[k8s-node1]", "<node>"])
def test_a_name_that_was_made_unknowable_is_still_one(name: str) -> None:
    text = (
        f'unable to fetch metrics from node {name}: Get "https://{name}:10250/stats/summary?only_cpu_and_memory=true":'
        f" dial tcp: lookup {name} on 10.32.0.10:53: no such host"
    )
    assert ids(text)[:1] == ["node-address-dns-unresolvable"]
