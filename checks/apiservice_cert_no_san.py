"""The certificate that metrics-server serves is not for its Service's name.

## What it means
The APIService has the API server verify metrics-server, and whatever address it dials it asks for the name
SERVICE.NAMESPACE.svc. The certificate served lacks that name, so the API server ends every handshake, and nobody has
metrics. The CN of the certificate counts for nothing here: names are its SANs.

## What it does not mean
That metrics-server is broken, or that the kubelets' certificates are at fault: this is metrics-server's own. Nor that
metrics-server refuses anybody: `remote error: tls: bad certificate` in its log is the API server's refusal.

## What will not help
- another CA in `caBundle`: names are looked at before the issuer.
- --kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.
- `--requestheader-allowed-names` and other flags of the front proxy: they say whom metrics-server believes.

## How it comes about
Verification switched on while metrics-server signs for itself: that certificate is for `localhost` only. kubespray's
`metrics_server_kubelet_insecure_tls: false` does that, beside what it is meant for, and kubespray has no variable for a
certificate or a caBundle: with it, metrics-server is best installed by its own chart. A certificate made for the
Service's short name, or for another namespace or release name than the one installed.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o yaml` quotes the names that it met and the one that was wanted.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3), BuildTransportConfig: ServerName;
k8s.io/apiserver pkg/server/options/serving.go, MaybeDefaultWithSelfSignedCerts; crypto/x509/verify.go, HostnameError;
kubespray roles/kubernetes-apps/metrics_server/templates/metrics-apiservice.yaml.j2 (46dbdd3, August 2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Remedy, Says, Unseen, check
from msdoctor.x509 import ProblemKind

from ._served_certificate import findings, insecure, make_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.verification import Verification

OF_NAMES = frozenset({ProblemKind.NAME_MISMATCH, ProblemKind.NO_NAMES, ProblemKind.LEGACY_COMMON_NAME})


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (*make_anew(blanks), insecure(blanks))


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("NotValidFor", hop=Hop.C, where={"wants": "service"}),
        Says("NotValidForAny", hop=Hop.C, where={"wants": "service"}),
        *(
            Says(error, hop=Hop.C, where={"wants": "other", **api}, likelihood=likelihood)
            for error in ("NotValidFor", "NotValidForAny")
            for api, likelihood in (({"api": "metrics.k8s.io"}, 1.0), ({"api": ""}, 0.4))
        ),
        Says("LegacyCommonName", hop=Hop.C),
    ),
    advise=advise,
)
def apiservice_cert_no_san(
    verification: Verification, installation: Installation | Unseen | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    yield from findings(verification, installation, OF_NAMES, advise, repair)
