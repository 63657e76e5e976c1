"""NO_PROXY as Go reads it: each case is golang.org/x/net/http/httpproxy's own rule."""

import pytest

from msdoctor.facts.go_proxy import exempt, proxy_of

PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("exceptions", "host", "port", "is_exempt"),
    [
        ("", "localhost", 6443, True),
        ("", "127.0.0.9", 6443, True),
        ("", "::1", 6443, True),
        ("", "10.32.0.1", 443, False),
        ("*", "10.32.0.1", 443, True),
        ("10.32.0.0/24", "10.32.0.1", 443, True),
        ("10.32.0.7/24", "10.32.0.1", 443, True),
        ("10.32.0.0/255.255.255.0", "10.32.0.1", 443, False),
        ("10.32.1.0/24", "10.32.0.1", 443, False),
        ("10.32.0.*", "10.32.0.1", 443, False),
        ("10.32.0.1", "10.32.0.1", 443, True),
        ("10.32.0.1:443", "10.32.0.1", 443, True),
        ("10.32.0.1:80", "10.32.0.1", 443, False),
        (" 10.32.0.1 , x", "10.32.0.1", 443, True),
        ("fd00::/8", "fd00::5", 443, True),
        ("[fd00::5]:443", "fd00::5", 443, True),
        ("[fd00::5]:80", "fd00::5", 443, False),
        ("fd00::5", "fd00::5", 443, True),
        (".svc,.cluster.local", "10.32.0.1", 443, False),
        ("cluster.local", "a.cluster.local", 443, True),
        ("cluster.local", "cluster.local", 443, True),
        (".cluster.local", "cluster.local", 443, False),
        ("*.cluster.local", "a.cluster.local", 443, True),
        ("*.cluster.local", "cluster.local", 443, False),
        ("Cluster.Local:443", "a.cluster.local", 443, True),
        ("cluster.local:80", "a.cluster.local", 443, False),
        ("luster.local", "a.cluster.local", 443, False),
        (":443", "10.32.0.1", 443, False),
    ],
)
def test_an_exception_counts_as_in_go(exceptions: str, host: str, port: int, is_exempt: bool) -> None:
    assert exempt(exceptions, host, port) is is_exempt


def test_upper_case_comes_first_unless_it_is_empty() -> None:
    both = {"HTTPS_PROXY": PROXY, "https_proxy": "http://other:1"}

    assert proxy_of(both, "10.32.0.1", 443) == PROXY
    assert proxy_of(both | {"HTTPS_PROXY": ""}, "10.32.0.1", 443) == "http://other:1"
    assert proxy_of(both | {"NO_PROXY": "", "no_proxy": "*"}, "10.32.0.1", 443) == ""
    assert proxy_of(both | {"NO_PROXY": "x", "no_proxy": "*"}, "10.32.0.1", 443) == PROXY


def test_each_scheme_has_a_proxy_of_its_own() -> None:
    assert proxy_of({"HTTP_PROXY": PROXY}, "10.32.0.1", 443) == ""
    assert proxy_of({"HTTP_PROXY": PROXY}, "10.32.0.1", 80, "http") == PROXY
