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
_ITS_PORTS = (":6443", ":6444", ":16443")

# from 0.33 with "Warning: the …", at the level of information
_NOISE = (("he sharedIndexInformer has started, run more than once is not allowed", "informer-run-twice"),)

WORDINGS = tuple(wording for wording, _ in (*_STEPS, *_NOISE))
"""Texts without which no line is a milestone."""


def milestone(record: Record) -> errors.Started | errors.Noise | None:
    """The step that a record tells of, if it is a log line and tells of one."""
    if not record.source:
        return None
    if record.source.startswith(_API_SERVERS) or record.message.endswith(_ITS_PORTS):
        return None
    if record.severity == "I":
        started = next((errors.Started(what) for wording, what in _STEPS if record.message.startswith(wording)), None)
        if started is not None:
            return started
    return next((errors.Noise(what) for wording, what in _NOISE if wording in record.message), None)
