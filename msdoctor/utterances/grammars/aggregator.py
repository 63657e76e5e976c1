"""What the aggregator says of an APIService, and Helm of who owns it."""

from __future__ import annotations

from msdoctor.utterances import errors
from msdoctor.utterances.grammar import Grammar

_IN_NAMESPACE = r'in "(?P<namespace>[^"]{0,253})"?'

GRAMMARS: tuple[Grammar, ...] = (
    # kube-aggregator pkg/controllers/status/remote/remote_available_controller.go
    Grammar(
        "bad status from ",
        r"bad status from \S{1,2000}: (\d{3})",
        lambda match: errors.HTTPStatus(match[1]),
    ),
    Grammar(
        "endpoints for service/",
        r"endpoints for service/(?P<service>\S{1,253}) " + _IN_NAMESPACE + r" have no addresses"
        r"(?: with port name \"(?P<port>[^\"]{0,100})\"?)?",
        lambda match: errors.NoEndpoints(match["service"], match["namespace"], match["port"] or ""),
    ),
    Grammar(
        "endpointslices for service/",
        r"endpointslices for service/(?P<service>\S{1,253}) " + _IN_NAMESPACE + r" have no addresses"
        r"(?: with port name \"(?P<port>[^\"]{0,100})\"?)?",
        lambda match: errors.NoEndpoints(match["service"], match["namespace"], match["port"] or ""),
    ),
    Grammar(
        "cannot find endpoint",
        r"cannot find endpoint(?:slice)?s for service/(?P<service>\S{1,253}) " + _IN_NAMESPACE,
        lambda match: errors.NoEndpoints(match["service"], match["namespace"]),
    ),
    Grammar(
        "service/",
        r"service/(?P<service>[\w.-]{1,253}) " + _IN_NAMESPACE + r" is not present",
        lambda match: errors.ServiceAbsent(match["service"], match["namespace"]),
        word=" is not present",
    ),
    Grammar(
        "service/",
        r"service/(?P<service>[\w.-]{1,253}) " + _IN_NAMESPACE + r" is not listening on port (?P<port>\d{1,5})",
        lambda match: errors.ServicePortAbsent(match["service"], match["namespace"], match["port"]),
        word=" is not listening on port ",
    ),
    # helm pkg/action/validate.go, checkOwnership
    Grammar(
        'APIService "',
        r"APIService \"(?P<name>[^\"]{1,253})\" in namespace \"[^\"]{0,253}\""
        r" exists and cannot be imported into the current"
        r" release(?:.{0,600}?release-name\" must equal \"(?P<release>[^\"]{1,253})\": current value is"
        r" \"(?P<owner>[^\"]{0,253})\"?)?",
        lambda match: errors.OwnedByAnotherRelease(match["name"], match["release"] or "", match["owner"] or ""),
        word=" exists and cannot be imported into the current release",
    ),
)
