"""What a label selector takes, as apimachinery has it (pkg/apis/meta/v1/helpers.go, pkg/labels/selector.go)."""

from __future__ import annotations

from collections.abc import Mapping

from msdoctor.facts.objects import LabelRequirement, LabelSelector


def selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Whether a selector takes something of these labels; an empty one takes everything."""
    return selector.match_labels.items() <= labels.items() and all(
        _meets(labels, one) for one in selector.match_expressions
    )


def _meets(labels: Mapping[str, str], one: LabelRequirement) -> bool:
    """Whether one requirement is met; NotIn also is where the label is absent."""
    match one.operator:
        case "In":
            return one.key in labels and labels[one.key] in one.values
        case "NotIn":
            return labels.get(one.key) not in one.values
        case "Exists":
            return one.key in labels
        case "DoesNotExist":
            return one.key not in labels
        case _:
            return False
