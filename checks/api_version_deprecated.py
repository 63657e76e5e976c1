"""An object uses an API version that will go away.

## What it means
A warning: the version still works, and the message says from which Kubernetes on it will not.

## What it does not mean
That anything fails now.

## What will not help
- restarting whoever prints it: the object or client is what is old.

## How it comes about
A manifest or a client older than the cluster.

## How to make sure
The warning itself names the version to use instead.

## Source
k8s.io/apiserver pkg/endpoints/deprecation (sent as a Warning header, printed by client-go's warnings.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.H,
    cls=Class.BENIGN,
    says=(Says("VersionDeprecated"),),
)
def api_version_deprecated() -> Iterator[NotApplicable]:
    yield ONLY_SAID
