"""What every API server's library says: k8s.io/apiserver, apimachinery, and kubernetes' own of tokens."""

from __future__ import annotations

import re
from collections.abc import Callable

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says


def _in_order(resource: str) -> str:
    """``pods.custom.metrics.k8s.io/q`` as later versions have it: ``pods/q.custom.metrics.k8s.io``."""
    name, slash, part = resource.partition("/")
    name, dot, group = name.partition(".")
    return f"{name}{slash}{part}{dot}{group}"


def _user_cannot(match: re.Match[str]) -> InnermostError:
    resource = match["path"] or match["resource"] or _in_order(match["old"] or "")
    if match["group"]:
        resource = f"{resource}.{match['group']}"
    if not match["path"] and not match["scope"]:
        resource = _refused_before(match) or resource
    absent = re.findall(r"role\.rbac\.authorization\.k8s\.io \"([^\"]{1,253})\"", match["absent"] or "")
    scope = (match["scope"] or "").strip()
    return errors.Forbidden(match["user"], match["verb"], resource, scope, tuple(absent))


_MOST_BEFORE = 600  # characters in which a resource and an object's name stand before a refusal


def _refused_before(match: re.Match[str]) -> str:
    """The resource of a refusal whose end was cut, as its beginning names it: ``nodes.G "N" is forbidden: User …``.

    apimachinery pkg/api/errors/errors.go, NewForbidden: with its group, if that is not the core one.
    """
    before = match.string[max(0, match.start() - _MOST_BEFORE) : match.start()]
    words = before.removesuffix("is forbidden: ").split() if before.endswith(" is forbidden: ") else []
    named = [word for word in words[-2:] if not word.endswith(('"', ":"))]
    resource = named[-1].lstrip("\\\"'(") if named else ""
    return _in_order(resource) if re.fullmatch(r"[a-z][\w./-]{1,253}", resource) else ""


def _rbac_denies(match: re.Match[str]) -> InnermostError:
    scope = (match["scope"] or "").strip().replace("in namespace", "in the namespace")
    return errors.Forbidden(match["user"], match["verb"], match["resource"], scope)


def _begun_refusal(match: re.Match[str]) -> InnermostError:
    return errors.Forbidden(match["user"] or "", "list", match["resource"])


def _of_the_guide(match: re.Match[str]) -> InnermostError:
    return errors.VersionDeprecated(match["since"] or "") if match["now"] == "will" else errors.VersionGone()


def _refused_token(why: str) -> InnermostError:
    lower = why.lower()
    if "token has expired" in lower:
        return errors.TokenExpired()
    is_early = "token is not valid yet" in lower or "token is issued in the future" in lower
    return errors.TokenEarly() if is_early else errors.TokenInvalid(why)


def _no_match(match: re.Match[str]) -> InnermostError:
    is_cut = match.end() == len(match.string) and '"' in (match["open"] or "")
    version = "" if is_cut else match["version"] or ""
    return errors.NoMatchForKind(match["kind"], version, match["group"] or "")


REQUEST = r"(?:[a-z, ]{0,79}[a-z,])?(?: \((?P<request>[a-z]{1,20} [^)]{0,300})\)?)?"
"""What was asked, as a client adds it to a status' own words: ``(get nodes.metrics.k8s.io)``."""


_DENIED = (
    r"\"(?P<verb>[a-z*]{1,32})\" (?:nonResourceURL \"(?P<path>[^\"]{0,2000})\""
    r"|resource \"(?P<resource>[^\"]{0,253})\"(?: named \"[^\"]{0,253}\")?(?P<group>)(?P<old>)(?P<absent>))"
    r"(?P<scope> in namespace \"[^\"]{0,253}\"| cluster-wide)?"
)


def _of_request(error: Callable[[str], InnermostError]) -> Callable[[re.Match[str]], InnermostError]:
    return lambda match: error(match["request"] or "")


