"""What a node's name tells of its machine.

Sources: AWS EC2 "Instance hostname types" (``ip-10-0-0-1.REGION.compute.internal``, ``i-0123….``) and EKS' Fargate
nodes (``fargate-ip-…``); GKE (``gke-CLUSTER-POOL-HASH-xxxx``) and AKS (``aks-POOL-HASH-vmssxxxxxx``, for Windows
``aksPOOLxxxxxx``), whose node groups make and delete machines; aks-engine pkg/api (Windows machines: five digits of a
hash, ``k8s``, and the pool's number); Docker Desktop, minikube, kind, k3d, Colima, Rancher Desktop: a cluster in one
machine.
"""

from __future__ import annotations

import re

KINDS = (
    ("fargate", r"fargate-[\w.-]{1,250}"),
    (
        "windows",
        r"\d{4,5}k8s\d{3,4}|aks[a-z]{0,5}win[\w.-]{1,60}|(?:[\w.-]{1,60}[-.])?win(?:dows)?(?:[-.\d][\w.-]{0,60})?",
    ),
    ("cloud", r"ip-\d{1,3}(?:-\d{1,3}){3}(?:\.[\w.-]{1,200})?|i-[0-9a-f]{8,17}(?:\.[\w.-]{1,200})?"),
    ("cloud", r"[\w.-]{1,200}\.(?:compute|ec2)\.internal|gke-[\w-]{1,60}-[0-9a-z]{4}|aks-\w{1,12}-\d{8}-vmss\w{6}"),
    (
        "local",
        r"docker-(?:for-)?desktop|minikube(?:-m\d{2})?|colima|(?:lima-)?rancher-desktop|orbstack|desktop-worker\d?",
    ),
    ("local", r"k3d-[\w-]{1,60}|[\w-]{1,60}-control-plane"),
)
"""The kinds of name, and their patterns, the first that fits first."""


def kind_of(name: str) -> str:
    """The kind of a node by its name; empty for one that tells nothing."""
    return next((kind for kind, pattern in KINDS if re.fullmatch(pattern, name)), "") if name else ""
