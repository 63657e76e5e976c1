"""What every API server's library says: k8s.io/apiserver, apimachinery, and kubernetes' own of tokens."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, says


def _user_cannot(match: re.Match[str]) -> InnermostError:
    resource = match["path"] or match["resource"] or match["old"] or ""
    if match["group"]:
        resource = f"{resource}.{match['group']}"
    absent = re.findall(r"role\.rbac\.authorization\.k8s\.io \"([^\"]{1,253})\"", match["absent"] or "")
    scope = (match["scope"] or "").strip()
    return errors.Forbidden(match["user"], match["verb"], resource, scope, tuple(absent))


GRAMMARS: tuple[Grammar, ...] = (
    # apiserver pkg/authentication/request/x509/x509.go; to 1.17 the allowed names followed in brackets.
    Grammar(
        "x509: subject with cn=",
        r"x509: subject with cn=(.{0,300}?) is not in the allowed list(?:: \[[^\]]{0,2000}\]?)?",
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
    # apiserver pkg/endpoints/handlers/responsewriters/errors.go; to 1.11 without quotes and "resource"
    Grammar(
        'User "',
        r"User \"(?P<user>[^\"]{0,300})\" cannot (?P<verb>[a-z*]{1,32}) (?:path \"(?P<path>[^\"]{0,2000})\"?"
        r"|resource \"(?P<resource>[^\"]{0,253})\"?(?: in API group \"(?P<group>[^\"]{0,253})\"?)?"
        r"|(?P<old>[\w./-]{1,253}))"
        r"(?P<scope> at the cluster scope| in the namespace \"[^\"]{0,253}\"?)?"
        r"(?P<absent>: RBAC: \[?"
        r"(?:(?:cluster)?role\.rbac\.authorization\.k8s\.io \"[^\"]{1,253}\" not found(?:, )?){1,20})?",
        _user_cannot,
        word=" cannot ",
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
        lambda match: (
            errors.TokenExpired()
            if "token has expired" in (match["why"] or "")
            else errors.TokenInvalid((match["why"] or "").strip())
        ),
    ),
    Grammar(
        "the server is currently unable to handle the request",
        r"the server is currently unable to handle the request(?: \(([^)]{0,300})\)?)?",
        lambda match: errors.ServiceUnavailable(match[1] or ""),
    ),
    Grammar("[-]", r"\[-\]([\w/.-]{1,100}) failed", lambda match: errors.HealthCheckFailed(match[1])),
)