GRAMMARS: tuple[Grammar, ...] = (
    # apiserver pkg/authentication/request/x509/x509.go; to 1.17 the allowed names followed in brackets.
    Grammar(
        "x509: subject with cn=",
        r"x509: subject with cn=(.{0,300}?) is not (?:in the allowed list(?:: \[[^\]]{0,2000}\]?)?|allowed)",
        lambda match: errors.NotInAllowedList(match[1]),
    ),
    Grammar(
        "missing content for CA bundle ",
        r"missing content for CA bundle \"([^\"]{0,400})",
        lambda match: errors.MissingBundleContent(match[1]),
    ),
    Grammar(
        "--requestheader-client-ca-file and --client-ca-file ",
        r"--requestheader-client-ca-file and --client-ca-file contain overlapping certificates",
        says(errors.OverlappingCAs()),
    ),
    Grammar(
        "is set without specifying the standard ",
        r"is set without specifying the standard (X-Remote-[\w-]{1,20})",
        lambda match: errors.HeaderNotNamed(match[1]),
    ),
    # the same of a flag that is shown: a process, a unit, a manifest, or klog's FLAG
    *(
        Grammar(
            f"--requestheader-{flag}=",
            rf"--requestheader-{flag}=(?!\S{{0,200}}(?i:{header})(?:[\s\"',\]]|$))[\"'\[]{{0,2}}[A-Za-z][\w-]{{1,60}}",
            lambda _, header=header: errors.HeaderNotNamed(header),  # type: ignore[misc]
        )
        for flag, header in (
            ("username-headers", "X-Remote-User"),
            ("group-headers", "X-Remote-Group"),
            ("extra-headers-prefix", "X-Remote-Extra-"),
        )
    ),
    Grammar(
        "Cluster doesn't provide ",
        r"Cluster doesn't provide (\S{1,100}) in configmap/\S{1,300}(?: in \S{1,253})?",
        lambda match: errors.RequestHeaderNotProvided(match[1]),
    ),
    # apiserver pkg/server/filters/timeout.go
    Grammar(
        "post-timeout activity - ",
        r"post-timeout activity - time-elapsed: \S{1,40}, (\w{1,16}) \"([^\"]{0,2000})\" result: (.{0,300})",
        lambda match: errors.AbandonedRequest(match[1], match[2], match[3].strip()),
    ),
    # the same as 0.33 has it, and its wrap.go: structured, of which the values are left
    Grammar(
        "Post-timeout activity ",
        r"Post-timeout activity (?:UnhandledError )?\S{1,40} (\w{1,16}) (/\S{0,2000}) (.{0,300})",
        lambda match: errors.AbandonedRequest(match[1], match[2], match[3].strip()),
        word="Post-timeout activity",
    ),
    Grammar(
        "Timeout or abort while handling ",
        r"Timeout or abort while handling (?:UnhandledError )?(\w{1,16}) (/\S{0,2000})",
        lambda match: errors.AbandonedRequest(match[1], match[2]),
        word="Timeout or abort while handling",
    ),
    # apiserver pkg/endpoints/handlers/responsewriters/errors.go; to 1.11 without quotes and "resource"
    Grammar(
        'User "',
        r"User \"(?P<user>[^\"]{0,300})\" can(?:not|'t| not) (?P<verb>[a-z*]{1,32}) "
        r"(?:path \"?(?P<path>(?<=\")[^\"]{0,2000}|/[^\s\"]{0,2000})\"?"
        r"|resource \"(?P<resource>[^\"]{0,253})\"?(?: in API group \"(?P<group>[^\"]{0,253})\"?)?"
        r"|(?P<old>[\w./-]{1,253}))"
        r"(?P<scope> at the cluster scope| in the namespace \"[^\"]{0,253}\"?)?"
        r"(?P<absent>: (?:RBAC: )?\[?"  # to 1.8 without RBAC
        r"(?:(?:cluster)?role\.rbac\.authorization\.k8s\.io \"[^\"]{1,253}\" not found(?:, )?){1,20})?",
        _user_cannot,
        word=" can",
    ),
    # the same, of which a copy has no more than the beginning
    *(
        Grammar(
            f"{kind}.metrics.k8s.io ",
            rf"(?P<resource>{kind}\.metrics\.k8s\.io) (?:\"[^\"]{{1,253}}\" )?is forbidden"
            r"(?!: User \"[^\"]{0,300}\" can(?:not|'t| not) [a-z]{1,32} )(?:: User \"(?P<user>[^\"]{0,300})\")?",
            _begun_refusal,
            word="is forbidden",
        )
        for kind in ("nodes", "pods", "custom", "external")
    ),
    # kubernetes pkg/registry/rbac/validation/rule.go, ConfirmNoEscalation; to 1.11 in the words of the second
    Grammar(
        "is attempting to grant RBAC permissions not currently held",
        r"is attempting to grant RBAC permissions not currently held",
        says(errors.MayNotGrant("")),
    ),
    Grammar("attempt to grant extra privileges", r"attempt to grant extra privileges", says(errors.MayNotGrant(""))),
    Grammar(
        '.rbac.authorization.k8s.io "',
        r"\.rbac\.authorization\.k8s\.io \"(?P<name>[^\"]{1,253})\" is forbidden: "
        r"(?:user \"[^\"]{0,300}\" \(groups=[^)]{0,600}\) is attempting to grant RBAC permissions not currently held"
        r"|attempt to grant extra privileges)",
        lambda match: errors.MayNotGrant(match["name"]),
        word=".rbac.authorization.k8s.io ",
    ),
    # a role or binding of metrics-server's that is not there: by itself, and as kubectl is told
    *(
        Grammar(
            kind,
            kind + r"s?\.rbac\.authorization\.k8s\.io \"(?P<name>[\w:.-]{0,60}metrics-server[\w:.-]{0,60})\" not found",
            lambda match: errors.RoleAbsent(match["name"]),
            word=".rbac.authorization.k8s.io ",
        )
        for kind in ("clusterrole", "rolebinding", "clusterrolebinding")
    ),
    # the same where a shell, a chat or a spreadsheet took the quotes off
    Grammar(
        "User ",
        r"User (?P<user>[\w:.@-]{1,253}) cannot (?P<verb>[a-z*]{1,32}) "
        r"(?:path (?P<path>/\S{0,2000})|resource (?P<resource>[\w./-]{1,253}) in API group (?P<group>[\w.-]{0,253})"
        r"|(?P<old>[\w./-]{1,253}))(?P<absent>)"
        r" ?(?P<scope>at the cluster scope|in the namespace [\w-]{1,63})",
        _user_cannot,
        word=" can",
    ),
    # kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go, V(5); to 1.18 RBAC DENY
    *(
        Grammar(
            words,
            re.escape(words) + r"\"(?P<user>[^\"]{1,300})\" (?:with )?groups \[[^\]]{0,2000}\] (?:cannot|to) "
            r"\"(?P<verb>[a-z*]{1,32})\" (?:resource|nonResourceURL) \"(?P<resource>[^\"]{1,300})\""
            r"(?: named \"[^\"]{0,253}\")?(?P<scope> in namespace \"[^\"]{0,253}\"| cluster-wide)?",
            _rbac_denies,
        )
        for words in ("RBAC DENY: user ", "RBAC: no rules authorize user ")
    ),
    # apimachinery pkg/api/errors/errors.go, NewUnauthorized and NewGenericServerResponse
    Grammar(
        "Unauthorized",
        r"(?<!\d )Unauthorized(?: \((?P<request>[a-z]{1,20} [^)]{0,300})\)?)?(?=[\s\"'\]),;]|$)",
        lambda match: errors.Unauthorized(match["request"] or ""),
    ),
    Grammar(
        "the server has asked for the client to provide credentials",
        r"the server has asked for the client to provide credentials(?: \((?P<request>[^)]{0,300})\)?)?",
        lambda match: errors.Unauthorized(match["request"] or ""),
    ),
    # kubernetes pkg/serviceaccount, through apiserver pkg/authentication/request/bearertoken
    Grammar(
        "invalid bearer token",
        r"invalid bearer token(?:, (?P<why>[^\]\"]{1,600}))?",
        lambda match: _refused_token((match["why"] or "").strip()),
    ),
    # kubernetes pkg/serviceaccount/claims.go: an annotation of its audit log, and the metric beside it; AWS, of EKS
    plain("authentication.k8s.io/stale-token", errors.TokenStale()),
    plain("serviceaccount_stale_tokens_total", errors.TokenStale()),
    Grammar(
        "not refreshing ",
        r"not refreshing \s{0,9}(?:\w{1,20} )?service account tokens",
        says(errors.TokenStale()),
        word="not refreshing",
    ),
    Grammar(
        "the server is currently unable to handle the request",
        r"the server is currently unable to handle the request(?: \(([^)]{0,300})\)?)?",
        lambda match: errors.ServiceUnavailable(match[1] or ""),
    ),
    Grammar("[-]", r"\[-\]([\w/.-]{1,100}) failed", lambda match: errors.HealthCheckFailed(match[1])),
    # apimachinery pkg/api/errors/errors.go: what was asked follows in brackets
    *(
        Grammar(words, re.escape(words) + REQUEST, _of_request(error))
        for words, error in (
            ("the server could not find the request", errors.ResourceNotFound),  # as a body that is cut off has it
            ("the server was unable to return a response in the time allotted", errors.ServerTooSlow),
            ("the server has received too many requests", errors.TooManyRequests),
            ("has prevented the request from succeeding", errors.ServerFailed),
        )
    ),
    *(
        Grammar(
            resource,
            r"(?P<resource>\w{4,40}(?:/scale)?(?:\.[a-z0-9.]{1,100})?)"
            r" (?:\"(?P<name>[^\"]{1,510})\"|<[\w -]{1,60}>) not found",
            lambda match: errors.NotFound(match["resource"], match["name"] or ""),
            word=" not found",
        )
        for resource in (
            "podmetrics",
            "nodemetrics",
            "services",
            "deployments",
            "daemonsets",
            "statefulsets",
            "replicasets",
            "replicationcontrollers",
            "rollouts",
            "apiservices",
            "configmaps",
        )
    ),
    # as kubectl heads it, where a title keeps no more of it
    Grammar(
        "(NotFound): ",
        r"\(NotFound\): (?P<resource>(?:pod|node)metrics\.metrics\.k8s\.io)(?![ .]*\")",
        lambda match: errors.NotFound(match["resource"], ""),
    ),
    Grammar(
        'no matches for kind "',
        r"no matches for kind \"(?P<kind>[^\"]{1,253})\"?(?: in (?:versions? (?P<open>\"?\[?\"?)"
        r"(?P<version>[^\s\"\]]{1,253})|group \"(?P<group>[^\"]{0,253})))?",
        _no_match,
    ),
    # to 1.9, whose kinds print as GROUP/VERSION, Kind=KIND; resources do to this day
    Grammar(
        "no matches for ",
        r"no matches for (?P<group>[\w.-]{0,253})/(?P<version>\w{0,40}), (?:Kind|Resource)=(?P<kind>\w{1,253})",
        lambda match: errors.NoMatchForKind(
            match["kind"],
            f"{match['group']}/{match['version']}" if match["version"] else "",
            match["group"] or "core",  # as the group without a name is called; it is no copy that was cut
        ),
    ),
    # argoproj gitops-engine pkg/sync/sync_context.go
    Grammar(
        "The Kubernetes API could not find ",
        r"The Kubernetes API could not find (?:version \"(?P<version>\w{1,40})\" of )?"
        r"(?:(?P<group>[\w.-]{1,253})/)?(?P<kind>\w{1,253}) for requested resource",
        lambda match: errors.NoMatchForKind(
            match["kind"],
            f"{match['group'] or ''}/{match['version']}".strip("/") if match["version"] else "",
            match["group"] or "",
        ),
    ),
    # apimachinery pkg/runtime/error.go
    Grammar(
        'no kind "',
        r"no kind \"(?P<kind>[^\"]{1,253})\" is registered for version \"(?P<version>[^\"]{1,253})\"?"
        r"(?: in scheme \"(?P<scheme>[^\"]{1,300}))?",
        lambda match: errors.NoMatchForKind(match["kind"], match["version"], scheme=match["scheme"] or ""),
    ),
    # kubectl to 1.11, cli-runtime pkg/resource
    Grammar(
        "the API version in the data (",
        r"the API version in the data \((?P<given>[^)]{1,253})\)"
        r" does not match the expected API version \((?P<expected>[^)]{1,253})",
        lambda match: errors.VersionUnexpected(match["given"], match["expected"]),
    ),
    # cli-runtime pkg/resource/builder.go, kubectl pkg/cmd/auth/cani.go
    Grammar(
        "the server doesn't have a resource type ",
        r"the server doesn't have a resource type (?P<quote>[\"'])(?P<kind>[\w.-]{1,253})"
        r"(?:(?P=quote) in group (?P=quote)(?P<group>[\w.-]{1,253}))?",
        lambda match: errors.TypeUnknown(f"{match['kind']}.{match['group']}" if match["group"] else match["kind"]),
    ),
    # kube-openapi pkg/util/proto/validation, to 1.26 before kubectl asks; apimachinery pkg/runtime, as servers warn or
    # refuse from 1.25
    Grammar(
        "ValidationError(HorizontalPodAutoscaler",
        r"ValidationError\(HorizontalPodAutoscaler[\w.\[\]]{0,200}\): "
        r"(?P<trouble>unknown field|missing required field) \\{0,4}\"(?P<field>[\w.\[\]]{1,200})",
        lambda match: errors.FieldUnknown(match["field"], match["trouble"]),
    ),
    # kubernetes pkg/apis/autoscaling/validation, where nobody checked the fields before
    *(
        plain(words, errors.FieldUnknown(field, "missing required field"))
        for words, field in (
            ("target.type: Required value: must specify a metric target type", "target"),
            ("metric.name: Required value: must specify a metric name", "metric"),
        )
    ),
    *(
        Grammar(
            f'unknown field "spec.{field}',
            rf"unknown field \"(?P<field>spec\.{field}[\w.\[\]]{{0,200}})",
            lambda match: errors.FieldUnknown(match["field"]),
            word=word,
        )
        for field, word in (
            ("metrics", "spec.metrics"),
            ("targetCPUUtilization", "spec.targetCPUUtilization"),
            ("scaleTargetRef", "spec.scaleTargetRef"),
        )
    ),
    # kubernetes.io's guide to migrate from deprecated versions, which tools and charts repeat
    Grammar(
        " API version of ",
        r" API versions? of [\w, ]{1,200}? (?P<now>is|are|will) no longer (?:be )?served"
        r"(?: (?:as of|in) v(?P<since>1\.\d{1,2}))?",
        _of_the_guide,
    ),
    # the same as people and charts' notes have it; what is yet to be removed works
    *(
        Grammar(
            version,
            version + r"\d?[`'\"]?(?![.\w/]).{0,160}?(?<!\bbe )(?<!\bbeing )" + words,
            says(errors.VersionGone()),
            word=words.split(" (")[0],
        )
        for version in ("v1alpha", "v1beta", "v2alpha", "v2beta")
        for words in (
            r"removed (?:in|from|since|as of|starting|with) (?:\w{1,10} ){0,2}?(?:[Kk]ubernetes|[Kk]8s|kube|v?1\.\d)",
            r"no longer (?:available|served|supported|exists?)\b",
        )
    ),
    Grammar(
        " is deprecated in v1.",
        r" is deprecated in v1\.\d{1,2}\+?(?:, unavailable in v(?P<gone>1\.\d{1,2})\+?)?",
        lambda match: errors.VersionDeprecated(match["gone"] or ""),
    ),
    # apiserver pkg/server/filters/timeout.go, wrap.go; net/http's TimeoutHandler
    plain("request did not complete within", errors.ServerTooSlow()),
    plain("http: Handler timeout", errors.HandlerTimeout()),
    plain("killing connection/stream because serving request timed out", errors.HandlerTimeout()),
    # to 1.14, apimachinery's errConnKilled
    Grammar(
        "panic'd on ",
        r"panic'd on [A-Z]{3,7} /apis/(?:\w{1,12}\.)?metrics\.\S{1,1000}: kill connection/stream",
        says(errors.HandlerTimeout()),
        word="kill connection/stream",
    ),
    Grammar(
        "timeout or abort while handling: ",
        r"timeout or abort while handling: (?!(?:method=\w{1,16} URI=|\w{1,16} )\\{0,4}\"/"
        r"(?!apis/(?:\w{1,12}\.)?metrics\.)).{1,500}",
        says(errors.HandlerTimeout()),
    ),
    # net/http server.go, in the log of whoever serves
    Grammar(
        "http: TLS handshake error from ",
        r"http: TLS handshake error from (?P<peer>\S{1,100}): (?P<why>EOF\b|.{1,300})",
        lambda match: errors.HandshakeFailed(match["peer"], match["why"].strip()),
    ),
    # apiserver pkg/server/options/authentication.go; client-go tools/cache/reflector.go
    plain("unable to load configmap based request-header-client-ca-file", errors.AuthenticationUnread()),
    plain("unable to load configmap based client CA file", errors.AuthenticationUnread()),
    # to 1.11 whatever the reason was, from 1.12 only where it is forbidden; from 1.14 the binding has this name
    Grammar(
        "Unable to get configmap/extension-apiserver-authentication",
        r"Unable to get configmap/extension-apiserver-authentication(?P<since>.{0,120} ROLEBINDING_NAME)?",
        lambda match: errors.AuthReaderHint("yes" if match["since"] else ""),
    ),
    # apiserver pkg/server/options/authentication.go; the file is one of the arguments
    *(
        Grammar(
            head,
            head + r"(?: \"[^\"]{1,300}\")?: (?:unable to load client CA file: )?"
            r"(?:open |read |stat )(?P<file>\S{1,300}): (?:no such file or directory|permission denied|is a directory)",
            lambda match: errors.FileUnread(match["file"]),
        )
        for head in (
            "unable to load client CA file",
            "unable to load client CA provider",
            "unable to load request-header-client-ca-file",
            "unable to load server certificate",
            "failed to load SNI cert and key",
        )
    ),
    plain("cluster doesn't provide client-ca-file", errors.RequestHeaderNotProvided("client-ca-file")),
    # kubevirt pkg/virt-api/api.go, an aggregated server, too
    plain("client-ca-file value not found in auth config map", errors.RequestHeaderNotProvided("client-ca-file")),
    plain(
        "cluster doesn't provide requestheader-client-ca-file",
        errors.RequestHeaderNotProvided("requestheader-client-ca-file"),
    ),
    # kubernetes pkg/kubeapiserver/admission/initializer.go, to 1.8: of a webhook, to which it goes as the aggregator
    plain(
        "An admission plugin wants a client cert/key, but they were not provided",
        errors.RequestHeaderNotProvided("proxy-client-cert-file"),
    ),
    *(
        Grammar(
            f"{failed} to {verb} *",
            failed + r" to (?:list|watch) \*([\w.]{1,100})",
            lambda match: errors.ListFailed(match[1]),
        )
        for failed in ("Failed", "failed")
        for verb in ("list", "watch")
    ),
    # apiserver pkg/endpoints/filters/authorization.go, V(4), to 1.17 in plain text
    Grammar(
        'Forbidden: "/',
        r"Forbidden: \"(?P<path>/[^\"]{0,2000})\", Reason: \"",
        lambda match: errors.Forbidden("", "get", match["path"]),
    ),
    # client-go rest/config.go and transport/token_source.go
    plain("serviceaccount/token: no such file or directory", errors.TokenUnread()),
    plain("unable to load in-cluster configuration", errors.NotInCluster()),
    plain("serviceaccount/token: permission denied", errors.TokenUnread()),
    # client-go rest/request.go newUnstructuredResponseError, of a watch that is refused: nothing of the answer is told
    *(plain(f"unknown (get {resource})", errors.WatchRefused(resource)) for resource in ("nodes", "pods")),
    # apiserver pkg/server/filters/waitgroup.go and with_retry_after.go
    plain("apiserver is shutting down", errors.ServerStops()),
    # pkg/server/filters/maxinflight.go, as kubectl prints it; the words alone are any server's
    plain("(TooManyRequests): Too many requests", errors.TooManyRequests()),
    # kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go, V(5); to 1.17 "RBAC DENY"
    Grammar(
        "RBAC: no rules authorize user ",
        r"RBAC: no rules authorize user \"(?P<user>[^\"]{0,300})\" with groups \[[^\]]{0,2000}\] to " + _DENIED,
        _user_cannot,
    ),
    Grammar(
        "RBAC DENY: user ",
        r"RBAC DENY: user \"(?P<user>[^\"]{0,300})\" groups \[[^\]]{0,2000}\] cannot " + _DENIED,
        _user_cannot,
    ),
    # etcd api/v3rpc/rpctypes
    Grammar("etcdserver: ", r"etcdserver: [a-z ,]{3,80}", says(errors.EtcdTrouble())),
    Grammar(
        "http2: server: error reading preface from client ",
        r"http2: server: error reading preface from client (?P<peer>\S{1,100}): (?P<why>EOF\b|.{1,300})",
        lambda match: errors.HandshakeFailed(match["peer"], match["why"].strip()),
    ),
)
