"""What Go says of certificates and handshakes: crypto/x509, crypto/tls, and net/http of plain text."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says, trim

_NAME_LIST = r"[\w.*:, @%/<>$-]"  # with what people put for a name of their own: <node>, $IP


def _not_valid_for(match: re.Match[str]) -> InnermostError:
    names = match["names"] if match["names"] is not None else trim(match["cut"])
    return errors.NotValidFor(tuple(name.strip() for name in names.split(",") if name.strip()), trim(match["wanted"]))


def _validity(match: re.Match[str]) -> InnermostError:
    if match["side"] == "before":
        return errors.NotYetValid(match["now"], trim(match["bound"]))
    return errors.Expired(match["now"] or "", trim(match["bound"]))


_GRAMMARS: tuple[Grammar, ...] = (
    # crypto/x509/verify.go; from Go 1.20 crypto/tls puts "tls: failed to verify certificate: " before them.
    Grammar(
        "x509: certificate is valid for ",
        r"x509: certificate is valid for (?:(?P<names>"
        + _NAME_LIST
        + r"{0,8192}?), not (?P<wanted>[^\s\"\],;)」』]{1,300})"
        r"|(?P<cut>" + _NAME_LIST + r"{0,8192}))",
        _not_valid_for,
    ),
    Grammar(
        "x509: cannot validate certificate for ",
        r"x509: cannot validate certificate for (<[^<>\n]{1,60}>|\S{1,300}) because it doesn.t contain any IP SANs",
        lambda match: errors.NoIPSANs(match[1]),
    ),
    Grammar(
        "x509: certificate is not valid for any names",
        r"x509: certificate is not valid for any names(?:, but wanted to match ([^\s\",\]]{1,300}))?",
        lambda match: errors.NotValidForAny(trim(match[1])),
    ),
    Grammar(
        "x509: certificate relies on legacy Common Name field",
        r"x509: certificate relies on legacy Common Name field(?:, use SANs [a-z ]{1,80})?",
        says(errors.LegacyCommonName()),
    ),
    Grammar(
        "x509: certificate signed by unknown authority",
        r"x509: certificate signed by unknown authority(?: \(possibly because of \"(?P<hint>[^\"]{0,300})\" while "
        r"trying to verify candidate authority certificate \"(?P<candidate>[^\"]{0,300})\"?\)?)?",
        lambda match: errors.UnknownAuthority(match["hint"] or "", match["candidate"] or ""),
    ),
    Grammar(
        "x509: certificate has expired or is not yet valid",
        r"x509: certificate has expired or is not yet valid"
        r"(?:: current time (?P<now>\S{1,40}) is (?P<side>after|before) (?P<bound>\S{1,60}))?",
        _validity,
    ),
    Grammar(
        "x509: certificate specifies an incompatible key usage",
        r"x509: certificate specifies an incompatible key usage",
        says(errors.IncompatibleUsage()),
    ),
    Grammar(
        "tls: private key ",
        r"tls: private key (?:does not match public key|type does not match public key type)",
        says(errors.KeyMismatch()),
    ),
    # crypto/tls/tls.go, X509KeyPair: files that hold something else than their flags say
    *(
        Grammar(words, re.escape(words), says(errors.KeyMismatch()))
        for words in (
            "tls: found a certificate rather than a key in the PEM for the private key",
            "tls: failed to find any PEM data in certificate input",
            "tls: failed to find any PEM data in key input",
            "tls: failed to find certificate PEM data in certificate input",
            "tls: failed to find PEM block with type ending in ",
            "PEM block in certificate input after skipping PEM blocks",
            "tls: failed to parse private key",
        )
    ),
    # crypto/tls, net/http
    Grammar(
        "remote error: tls: ",
        r"remote error: tls: (internal error|bad certificate|unknown certificate authority|unknown certificate"
        r"|certificate required|handshake failure|[a-z][a-zA-Z ]{2,60}[a-zA-Z])",
        lambda match: errors.TLSAlert(match[1]),
    ),
    plain("tls: internal error", errors.TLSAlert("internal error")),
    Grammar(
        "tls: first record does not look like",
        r"tls: first record does not look like a TLS handshake",
        lambda match: errors.NotTLS(match[0]),
    ),
    Grammar(
        "http: server gave HTTP response",
        r"http: server gave HTTP response to HTTPS client",
        lambda match: errors.NotTLS(match[0]),
    ),
)


def _without_its_head(grammar: Grammar) -> Grammar:
    """The same where who quotes it left out ``x509: ``."""
    return Grammar(grammar.anchor.removeprefix(_HEAD), grammar.pattern.removeprefix(_HEAD), grammar.build)


_LISTED = {
    "front-proxy-client": "front-proxy",
    "front-proxy-ca": "front-proxy",
    "apiserver": "API server",
    "front proxy client": "front-proxy",
    "server": "API server",
    "client-auth-proxy": "front-proxy",
    "request-header-ca": "front-proxy",
    "serving-kube-apiserver": "API server",
    "serving-kubelet": "kubelet",
}
"""Whose certificate it is that a distribution lists by a name, or by that of its file."""


def _listed(match: re.Match[str]) -> InnermostError:
    has_ended = (match["left"] or "<invalid>").startswith(("<invalid>", "-"))
    return errors.ListedCertificate(_LISTED[match["name"]], "expired" if has_ended else "expiring")


# A month at most is left: what ends later needs nobody's care.
_DAYS_LEFT = r"(?:[12]?\d|30)"
_LISTED_ROWS: tuple[Grammar, ...] = (
    # kubeadm cmd/kubeadm/app/cmd/certs.go; apimachinery pkg/util/duration, ShortHumanDuration
    *(
        Grammar(
            name + gap,
            rf"(?P<name>{name})\s{{1,40}}[A-Z][a-z]{{2}} \d\d, \d{{4}} \d\d:\d\d UTC\s{{1,40}}"
            rf"(?P<left><invalid>|{_DAYS_LEFT}d|\d{{1,2}}[hms])(?=\s|$)",
            _listed,
        )
        # the column is wider than the shortest name
        for name, gap in (("front-proxy-client", " "), ("front-proxy-ca", " "), ("apiserver", "  "))
    ),
    # kubeadm cmd/kubeadm/app/phases/certs/certs.go, in the words of util/pkiutil
    Grammar(
        "could not validate bounds for certificate ",
        r"could not validate bounds for certificate (?P<name>front-proxy-client|front-proxy-ca|apiserver):"
        r" the certificate has expired",
        lambda match: errors.ListedCertificate(_LISTED[match["name"]], "expired"),
    ),
    Grammar(
        "certificate front-proxy-client is not signed by corresponding CA",
        r"certificate front-proxy-client is not signed by corresponding CA",
        says(errors.UnknownAuthority("", "front-proxy-ca")),
    ),
    # microk8s scripts/wrappers/refresh_certs.py
    *(
        Grammar(
            f"The {name} certificate will expire in ",
            rf"The (?P<name>{name}) certificate will expire in (?P<left>-\d{{1,5}}|{_DAYS_LEFT}) days",
            _listed,
        )
        for name in ("front proxy client", "server")
    ),
    # k3s and RKE2 pkg/cli/cert/cert.go: as text; pkg/certmonitor: as an event, without the usages
    *(
        Grammar(
            f"{name}.crt: certificate ",
            rf"(?P<name>{name})\.crt: certificate [^()/]{{1,253}}? (?:\([\w,]{{0,60}}\) )?"
            r"(?:expired at |will expire (?P<left>within) )",
            _listed,
        )
        for name in ("client-auth-proxy", "request-header-ca", "serving-kube-apiserver", "serving-kubelet")
    ),
)

_HEAD = "x509: "

GRAMMARS: tuple[Grammar, ...] = (
    *_GRAMMARS,
    *_LISTED_ROWS,
    *(
        _without_its_head(grammar)
        for grammar in _GRAMMARS
        if grammar.anchor.startswith(_HEAD) and "is valid for" not in grammar.anchor
    ),
    Grammar(
        "certificate is valid for ",
        r"certificate is valid for (?P<names>" + _NAME_LIST + r"{1,8192}?), not (?P<wanted>[^\s\"\],;)」』]{1,300})",
        _not_valid_for,
    ),
    # openssl apps/lib/s_cb.c and s_client.c; it trusts none that it is not told of, so that 20 and 21 say nothing
    *(
        Grammar(
            words,
            words + r" ?\(?(?P<number>18|19|10)\b[: (]",
            lambda match: errors.Distrusted(match["number"]),
        )
        for words in ("verify error:num=", "Verify return code: ")
    ),
    # as people say it
    *(
        Grammar(
            f"{whose} {kind} ",
            whose + rf" {kind} (?:TLS )?certificates?(?: has| have| is| are)?(?: already)? expired",
            says(errors.ListedCertificate("kubelet", "expired")),
        )
        for whose in ("kubelet", "kubelets", "kubelet's", "kubelets'")
        for kind in ("server", "serving")
    ),
    # what is left where a selection began within the line
    Grammar(
        "doesn",
        r"doesn.t contain any IP SANs",
        says(errors.NoIPSANs("")),
        word="contain any IP SANs",
    ),
)
