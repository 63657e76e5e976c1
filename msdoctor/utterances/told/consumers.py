"""Who asks for figures: HPAs and what they scale, adapters, KEDA, kubectl, and users who may not read."""

from __future__ import annotations

_GAP = r"[^.;]{0,80}?"
_SHORT = r"[^.;]{0,40}?"
_HPA = r"(?<![A-Za-z])(?:HPAs?|horizontal[ _]?pod[ _]?autoscalers?)(?![A-Za-z])"
_LACKS = (
    r"(?:\b(?:no|not|missing|miss(?:es|ed)?|lack(?:s|ed|ing)?|without|absent|never)\b"
    r"|n't (?:set|define|specify|have|declare|contain|include)\b)"
)
_REQUESTS = r"\b(?:(?:cpu|memory|resources?)(?: |\.))?requests?\b(?! (?:for|to|was|failed|timed))"
_RESOURCE_REQUESTS = r"\b(?:cpu|memory|resources?)(?: |\.|/)(?:and memory )?requests?\b"
_SIDECAR = r"\b(?:side-?cars?|istio-proxy|istio|envoy|dapr|linkerd|injected (?:containers?|prox(?:y|ies)))\b"
_OTHER = r"_?(?:default|different|other|another|wrong|own)_?[`'\"]{0,2} namespaces?\b"
_BETA = r"\bv\d(?:alpha|beta)\d\b"

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "a sidecar requests nothing",
        (
            rf"{_SIDECAR}{_GAP}{_LACKS}{_SHORT}{_REQUESTS}",
            rf"{_LACKS}{_SHORT}{_REQUESTS}{_GAP}{_SIDECAR}",
            rf"{_SIDECAR}{_GAP}{_REQUESTS}{_SHORT}{_LACKS}",
            (
                rf"{_HPA}[^;]{{0,120}}\bno (?:cpu|memory) (?:is )?request(?:s|ed) (?:for|by) (?:one|some) of the"
                r" containers"
                r"(?: in| within| of)\b"
            ),
        ),
        ("request",),
    ),
    (
        "nothing is requested",
        (
            rf"{_LACKS} (?:\w{{1,12}} ){{0,2}}{_RESOURCE_REQUESTS}",
            rf"{_RESOURCE_REQUESTS}{_SHORT}\b(?:missing|not (?:set|defined|specified|given|declared)|absent|unset)\b",
            rf"{_HPA}{_GAP}\b(?:needs?|requires?)\b{_SHORT}\bresources?[ .]requests?\b",
        ),
        ("request",),
    ),
    (
        "an HPA takes in pods of others",
        (
            rf"\boverlap(?:s|ped|ping)?\b{_SHORT}\b(?:selectors?|labels?)\b",
            (
                rf"\b(?:selectors?|labels?)\b{_GAP}\b(?:overlap(?:s|ped|ping)?|also match(?:es|ed)?|also select(?:s"
                r"|ed)?"
                r"|match(?:es|ed|ing)? (?:other|unrelated|more|both))\b"
            ),
            r"\bselectors?\b[^.;]{0,20}\bincludes?\b[^.;]{0,40}\bpods?\b",
            rf"{_HPA}{_GAP}\b(?:unrelated|another deployment's|(?:other|wrong|more) pods\b)",
            rf"\bpods? {_SHORT}\bincluded too\b{_SHORT}\bselector\b",
            (
                rf"{_HPA}[^;]{{0,120}}\brequests?\b{_SHORT}\b(?:clearly|even though|although)\b{_SHORT}\b(?:requested"
                r"|requests?|set|defined)\b"
            ),
            rf"\b(?:averag|comput)\w{{1,3}}\b{_SHORT}\b{_HPA}{_GAP}\b(?:completed|metrics|other) pods?\b",
        ),
        ("selector", "label", "hpa", "autoscaler"),
    ),
    (
        "two HPAs scale one workload",
        (
            rf"\b(?:two|both|several|multiple|2)\b[^.;]{{0,20}}{_HPA}{_GAP}\bsame\b",
            rf"{_HPA}(?: [AB12])?_?\b{_SHORT}\b(?:point|target|scale|refer)(?:s|ed|ing)?\b[^.;]{{0,20}}\bsame\b",
            r"\bambiguous ?selectors?\b",
        ),
        ("hpa", "autoscaler", "ambiguous"),
    ),
    (
        "an HPA is in another namespace",
        (
            rf"{_HPA}[^;]{{0,100}}?\b{_OTHER}",
            rf"{_HPA}{_GAP}\b(?:missing|no|without|lacks)\b[^.;]{{0,20}}\bnamespace\b",
            rf"\b(?:missing|no|without)\b[^.;]{{0,20}}\bnamespace\b{_GAP}{_HPA}",
            rf"\bnamespaces?\b{_SHORT}\b{_HPA}{_SHORT}\b(?:differ|not (?:the same|coincide|match))\w{{0,3}}\b",
        ),
        ("namespace",),
    ),
    (
        "an HPA names its target by another API",
        (
            r"\bscale_?target_?ref\b[^;]{0,80}\b(?:extensions/v1beta1|apps/v1beta\d|wrong|api_?version)\b",
            r"\b(?:wrong|missing|old|no) api_?version\b[^;]{0,40}\bscale_?target_?ref\b",
            rf"{_HPA}[^;]{{0,40}}\btarget(?:s|ing|ed)?\b[^;]{{0,30}}\b(?:extensions/v1beta1|apps/v1beta\d)\b",
        ),
        ("target",),
    ),
    (
        "a scale has no selector",
        (
            rf"{_LACKS}{_SHORT}\blabelSelectorPath\b",
            rf"\blabelSelectorPath\b{_SHORT}{_LACKS}",
            rf"/scale\b{_GAP}{_LACKS}{_SHORT}\bselector\b",
            rf"\bselector\b[^;]{{0,60}}/scale\b[^;]{{0,60}}{_LACKS}",
            r"\bstatus\.selector\b[^;]{0,60}/scale\b",
        ),
        ("labelselectorpath", "/scale"),
    ),
    (
        "what an HPA scales is gone",
        (
            (
                rf"{_HPA}{_GAP}\b(?:deployments?|statefulsets?|targets?)\b{_SHORT}"
                r"\b(?:not (?:found|exist)|(?:was|were|been|is|are) (?:deleted|renamed|removed))\b"
            ),
            rf"{_HPA}{_GAP}\b(?:deployments?|statefulsets?|targets?)\b{_SHORT}n't exist\b",
        ),
        ("hpa", "autoscaler"),
    ),
    (
        "KEDA's kinds are not there",
        (
            rf"\bKEDA\b{_GAP}\b(?:CRDs?|custom resources?(?: definitions?)?)\b{_SHORT}(?:{_LACKS}|\bfail\w{{0,3}}\b)",
            rf"\b(?:CRDs?|custom resources?(?: definitions?)?)\b{_GAP}{_LACKS}{_GAP}\bKEDA\b",
            rf"{_LACKS}{_SHORT}\bCRDs?\b{_SHORT}\bKEDA\b",
        ),
        ("keda",),
    ),
    (
        "a version of an API was removed",
        (
            (
                rf"{_BETA}[^;]{{0,40}}\b(?:no longer (?:served|supported|available)|(?:was|were|been|is|are|be|got) "
                r"(?:removed|disabled|dropped))\b"
            ),
        ),
        ("alpha", "beta"),
    ),
    (
        "a version of an API is old",
        (rf"{_BETA}[^;]{{0,40}}\bdeprecated\b",),
        ("alpha", "beta"),
    ),
    (
        "the adapter asks for labels of old",
        (
            r"\b(?:container_name|pod_name)\b[^;]{0,60}\b(?:deprecated|removed|renamed|no longer|dropped)\b",
            (
                rf"\badapter\b[^;]{{0,60}}\b(?:quer(?:y|ies)|labels?|rules?)\b{_SHORT}\b(?:wrong|mismatch\w{{0,3}}"
                r"|outdated|not match)\b"
            ),
            r"\badapter\b[^;]{0,20}\bupdate PromQL\b",
            r"\b(?:wrong|outdated)\b[^;]{0,20}\bPromQL\b",
            r"\binstance\b[^;]{0,20}\bnode\b[^;]{0,10}\blabel\b[^.;]{0,20}\b(?:confusion|mismatch|wrong)\b",
        ),
        ("_name", "adapter", "promql", "instance"),
    ),
    (
        "another pipeline is scraped",
        (
            rf"\bservice ?monitors?\b{_GAP}(?:\b(?:403|404|forbidden|wrong|fail\w{{0,4}}|missing|errors?)\b|{_LACKS})",
            rf"\b(?:403|404|forbidden|wrong|fail\w{{0,4}}|missing|errors?)\b{_GAP}\bservice ?monitors?\b",
        ),
        ("monitor",),
    ),
    (
        "a user may not read figures",
        (
            (
                rf"\b(?:users?|members?|developers?|service ?accounts?)\b{_SHORT}{_LACKS}{_SHORT}"
                r"\b(?:read|access|permissions?|rights?)\b[^;]{0,40}(?:\bmetrics\b|\bnodemetrics\b|\bkubectl top\b)"
            ),
            r"\b(?:allow|grant|giv|let)\w{0,3}\b[^;]{0,30}\b(?:access to|read) (?:the )?metrics\b",
            (
                r"\b(?:restrict(?:ed|s)?|den(?:y|ies|ied)|block(?:s|ed)?|forbids?)\b[^;]{0,20}\baccess to (?:the"
                r" )?metrics\b"
            ),
            r"\bnot given permissions? to read\b[^;]{0,40}metrics\b",
        ),
        ("metrics", "top"),
    ),
    (
        "kubectl is old",
        (
            r"\bkubectl top\b[^;]{0,40}\b(?:needs?|requires?)\b[^;]{0,20}\bversions?\b",
            r"\b(?:old|older|outdated) (?:version of |release of )?kubectl\b",
            r"\bkubectl(?: client)?(?:'s)? (?:version )?(?:is|was) (?:too |very )?(?:old|outdated)\b",
            r"\b(?:upgrad|updat)(?:ed|ing) (?:my |the |your )?kubectl\b",
        ),
        ("kubectl",),
    ),
    (
        "the custom metrics are empty",
        (rf"\b(?:custom|external) metrics?\b{_GAP}\b(?:empty|no (?:series|samples|values))\b",),
        ("metric",),
    ),
)
