"""Lines of a start that goes well, and lines that look like trouble and are none.

Sources: apiserver pkg/server/options/serving.go, pkg/server/secure_serving.go, pkg/server/dynamiccertificates, and
client-go tools/cache/shared_informer.go (plain text to 0.35, ``"Caches are synced" controller=…`` after).
"""

from __future__ import annotations

from msdoctor.utterances import errors
from msdoctor.utterances.records import Record

_STEPS = (
    ("Serving securely on ", "serving"),
    ("Generated self-signed cert", "self-signed certificate"),
    ("Starting RequestHeaderAuthRequestController", "request header controller"),
    ("Starting DynamicServingCertificateController", "serving certificate controller"),
    ("Starting controller", "controller"),
    ("Waiting for caches to sync", "waiting for caches"),
    ("Waiting for caches", "waiting for caches"),
    ("Caches are synced", "caches synced"),
)

# What the API server prints in its place: kube-aggregator pkg/controllers/cache.go, and the ports of its own.
_API_SERVERS = ("cache.go:", "apf_controller.go:")
# and those of the controller managers and the scheduler
_OTHERS_PORTS = (":6443", ":6444", ":16443", ":10257", ":10258", ":10259")
# Every component has its caches and controllers. These are how an API server is to know its callers, from the ConfigMap
# and not from files, and what it serves with.
_ITS_CONTROLLERS = ("RequestHeaderAuthRequestController", "client-ca::", "serving-cert::")

# from 0.33 with "Warning: the …", at the level of information
_NOISE = (("he sharedIndexInformer has started, run more than once is not allowed", "informer-run-twice"),)

WORDINGS = tuple(wording for wording, _ in (*_STEPS, *_NOISE))
"""Texts without which no line is a milestone."""


def milestone(record: Record) -> errors.Started | errors.Noise | None:
    """The step that a record tells of, if it is a log line and tells of one."""
    if not record.source:
        return None
    if record.source.startswith(_API_SERVERS) or record.message.endswith(_OTHERS_PORTS):
        return None
    if record.severity == "I":
        started = next((errors.Started(what) for wording, what in _STEPS if record.message.startswith(wording)), None)
        if started is not None:
            return started if _controller(record).startswith(_ITS_CONTROLLERS) else None
    return next((errors.Noise(what) for wording, what in _NOISE if wording in record.message), None)


def _controller(record: Record) -> str:
    """Whose caches or start a record tells of; one of its own where it does not say."""
    named = record.fields.get("controller") or record.fields.get("name") or record.message.partition(" for ")[2]
    return named or _ITS_CONTROLLERS[0]
