"""Clusters whose aggregator metrics-server does not know, or only just, made of a healthy one with its host's files."""

from __future__ import annotations

from datetime import timedelta

from msdoctor.facts import paths
from tests.facts.clusters import (
    CA,
    FRONT_PROXY_CA,
    MASTER,
    NOW,
    PKI,
    SERVER_ARGS,
    Issued,
    Patient,
    apiservice,
    authentication_data,
    healthy,
    issue,
    listed,
    proxy_certificate,
    with_host,
)

UNIT = "/etc/systemd/system/kube-apiserver.service"
REFUSED = "failing or missing response from https://10.0.0.1:443/x: bad status from https://10.0.0.1:443/x: {}"
FILES = ("ca.pem", "ca-key.pem", *(f"front-proxy{part}.pem" for part in ("-ca", "-ca-key", "", "-key")))
WITHOUT_NAMES = tuple(arg for arg in SERVER_ARGS if "allowed-names" not in arg)
WITHOUT_AGGREGATION = tuple(arg for arg in SERVER_ARGS if "proxy-client" not in arg and "requestheader" not in arg)
EXPIRED = proxy_certificate(start=NOW - timedelta(days=400), end=NOW - timedelta(days=1))
ONE_CA = issue(CA).pem


def unit_of(*args: str) -> str:
    return "[Service]\nExecStart=/usr/bin/kube-apiserver \\\n" + " \\\n".join(f"  {arg}" for arg in args[1:])


def with_unit(*args: str, host: str = MASTER, patient: Patient | None = None) -> Patient:
    """An API server of these arguments whose unit holds the same."""
    words = args or SERVER_ARGS
    there = with_host(patient or healthy(), *words, host=host).file(host, UNIT, unit_of(*words))
    return there.directory(host, PKI, *FILES)


def showing(certificate: Issued, *args: str, **config: str | None) -> Patient:
    """An aggregator that shows this certificate, of its own key, to a metrics-server that goes by this ConfigMap."""
    patient = with_unit(*args).api(paths.AUTHENTICATION, authentication_data(**config))
    patient.file(MASTER, f"{PKI}/front-proxy-key.pem", certificate.public_pem)
    return patient.file(MASTER, f"{PKI}/front-proxy.pem", certificate.pem)


def refused(patient: Patient, log: str = "", status: str = "401") -> Patient:
    """The same, heard of only through the API: without host files, refused with this status."""
    condition = apiservice("False", "FailedDiscoveryCheck", REFUSED.format(status))
    return patient.silent().api(paths.APISERVICES, listed(condition)).log(log)


def line(error: str, age: float = 5) -> str:
    """A line of metrics-server's log by which it refuses a certificate."""
    at = NOW - timedelta(seconds=age)
    head = f"{at:%Y-%m-%dT%H:%M:%S}.000000000Z E{at:%m%d %H:%M:%S}.000000       1 authentication.go:75]"
    return f'{head} "Unable to authenticate the request" err="{error}"\n'


def twice(first: str, key_id: str = "AB:CD") -> str:
    """What both looks say: at the front-proxy CA, and at the client CA."""
    return f"[{first}, {second_look(key_id)}]"


def second_look(key_id: str = "AB:CD") -> str:
    return f"verifying certificate SN=1, SKID=, AKID={key_id} failed: x509: certificate signed by unknown authority"


UNKNOWN = "x509: certificate signed by unknown authority"


def of_a_stranger() -> Patient:
    return showing(proxy_certificate(by="stranger"))


def expired() -> Patient:
    return showing(EXPIRED)


def expiring() -> Patient:
    return showing(proxy_certificate(end=NOW + timedelta(days=3)))


def for_servers() -> Patient:
    return showing(issue("front-proxy-client", by=FRONT_PROXY_CA, usage="server", generation="s"))


def with_anothers_key() -> Patient:
    return with_unit().file(MASTER, f"{PKI}/front-proxy-key.pem", proxy_certificate("other").public_pem)


def of_one_ca(name: str = "other", organization: str = "", **config: str | None) -> Patient:
    """One CA for clients and front proxies."""
    more = {"organization": organization} if organization else {}
    certificate = proxy_certificate(name, by=CA, **more)
    args = (arg.replace(f"{PKI}/front-proxy-ca.pem", f"{PKI}/ca.pem") for arg in SERVER_ARGS)
    return showing(certificate, *args, requestheader_client_ca_file=ONE_CA, **config)


def other_headers(**config: str | None) -> Patient:
    return showing(proxy_certificate(), **({"requestheader_username_headers": '["X-Forwarded-User"]'} | config))


def without_client_ca() -> Patient:
    args = tuple(arg for arg in SERVER_ARGS if not arg.startswith("--client-ca-file"))
    return with_unit(*args).api(paths.AUTHENTICATION, authentication_data(client_ca_file=None))


def not_restarted(runs: tuple[str, ...] = WITHOUT_AGGREGATION, written: tuple[str, ...] = SERVER_ARGS) -> Patient:
    return with_unit(*runs).file(MASTER, UNIT, unit_of(*written))


def without_aggregation_yet() -> Patient:
    """The process lacks the flags that its unit has by now, and nothing is published."""
    nothing = dict.fromkeys(("requestheader_client_ca_file", "requestheader_allowed_names"))
    headers = {f"requestheader_{name}_headers": None for name in ("username", "group")}
    written = (*SERVER_ARGS, "--requestheader-username-headers=X-Remote-User")
    patient = refused(not_restarted(written=written), status="403")
    return patient.api(paths.AUTHENTICATION, authentication_data(**nothing, **headers))
