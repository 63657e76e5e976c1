"""What the checks of the custom and the external metrics API share: who asks it, in what words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.other_metrics import OtherMetrics

MOST_HPAS = 3


def askers(one: OtherMetrics) -> str:
    """A sentence about the HPAs that get metrics from it."""
    names = [asker.hpa.key for asker in one.asked_by]
    more = f" and {len(names) - MOST_HPAS} more" if len(names) > MOST_HPAS else ""
    return f" HPA {', '.join(names[:MOST_HPAS])}{more} asks there." if names else " No HPA asks there."


def told(one: OtherMetrics) -> Iterator[Evidence]:
    """What those HPAs say."""
    for asker in one.asked_by[:MOST_HPAS]:
        hpa, said = asker.hpa, asker.said
        yield Evidence(
            saw=said.message if said else "it gets metrics from this API",
            where=f"HPA {hpa.key}, condition {said.type}" if said else f"HPA {hpa.key}",
            how=f"kubectl -n {hpa.metadata.namespace} describe hpa {hpa.metadata.name}",
            at=said.last_transition_time if said else None,
        )
