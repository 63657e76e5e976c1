"""metrics-server's own pod and its rights: what it starves of, where it may not run, and whether it is there at all."""

from __future__ import annotations

_GAP = r"[^.;]{0,80}?"
_SHORT = r"[^.;]{0,40}?"
_MS = r"\bmetrics?[ _-]?servers?\b"
_MISSING = (
    r"\b(?:no|not|missing|miss(?:es|ed)|lack(?:s|ed|ing)?|without|need(?:s|ed|ing)?|requires?|absent|add(?:ed|ing)?)\b"
)
_STARVED = (
    r"\b(?:OOM(?:ed)?|OOM[- ]?kill\w{0,3}|out of memory|starv(?:ed|es|ing)|under-?provisioned|throttl(?:ed|ing))\b"
)
_RESOURCES = r"\b(?:memory|CPUs?|RAM|resources?|(?:resource )?(?:limits?|requests?))\b"
_NO_PULL = (
    r"\b(?:trying to|can(?:no|')?t|cannot|could(?: not|n't)|unable to|fail(?:s|ed|ing)? to|not able to|not|n't) "
    r"(?:be )?"
    r"pull(?:ed)?\b"
)
_UNLIKE = r"\b(?:mismatch\w{0,3}|differ\w{0,4}|wrong|not the same|(?:does not|doesn't|not) match)\b"
_CLASH = r"\b(?:conflict(?:s|ing)?|clash(?:es|ing)?|already (?:in use|used|taken)|in use)\b"
_HOST = r"\bhost ?network\w{0,3}\b"

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "it is starved",
        (
            rf"{_MS}{_GAP}{_STARVED}",
            rf"{_STARVED}{_GAP}{_MS}",
            rf"{_MS}{_GAP}\b(?:OOM killer|(?:more|higher|insufficient|not enough|too little|too low) {_RESOURCES})",
            rf"{_MS}{_GAP}{_RESOURCES}{_SHORT}\btoo (?:low|small|little|tight)\b",
            rf"\b(?:increas|rais|bump)\w{{1,3}}\b{_SHORT}{_RESOURCES}{_GAP}{_MS}",
            rf"{_MS}{_SHORT}\b(?:increas|rais|bump)\w{{1,3}}\b{_SHORT}{_RESOURCES}",
            rf"\btime-?outs?\b{_SHORT}\b(?:liveness|readiness)\b",
            rf"\b(?:liveness|readiness)\b{_SHORT}\b(?:probes?{_SHORT}\btime-?outs?|timeoutSeconds|timed out)\b",
        ),
        ("metric", "liveness", "readiness"),
    ),
    (
        "its port is a kubelet's",
        (rf"{_HOST}[^;]{{0,120}}{_CLASH}", rf"{_CLASH}[^;]{{0,120}}{_HOST}"),
        ("host",),
    ),
    (
        "nobody lets it run",
        (
            rf"\b(?:pod ?security ?polic(?:y|ies)|PSPs?)\b{_GAP}{_MS}",
            rf"{_MS}{_GAP}\b(?:pod ?security ?polic(?:y|ies)|PSPs?)\b",
            rf"{_MS}{_GAP}\b(?:scaled? (?:down )?to (?:0|zero)|(?:0|zero) replicas)\b",
            rf"\bscal(?:ed?|ing) (?:down )?{_SHORT}{_MS}{_SHORT}\bto (?:0|zero)\b",
        ),
        ("metric",),
    ),
    (
        "the nodes are tainted",
        (
            rf"{_MS}{_GAP}\b(?:taints?|tainted|tolerat\w{{1,5}})\b",
            rf"\b(?:taints?|tainted)\b{_GAP}{_MS}",
        ),
        ("metric",),
    ),
    (
        "a node cannot run its image",
        (
            (
                rf"{_MS}{_GAP}\b(?:on|for|support\w{{0,3}}) (?:an? |the |my )?(?:arm(?:64|v7|hf)?|aarch64|raspberry"
                r"(?: pi)?s?"
                r"|s390x|ppc64le|windows nodes?|windows workers?)\b"
            ),
            rf"{_MS}{_GAP}\bwrong architecture\b",
            rf"\bexec format error\b{_GAP}{_MS}",
        ),
        ("metric",),
    ),
    (
        "its image cannot be pulled",
        (
            rf"{_NO_PULL}{_GAP}{_MS}",
            rf"{_MS}{_GAP}{_NO_PULL}",
            (
                r"\b(?:k8s\.gcr\.io|gcr\.io|registry\.k8s\.io)(?![\w/])[^.;]{0,60}\b(?:blocked|inaccessible"
                r"|unreachable|not (?:be )?(?:accessible|reachable|reached|available))"
            ),
            rf"{_MS}{_GAP}\bimages?\b{_SHORT}\b(?:does(?: not|n't) exist|not found|not available|unavailable)\b",
        ),
        ("metric", "gcr.io", "registry.k8s.io"),
    ),
    (
        "it may not read the authentication's ConfigMap",
        (
            (
                r"\b(?:can(?:no|')?t|cannot|(?:not |be )?able to|permissions? to|rights? to|not allowed to|forbidden"
                r" to)"
                rf" (?:read|get|list|watch)\b{_SHORT}\bconfig ?maps?\b"
            ),
            rf"{_MISSING}{_SHORT}\b(?:extension-apiserver-authentication|metrics-server-auth)-reader\b",
            rf"\b(?:extension-apiserver-authentication|metrics-server-auth)-reader\b{_SHORT}{_MISSING}",
        ),
        ("config", "-reader"),
    ),
    (
        "it may not ask who a caller is",
        (
            rf"{_MISSING}{_GAP}(?:\bauth-delegator\b|\b(?:subject ?access|token) ?reviews?\b)",
            rf"(?:\bauth-delegator\b|\b(?:subject ?access|token) ?reviews?\b){_SHORT}{_MISSING}",
        ),
        ("auth-delegator", "review"),
    ),
    (
        "it listens where its Service does not send",
        (
            rf"\b(?:secure-port|container ?port|target ?port)\b{_GAP}{_UNLIKE}",
            rf"{_UNLIKE}{_SHORT}\b(?:secure-port|container ?port|target ?port)\b",
        ),
        ("port",),
    ),
    (
        "its token is stale",
        (
            r"\bstale[- ]tokens?\b",
            r"(?<!bootstrap )(?<!join )\btokens?\b[^.;]{0,30}\b(?:past their life|past its life|stale)\b",
            r"\b(?:service ?account|projected|bound|mounted) tokens?\b[^.;]{0,30}\bexpired?\b",
            r"\bexpired (?:service ?account |projected |bound |mounted )?tokens?\b",
            rf"\bnot (?:re-?read|refresh|re-?load)(?:ing|s|ed)?\b{_SHORT}\btokens?\b",
        ),
        ("token",),
    ),
    (
        "it is not there",
        (
            (
                r"\b(?:missing|lacks|no) (?:an? |the )?(?:kubernetes |running )?metrics?[ _-]servers?(?! pod| log|"
                r" error)\b"
            ),
            (
                rf"{_MS}[^.;]{{0,30}}(?:\bnot|n't|\bnever) (?:\w{{1,12}} )?(?:been )?(?:installed|deployed|enabled"
                r"|present)\b"
            ),
            rf"{_MS} (?:is )?(?:not|n't) available\b",
            rf"\b(?:install|deploy|enabl)(?:ed|ing)\b{_SHORT}{_MS}{_SHORT}\b(?:solved|fixed|helped|resolved|worked)\b",
            rf"\b(?:forgot|have|had|need(?:s|ed)?) to (?:install|deploy|enable)\b{_SHORT}{_MS}",
            r"--?horizontal-pod-autoscaler-use-rest-clients\b[^;]{0,80}\bfalse\b",
        ),
        ("metric", "horizontal-pod-autoscaler-use-rest-clients"),
    ),
    (
        "it checks no kubelet",
        (
            (
                r"--kubelet-insecure-tls\b[^;]{0,120}\b(?:bypass\w{0,4}|insecure(?!-)|unsafe|risks?|in production"
                r"|attacks?"
                r"|security|avoid(?:ed)?|discouraged|not recommended|should(?: not|n't))\b"
            ),
            r"\b(?:do not|don't|should not|shouldn't|avoid|never|without) (?:\w{1,12} ){0,2}--kubelet-insecure-tls\b",
        ),
        ("--kubelet-insecure-tls",),
    ),
    (
        "its own certificate has ended",
        (rf"{_MS}(?:'s)? (?:own |serving |TLS ){{0,2}}cert(?:ificate)?s?\b{_SHORT}\bexpired\b",),
        ("metric",),
    ),
)
