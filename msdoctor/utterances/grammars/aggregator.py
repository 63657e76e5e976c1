"""What the aggregator says of an APIService, and Helm of who owns it."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.grammar import Grammar, plain, says

_METRICS = r"v\w{1,12}\.(?:\w{1,12}\.)?metrics\.k8s\.io"
_IN_NAMESPACE = r'in "(?P<namespace>[^"]{0,253})"?'

GRAMMARS: tuple[Grammar, ...] = (
    # kube-aggregator pkg/controllers/status/remote/remote_available_controller.go
    Grammar(
        "bad status from ",
        r"bad status from \S{1,2000}?: ?(\d{3})(?![\d/:])",
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
    # kube-aggregator pkg/apiserver/handler_proxy.go, in the words of apiserver pkg/util/proxy/proxy.go; to 1.18 it has
    # the port as the character of its number
    Grammar(
        "error resolving ",
        r"error resolving (?P<namespace>[\w-]{1,63})/(?P<service>[\w-]{1,63}): "
        r"(?:no service port (?P<port>\S{1,12}) found for |)service \"[^\"]{1,253}\"(?: not found)?",
        lambda match: (
            errors.ServicePortAbsent(match["service"], match["namespace"], (match["port"] or "").strip("'"))
            if match["port"]
            else errors.ServiceAbsent(match["service"], match["namespace"])
        ),
    ),
    Grammar(
        "error resolving ",
        r"error resolving (?P<namespace>[\w-]{1,63})/(?P<service>[\w-]{1,63}): endpoints \\?\"[^\"]{1,253}\" not found",
        lambda match: errors.NoEndpoints(match["service"], match["namespace"]),
    ),
    Grammar(
        "no service port ",
        r"no service port (?P<port>\S{1,12}) found for service \\?\"(?P<service>[\w-]{0,40}metrics[\w-]{0,63})",
        lambda match: errors.ServicePortAbsent(match["service"], "", match["port"].strip("'")),
    ),
    # apiserver pkg/util/x509metrics/server_cert_deprecations.go, from 1.19
    Grammar(
        "invalid certificate detected connecting to ",
        r"invalid certificate detected connecting to \"(?P<name>[\w.-]{0,100}metrics[\w.-]{0,100}\.svc)\": relies on a "
        r"legacy Common Name",
        lambda match: errors.LegacyCommonName(match["name"]),
    ),
    Grammar(
        "error resolving ",
        r"error resolving (?P<namespace>[\w-]{1,63})/(?P<service>[\w-]{1,63}): endpoints \"[^\"]{1,253}\" not found",
        lambda match: errors.NoEndpoints(match["service"], match["namespace"]),
    ),
    # apiserver pkg/util/proxy/proxy.go, ResolveCluster
    Grammar(
        "cannot route to service with ClusterIP ",
        r"cannot route to service with ClusterIP \"(?P<address>[^\"]{0,60})",
        lambda match: errors.ServiceUnroutable(match["address"]),
    ),
    # helm pkg/action/validate.go, checkOwnership
    *(
        Grammar(
            f'{kind} "',
            kind + r" \"(?P<name>[^\"]{0,253}metrics[^\"]{0,253})\" in namespace \"[^\"]{0,253}\""
            r" exists and cannot be imported into the current"
            r" release(?:.{0,600}?release-name\" must equal \"(?P<release>[^\"]{1,253})\": current value is"
            r" \"(?P<owner>[^\"]{0,253})\"?)?",
            lambda match: errors.OwnedByAnotherRelease(match["name"], match["release"] or "", match["owner"] or ""),
            word=" exists and cannot be imported into the current release",
        )
        for kind in (
            "APIService",
            "ServiceAccount",
            "ClusterRole",
            "ClusterRoleBinding",
            "RoleBinding",
            "Service",
            "Deployment",
        )
    ),
    # kube-aggregator pkg/apis/apiregistration/validation, as a status says it, and as kubectl does
    *(
        Grammar(
            f'{kind} "',
            re.escape(kind) + r" \"(?P<name>v\d\w{0,12}\.(?:custom\.|external\.)?metrics\.k8s\.io)\" is invalid: ",
            lambda match: errors.APIServiceRefused(match["name"]),
            word="metrics.k8s.io",
        )
        for kind in ("APIService.apiregistration.k8s.io", "The APIService")
    ),
    plain("failing or missing response from ", errors.NoResponse()),
    plain("no response from http", errors.NoResponse()),
    plain("FailedDiscoveryCheck", errors.NoResponse()),
    plain("MissingEndpoints", errors.NoEndpoints("", "")),
    plain("EndpointsNotFound", errors.NoEndpoints("", "")),
    Grammar(
        "False (MissingEndpoints)", r"False \(MissingEndpoints\)\s{1,40}[1-5]?\ds\b", says(errors.JustRegistered())
    ),
    Grammar(
        "False (FailedDiscoveryCheck)",
        r"False \(FailedDiscoveryCheck\)\s{1,40}[1-5]?\ds\b",
        says(errors.JustRegistered()),
    ),
    plain("(ServiceNotFound)", errors.ServiceAbsent("", "")),
    Grammar(
        "v1beta1.metrics.k8s.io",
        r"v1beta1\.metrics\.k8s\.io\s{1,60}Local\s{1,60}True\b",
        says(errors.RegisteredLocally()),
        word="Local",
    ),
    # fluxcd pkg/ssa manager_wait.go around kstatus; kubectl pkg/cmd/wait
    Grammar(
        "APIService/",
        r"APIService/(?P<name>v\w{1,12}\.[\w.-]{1,253}) status: '(?:InProgress|Failed)'",
        lambda match: errors.StillUnavailable(match["name"]),
    ),
    Grammar(
        "timed out waiting for the condition on apiservice",
        r"timed out waiting for the condition on apiservices?(?:\.[\w.]{1,60})?/(?P<name>v\w{1,12}\.[\w.-]{1,253})",
        lambda match: errors.StillUnavailable(match["name"]),
    ),
    plain("ServicePortError", errors.ServicePortAbsent("", "", "")),
    Grammar(
        "no endpoints available for service ",
        # pkg/registry/core/service/storage: of a proxied one as it was asked for, SCHEME:NAME:PORT
        r"no endpoints available for service \\{0,4}\"(?:https?:)?(?!heapster\b|https?:)([a-z][\w.-]{0,252})",
        lambda match: errors.NoEndpoints(match[1], ""),
    ),
    # kube-aggregator pkg/controllers/openapi; client-go discovery
    Grammar(
        "http error: ResponseCode: ",
        # a body that tells why ends before its reason: the reason is what the line says
        r"http error: ResponseCode: (?P<code>\d{3})"
        r"(?:, Body: (?!error trying)(?:Internal Server Error: \"[^\"]{1,200}\"(?=: ))?|$)",
        lambda match: errors.OpenAPIUnread(match["code"]),
    ),
    Grammar(
        "Error, could not get list of group versions for APIService",
        r"Error, could not get list of group versions for APIService",
        says(errors.OpenAPIUnread()),
    ),
    plain("OpenAPI spec does not exist", errors.Noise("no-openapi")),  # it answered, and has none to give
    Grammar(
        "failed to download ",
        r"failed to download [\w.-]{1,253}: invalid status code: (?P<code>\d{3})",
        lambda match: errors.OpenAPIUnread(match["code"]),
        word=": invalid status code: ",
    ),
    *(
        Grammar("OpenAPI AggregationController: action for item", words, says(errors.OpenAPIUnread()))
        for words in (
            rf"OpenAPI AggregationController: action for item {_METRICS}: Rate Limited Requeue",
            rf"OpenAPI AggregationController: action for item: Rate Limited Requeue {_METRICS}",  # from 1.35
        )
    ),
    plain("unable to retrieve the complete list of server APIs", errors.DiscoveryFailed()),
    plain("couldn't get resource list for ", errors.DiscoveryFailed()),
    plain("Couldn't get resource list", errors.DiscoveryFailed()),  # from 0.37
    plain("stale GroupVersion discovery", errors.DiscoveryFailed()),
    # kubernetes pkg/controller/garbagecollector, which from 1.27 to 1.35 cannot print of which group; pkg/controller/
    # namespace/deletion, from 1.16; helm pkg/action/action.go, which calls orphaned whatever does not answer
    plain("failed to discover some groups", errors.DiscoveryFailed()),
    plain("Discovery failed for some groups", errors.DiscoveryFailed()),
    Grammar(
        "NamespaceDeletionDiscoveryFailure",
        r"NamespaceDeletionDiscoveryFailure[\s\":=,]{1,60}(?:status[\s\":=]{1,9})?True\b",
        says(errors.DiscoveryFailed()),
    ),
    plain("The Kubernetes server has an orphaned API service", errors.DiscoveryFailed()),
    # to 1.27 "Got"
    *(
        Grammar(
            f"{came} empty response for: ", f"{came} empty response for: " + r"\S{1,253}", says(errors.EmptyDiscovery())
        )
        for came in ("Got", "received")
    ),
    # apimachinery pkg/util/proxy; konnectivity-client and proxy-server; kubernetes pkg/ssh to 1.21
    plain("error dialing backend", errors.BackendUnreached()),
    plain("error trying to reach service", errors.BackendUnreached()),
    *(
        plain(words, errors.TunnelDown(words))
        for words in (
            "No agent available",
            "No SSH tunnels currently open",
            "Empty tunnel list",  # pkg/util to 1.1
            "no agent available",
            "tunnel is closed",
            "tunnel closed",
            "dial timeout, backstop",
            # gardener pkg/operation/botanist/tunnel.go and pkg/operation/care: its own VPN
            "Tunnel connection has not been established",
            "TunnelConnectionBroken",
            "could not forward to vpn-shoot pod",
            # apiserver-network-proxy pkg/server
            "Failed to get a backend",
            "DIAL_REQ to Backend failed",
            "timed out waiting for backend dial",
            "no tunnels available",
            "failed to tunnel dial request",
            "backend dial timed out before connection was established",
            "backend context closed before connection was established",
            # k3s and RKE2 pkg/daemons/control/tunnel.go, with rancher/remotedialer
            "Tunnel server egress proxy rejecting connection to ",
            "failed to find Session for client ",
        )
    ),
    *(
        plain(words, errors.TunnelTroubled())
        for words in (
            "could not get frontend client",
            "Stream read from frontend failure",
            "Receive stream from agent read failure",
            "DIAL_RSP send to frontend stream failure",
            "DATA to Backend failed",
            # rancher/remotedialer client.go, as k3s and RKE2 run it on each node (pkg/agent/tunnel)
            "Remotedialer proxy error",
            "Failed to connect to proxy. ",
        )
    ),
    plain("cannot connect once", errors.AgentUnconnected()),
    plain("Failed to validate authentication token", errors.AgentUnconnected()),
    Grammar(
        "proxy error from ",
        r"proxy error from \S{0,300} while dialing \S{1,300}, code \d{3}",
        lambda match: errors.TunnelDown(match[0]),
    ),
    Grammar(
        "reading HTTP response from CONNECT to ",
        r"reading HTTP response from CONNECT to \S{1,300} via proxy \S{0,300} failed",
        lambda match: errors.TunnelDown(match[0]),
    ),
    # apimachinery pkg/api/validation, of a Deployment that another installation made with other labels
    Grammar(
        'Deployment.apps "',
        r"Deployment\.apps \"(?P<name>[\w.-]{0,100}metrics-server[\w.-]{0,100})\" is invalid: spec\.selector: "
        r".{0,600}field is immutable",
        lambda match: errors.OwnedByAnotherRelease(match["name"]),
    ),
    # the same as kubectl says it of what it applies: pkg/cmd/util/helpers.go
    Grammar(
        'The Deployment "',
        r"The Deployment \"(?P<name>[\w.-]{0,100}metrics-server[\w.-]{0,100})\" is invalid: spec\.selector: "
        r".{0,600}field is immutable",
        lambda match: errors.AppliedOverAnother(match["name"]),
    ),
    # helm 3.0 and 3.1
    Grammar(
        "existing resource conflict: ",
        r"existing resource conflict: (?:kind: \w{1,60}, )?(?:namespace: \S{0,253}, )?name: "
        r"(?P<name>v1\w{0,20}\.[\w.]{0,30}metrics\.k8s\.io|metrics-server[\w:.-]{0,100})",
        lambda match: errors.OwnedByAnotherRelease(match["name"]),
    ),
    Grammar(
        'apiservices.apiregistration.k8s.io "',
        r"apiservices\.apiregistration\.k8s\.io \"(?P<name>[^\"]{1,253})\" already exists",
        lambda match: errors.OwnedByAnotherRelease(match["name"]),
    ),
)
