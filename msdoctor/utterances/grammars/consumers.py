"""What those say who ask for metrics: kubectl, the HPA controller, the VPA recommender."""

from __future__ import annotations

from msdoctor.utterances import errors
from msdoctor.utterances.grammar import Grammar, says

GRAMMARS: tuple[Grammar, ...] = (
    # kubectl pkg/cmd/top, apimachinery pkg/api/errors, kubelet pkg/probe/http, controller podautoscaler/metrics
    Grammar("Metrics API not available", r"Metrics API not available", says(errors.MetricsAPINotAvailable())),
    Grammar("metrics not available yet", r"metrics not available yet", says(errors.MetricsNotAvailableYet())),
    Grammar(
        "etrics not available for pod ",
        r"etrics not available for pod ([^\s,]{1,510})(?:, age: \S{1,40})?",
        lambda match: errors.NoPodMetrics(match[1]),
    ),
    Grammar(
        "no metrics returned from resource metrics API",
        r"no metrics returned from resource metrics API",
        says(errors.NoPodMetrics()),
    ),
)
