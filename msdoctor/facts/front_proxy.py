"""The aggregator's certificates held against what metrics-server reads, and the user that a refusal names.

What metrics-server makes of a certificate as a whole is told in ``facts.aggregator``; here is each single thing that is
wrong with it, so that one that hides another does not hide it from us.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor import x509
from msdoctor.facts.aggregator import Aggregator, judged
from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
from msdoctor.facts.flow import Flow
from msdoctor.facts.objects import HPA
from msdoctor.model import Unseen
from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import Expired, Forbidden, IncompatibleUsage, NotInAllowedList, UnknownAuthority
from msdoctor.utterances.reader import read_error

FORBIDDEN = 403
LATELY = timedelta(seconds=60)
OF_A_CERTIFICATE = (UnknownAuthority, Expired, IncompatibleUsage, NotInAllowedList)
# kube-controller-manager with --use-service-account-credentials, and without.
HPA_CONTROLLERS = ("system:serviceaccount:kube-system:horizontal-pod-autoscaler", "system:kube-controller-manager")


@dataclass(frozen=True, slots=True)
class FrontProxy:
    """One API server's proxy client certificate, and all that keeps it from being believed.

    ``problems`` are those of verifying it against the published front-proxy CAs, or against the API server's own file
    where the ConfigMap was not seen (``published`` is then false); the first is the one that metrics-server meets.
    ``taken`` is None where the ConfigMap was not seen.
    """

    proxy: ProxyClient
    published: bool
    problems: tuple[x509.Problem, ...]
    taken: Aggregator | None

    def problem(self, kind: x509.ProblemKind) -> x509.Problem | None:
        """The first of a kind."""
        return next((problem for problem in self.problems if problem.kind is kind), None)

    def meets_first(self, problem: x509.Problem) -> bool:
        """Whether this is the one that its certificate is refused for."""
        return self.published and problem is self.problems[0]


def front_proxies(
    config: AuthenticationConfig | Unseen | None, proxies: tuple[ProxyClient, ...] | Unseen, at: datetime
) -> tuple[FrontProxy, ...] | Unseen:
    """Each certificate that was read."""
    if isinstance(proxies, Unseen):
        return proxies
    return tuple(_front_proxy(config, proxy, at) for proxy in proxies)


def _front_proxy(config: AuthenticationConfig | Unseen | None, proxy: ProxyClient, at: datetime) -> FrontProxy:
    if isinstance(config, Unseen):
        return FrontProxy(proxy, False, _problems(proxy, proxy.own_ca, at), None)
    published = config.requestheader_ca if config else ()
    roots = published or proxy.own_ca
    return FrontProxy(proxy, bool(published), _problems(proxy, roots, at), judged(config, proxy, at))


def _problems(proxy: ProxyClient, roots: Sequence[x509.Certificate], at: datetime) -> tuple[x509.Problem, ...]:
    chain, pool = [item.der for item in proxy.chain], [item.der for item in roots]
    return x509.judge(chain, pool, name=None, usage=x509.Usage.CLIENT, at=at).problems


def named_user(
    hpas: Sequence[HPA],
    flow: Flow | Unseen,
    may_read: bool | Unseen,
    caller: str,
    config: AuthenticationConfig | Unseen | None,
) -> str:
    """The user whom metrics-server named in refusing somebody else: whom it takes the aggregator for. Empty if none.

    The API server refuses in the same words, but names its own caller. So the caller must be allowed by it, and must
    not be the one named; or the HPA controller is told of a user that it is not, and that no component of a cluster is.
    """
    to_hpas = {user for hpa in hpas for user in _refused(_message(hpa)) if user not in HPA_CONTROLLERS}
    to_caller = set(_refused(_refusal(flow)))
    if len(to_hpas | to_caller) != 1:
        return ""
    user = next(iter(to_hpas | to_caller))
    if to_caller and (may_read is not True or user == caller):
        return ""
    if to_hpas and to_caller:
        return user
    # Of one witness alone: whoever is named by a provider or a token is a caller that we do not know the name of.
    knows_groups = not isinstance(config, Unseen) and config is not None and config.knows_groups
    looks_real = user.startswith("system:") or "@" in user
    return "" if looks_real or not (to_hpas or knows_groups) else user


def refused_lately(log: Sequence[Utterance], flow: Flow | Unseen, at: datetime) -> str:
    """The last line by which metrics-server refused a client's certificate, if nothing was answered since.

    Every API server asks twice a minute whether the API is available, so that a line that is older is history.
    """
    if isinstance(flow, Unseen) or flow.refusal is None:
        return ""
    lines = (line for line in reversed(log) if "Unable to authenticate the request" in line.outer)
    line = next((line for line in lines if isinstance(line.error, OF_A_CERTIFICATE)), None)
    return line.text if line and line.at and at - line.at <= LATELY else ""


def _refusal(flow: Flow | Unseen) -> str:
    refusal = None if isinstance(flow, Unseen) else flow.refusal
    return refusal.detail if refusal and refusal.status == FORBIDDEN else ""


def _message(hpa: HPA) -> str:
    failed = (item for item in hpa.status.conditions or () if item.type == "ScalingActive" and item.status == "False")
    return next((item.message for item in failed), "")


def _refused(text: str) -> tuple[str, ...]:
    error = read_error(text) if text else None
    is_metrics = isinstance(error, Forbidden) and error.resource.endswith(".metrics.k8s.io")
    return (error.user,) if isinstance(error, Forbidden) and is_metrics else ()
