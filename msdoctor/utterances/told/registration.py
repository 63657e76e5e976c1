"""APIServices: what was left of one, who else claims it, and what made the API server find a way to its Service."""

from __future__ import annotations

_GAP = r"[^.;]{0,80}?"
_SHORT = r"[^.;]{0,40}?"
_MS = r"\bmetrics?[ _-]?servers?\b"
_APISERVICE = r"(?:\bAPI ?services?\b|\bv\d(?:alpha|beta)?\d?\.(?:custom\.|external\.)?metrics\.k8s\.io\b)"
_DISCOVERY = rf"(?:{_APISERVICE}|\bapi-resources\b|\bAPI discovery\b|\bnamespaces?\b)"
_REMOVING = (
    r"\b(?:after|when|once|by|upon|on)\b[^.;]{0,20}\b(?:(?:delet|uninstall|remov|disabl)(?:e|es|ed|ing|s)?"
    r"|deletion|removal|uninstallation)\b"
)
_CLASH = r"\b(?:conflict(?:s|ed|ing)?|clash(?:es|ed|ing)?|overwrit(?:es?|ten|ing)|collid(?:es?|ing)|collisions?)\b"
_HEALED = r"\b(?:solve[sd]?|fix(?:e[sd])?|help(?:s|ed)?|works?|worked|resolve[sd]?|did the trick)\b"
_WAY = r"(?:--enable-aggregator-routing(?:=true)?|\bhost ?network(?:ing)?(?:[:=] ?true)?)"

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "an APIService was left",
        (
            rf"{_DISCOVERY}[^;]{{0,60}}?{_REMOVING}[^.;]{{0,30}}(?:{_MS}|\badapters?\b|\bKEDA\b|\baddons?\b)",
            rf"{_REMOVING}[^.;]{{0,30}}(?:{_MS}|\badapters?\b|\bKEDA\b|\baddons?\b){_GAP}{_DISCOVERY}",
            rf"\b(?:leav(?:es?|ing)|left) behind\b{_SHORT}\bAPI ?(?:services?|servers?)\b",
            rf"\b(?:leav(?:es?|ing)|left)\b{_SHORT}\bAPI ?services?\b{_SHORT}\bbehind\b",
            r"\bleaving behind an unavailable API\b",
            rf"\b(?:orphan(?:ed)?|stale|dangling|left-?over)\b[^.;]{{0,20}}{_APISERVICE}",
            (
                rf"\bAPI ?services?\b{_GAP}\b(?:(?:was|were) (?:just )?(?:deleted|removed|uninstalled)|no longer"
                r" exists?)\b"
            ),
            rf"\balready (?:deleted|uninstalled|removed)\b[^.;]{{0,20}}(?:{_MS}|\badapters?\b)",
        ),
        ("metric", "adapter", "keda", "addon", "behind", "orphan", "stale", "dangling", "left", "api"),
    ),
    (
        "two claim one APIService",
        (
            rf"{_CLASH}{_GAP}{_APISERVICE}",
            rf"{_APISERVICE}{_GAP}(?:{_CLASH}|\bowned by\b|\bownership\b|\bcreated by both\b)",
            rf"\bsame {_SHORT}\bAPI ?service\b",
            rf"{_CLASH}{_SHORT}\b(?:prometheus|adapter)\b{_SHORT}{_MS}",
            rf"{_MS}{_SHORT}\b(?:prometheus|adapter)\b{_SHORT}{_CLASH}",
        ),
        ("api", "metric"),
    ),
    (
        "two adapters serve one API",
        (
            rf"\b(?:more than (?:a single|one)|two|both|several|multiple|another)\b{_SHORT}\b(?:metrics? )?adapters?\b",
            rf"\b(?:custom|external)\.metrics\.k8s\.io\b[^;]{{0,60}}{_CLASH}",
            rf"{_CLASH}[^;]{{0,60}}\b(?:custom|external)\.metrics\.k8s\.io\b",
            rf"\bKEDA\b[^;]{{0,60}}{_CLASH}[^;]{{0,60}}\badapter\b",
        ),
        ("adapter", "metrics.k8s.io"),
    ),
    (
        "nobody checks its certificate",
        (
            (
                r"\binsecure_?skip_?tls_?verify\b[^;]{0,160}\b(?:bypass\w{0,4}|insecure|unsafe|risks?|in production"
                r"|attacks?"
                r"|secured?|security|avoid(?:ed)?|discouraged|not recommended|should(?: not|n't))\b"
            ),
        ),
        ("insecure",),
    ),
    (
        "another way to the Service healed it",
        (
            rf"\b(?:add|set|enabl)(?:ed|ing|ting)?\b{_SHORT}{_WAY}",
            rf"{_WAY}{_GAP}{_HEALED}",
        ),
        ("--enable-aggregator-routing", "host"),
    ),
)
