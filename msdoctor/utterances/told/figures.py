"""The figures that kubelets have to give: which are not there, which are wrong, and what a node keeps them from."""

from __future__ import annotations

_GAP = r"[^.;]{0,80}?"
_SHORT = r"[^.;]{0,40}?"
_NOT = (
    r"(?:\b(?:no|not|never|without|missing|miss|cannot|zero|0|empty|fail(?:s|ed|ing)?|regression|broken|wrong)\b|n't\b)"
)
_PODS = r"\b(?:pods?|containers?)(?:'s?)?"
_FIGURES = r"\b(?:metrics|stats|figures|usage)\b"

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "cgroup v2 is not read",
        (
            rf"\bcgroups?[ -]?v2\b[^;]{{0,80}}?{_NOT}",
            rf"{_NOT}[^;]{{0,60}}?\bcgroups?[ -]?v2\b",
            r"\bunified cgroup hierarchy\b",
            r"\bcgroups?[ -]?v2\b[^;]{0,40}\b(?:unsupported|support)\b",
        ),
        ("cgroup",),
    ),
    (
        "a kubelet looks too rarely",
        (
            r"\bhousekeeping[- ]interval\b",
            r"\bhousekeeping\b[^.;]{0,40}\b(?:seconds|minutes|rare\w{0,2}|slow\w{0,2})\b",
        ),
        ("housekeeping",),
    ),
    (
        "a node can watch no more files",
        (
            (
                rf"\b(?:inotify|max_user_(?:instances|watches))\b{_SHORT}\b(?:limits?|increas\w{{1,3}}|rais\w{{1,3}}"
                rf"|exhaust\w{{0,3}}|too (?:low|few|small|many)|reached)\b"
            ),
            (
                rf"\b(?:limits?|increas\w{{1,3}}|rais\w{{1,3}}|exhaust\w{{0,3}}|too (?:low|few|many))\b{_SHORT}(?:"
                r"\binotify|max_user_(?:instances|watches))\b"
            ),
        ),
        ("inotify", "max_user_"),
    ),
    (
        "a counter went back",
        (
            r"\bnegative (?:CPU|usage|values? for CPU)\b",
            rf"\bCPU\b{_SHORT}\b(?:negative|went back|(?:has )?decreas(?:e|es|ed|ing))\b",
        ),
        ("negative", "cpu"),
    ),
    (
        "nodes have figures and pods have none",
        (
            (
                rf"\btop nodes?\b{_SHORT}\b(?:works?|working|fine|ok)\b[^;]{{0,60}}?\btop pods?\b{_SHORT}(?:{_NOT}|"
                r"\berror)"
            ),
            (
                rf"\btop pods?\b{_SHORT}(?:{_NOT}|\berror)[^;]{{0,60}}?\btop nodes?\b{_SHORT}\b(?:works?|working|fine"
                r"|ok)\b"
            ),
            (
                rf"(?:\bnot|n't|\bno) (?:\w{{1,12}} )?{_FIGURES} (?:for|of) (?:all |some |any |these |my |the )?"
                r"(?:pods|containers)\b"
            ),
            rf"\bmissing {_PODS} {_FIGURES}",
            (
                rf"{_PODS} {_FIGURES}[^.;]{{0,20}}\b(?:(?:is|are) )?(?:missing|not working|not (?:shown|returned"
                r"|reported))\b"
            ),
            rf"{_FIGURES}{_SHORT}\bmissing (?:\w{{1,12}} ){{0,2}}labels?\b{_SHORT}\b(?:container|image|pod)\b",
        ),
        ("top ", "pod", "container", "label"),
    ),
    (
        "a start time is null",
        (rf"\bstart ?time\b{_SHORT}\b(?:null|nil|none)\b", r"\b(?:null|nil|none|no)\b[^.;]{0,15}\bstart ?time\b"),
        ("start",),
    ),
    (
        "a timestamp is amiss",
        (
            r"\b(?:negative|invalid|bad|malformed)\b[^.;]{0,25}\btimestamps?\b",
            r"\btimestamps?\b[^.;]{0,30}\b(?:negative|invalid|unparsable|(?:not|n't) (?:be )?pars\w{1,4})\b",
        ),
        ("timestamp",),
    ),
    (
        "Windows gives no figures",
        (
            (
                rf"\bwindows (?:\w{{1,12}} )?(?:nodes?|kubelets?|containers?|pods?|workers?)\b{_SHORT}{_NOT}{_SHORT}"
                rf"{_FIGURES}"
            ),
            (
                rf"{_NOT}{_SHORT}{_FIGURES}{_SHORT}\bwindows (?:\w{{1,12}} )?(?:nodes?|kubelets?|containers?|pods?"
                r"|workers?)\b"
            ),
            rf"\bwindows\b{_SHORT}(?<!\w)/?stats/summary\b{_SHORT}(?:{_NOT}|\b500\b)",
        ),
        ("windows",),
    ),
    (
        "a kubelet has no such endpoint",
        (
            r"/metrics/resource\b[^;]{0,60}\b(?:404|not (?:found|served|supported|exist|available|implemented))\b",
            (
                r"/metrics/resource\b[^;]{0,40}\b(?:(?:is )?(?:only )?(?:available|served) (?:from|since|in)|does(?:"
                r" not|n't))\b"
            ),
            r"\b(?:no|without|lack(?:s|ing)?) (?:\w{1,12} )?/metrics/resource\b",
        ),
        ("/metrics/resource",),
    ),
)
