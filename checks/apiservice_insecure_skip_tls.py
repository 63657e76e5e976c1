"""The API server does not verify metrics-server's certificate (insecureSkipTLSVerify).

## What it means
The aggregator forwards requests, and with them the names of their users, to whatever answers at metrics-server's
address. metrics-server's own manifest and chart are set so, and everything works; it is a note, and does not change
the verdict.

## What it does not mean
That anything is broken, or that somebody weakened this cluster.

## What will not help
- setting it to false alone: metrics-server's self-signed certificate is for `localhost`, so the APIService would
  become unavailable. It needs a certificate for the Service's name and the `caBundle` that verifies it.

## How it comes about
It is upstream's default.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o yaml`.

## Source
metrics-server manifests/base/apiservice.yaml; kube-aggregator pkg/apis/apiregistration/types.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Evidence, Finding, Hop, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import APIService


@check(
    hop=Hop.C,
    cls=Class.RISK,
)
def apiservice_insecure_skip_tls(apiservices: tuple[APIService, ...]) -> Iterator[Finding]:
    for item in apiservices:
        if item.spec.service and item.spec.insecure_skip_tls_verify:
            yield Finding(
                summary="The API server does not verify metrics-server's certificate; upstream's manifest is set so.",
                subjects=(f"apiservice/{item.metadata.name}",),
                evidence=(
                    Evidence(
                        saw="insecureSkipTLSVerify: true",
                        where=f"APIService {item.metadata.name}",
                        how=f"kubectl get apiservice {item.metadata.name} -o yaml",
                    ),
                ),
                effects=(),
            )
