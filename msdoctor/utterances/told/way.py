"""The way from the API server to metrics-server: networks, proxies, certificates, and what the API server is told."""

from __future__ import annotations

_GAP = r"[^.;。；]{0,80}?"
_API_SERVER = r"(?:control[ -]?planes?|masters?(?: nodes?)?|controllers?|(?:kube-?)?api[ -]?servers?)\b"
_NODES = r"\b(?:worker|node|pod)s?\b"
_CANNOT = (
    r"\b(?:can(?:no|')?t|cannot|can not|could(?: not|n't)|unable to|not able to|(?:is|are|does|do|was|were)(?: not|n't)"
    r"|fails? to|blocked from|only allowed to)\b"
)
_SPEAK = r"(?:be )?(?:reach|connect|access|talk|communicat|ping)"
_LOST = r"\b(?:block(?:s|ed|ing)?|drop(?:s|ped|ping)?|reject(?:s|ed)?|filter(?:s|ed)?|den(?:y|ies|ied))\b"
_SHUT = (
    rf"(?:{_LOST}|\bclosed\b|\b(?:not|isn't|aren't|wasn't|never) (?:\w{{1,12}} )?(?:open(?:ed)?|allowed|permitted)\b)"
)
_AMISS = r"\b(?:mismatch\w{0,3}|wrong|incorrect|differ\w{0,4}|too (?:large|big|high)|larger|bigger|higher)\b"
_TROUBLE = (
    r"\b(?:issues?|errors?|problems?|troubles?|challenges?|fail\w{0,4}|down|crash\w{0,12}|broken|not working"
    r"|doesn't work|disconnect\w{0,6}|lost)\b"
)
_CANNOT_ZH = r"(?:无法|不能|不可|失败|不通|超时|连不上|连接不上|访问不到)"
_NONE = r"(?<!no )(?<!any )(?<!without )(?<!without a )(?<!disabled )(?<!disable )"
_FIREWALL = rf"{_NONE}\b(?:firewalls?|security groups?|NSGs?)\b(?! (?:is|are|was) (?:open|off|disabled|fine|ok))"
_OVERLAY = r"\b(?:VXLAN|Geneve|IP-in-IP|IPinIP|IPIP|overlay(?: network| traffic)?)\b"
_ITS_PORT = r"\b(?:8472|4789|8285|6081)\b"

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "the overlay is shut",
        (
            rf"{_OVERLAY}{_GAP}(?:{_SHUT}|\bbroken\b)",
            rf"{_LOST}{_GAP}{_OVERLAY}",
            rf"\bUDP\b[^.;]{{0,30}}{_ITS_PORT}{_GAP}{_SHUT}",
            rf"{_ITS_PORT}[ /(]{{0,3}}UDP\b{_GAP}{_SHUT}",
            rf"(?:{_SHUT}|\b(?:open|allow|unblock)(?:ed|ing|s)?\b)[^.;]{{0,40}}\bUDP\b[^.;]{{0,20}}{_ITS_PORT}",
            rf"(?:{_SHUT}|\b(?:open|allow|unblock)(?:ed|ing|s)?\b)[^.;]{{0,40}}{_ITS_PORT}[ /(]{{0,3}}UDP\b",
            rf"{_OVERLAY}{_GAP}{_TROUBLE}",
            rf"\b(?:issues?|errors?|problems?|troubles?) (?:was |were |is )?with[^.;]{{0,30}}{_OVERLAY}",
            rf"\b(?:flannel|calico|canal|cilium|CNI)\b[^;]{{0,80}}?\bUDP\b{_GAP}{_SHUT}",
            rf"{_SHUT}[^.;]{{0,40}}\b(?:on|of|by) (?:the )?(?:flannel|VXLAN)\b",
            (
                r"\bpods?\b[^.;]{0,20}\b(?:on|across|of|between) (?:different|other|two) nodes\b"
                rf"[^.;]{{0,30}}{_CANNOT} {_SPEAK}"
            ),
            rf"{_CANNOT} {_SPEAK}[^.;]{{0,40}}\bpods? (?:on|of) (?:different nodes|other nodes|another node)\b",
            # a network card's checksum offload spoils what the other end drops then
            r"\b(?:TCP|tx|UDP)[ -]?offload(?:ing)?\b[^.;]{0,40}(?:vxlan|flannel|geneve|overlay|causing|bug)",
            r"\bchecksum[ -]?offload",
            r"\bethtool (?:-K|--offload) \S{1,32} (?:rx off )?tx(?:-checksum[\w-]{0,20})? off\b",
            # tcpdump of it
            r"\.(?:8472|4789): \[bad udp cksum",
            r"\btx-(?:udp_tnl-|checksum)[\w-]{0,40} off\b",
        ),
        (
            "vxlan",
            "geneve",
            "ip-in-ip",
            "ipip",
            "ipinip",
            "overlay",
            *("8472", "4789", "8285", "6081"),
            *("flannel", "calico", "canal", "cilium", "cni"),
            "node",
            "offload",
            "tx",
        ),
    ),
    (
        "packets are too large",
        (
            rf"\bMTUs?\b{_GAP}{_AMISS}",
            rf"{_AMISS} MTUs?\b",
            r"\bMTUs?\b[^.;]{0,60}\b(?:cause[sd]?|timeouts?|timed out|hangs?|stalls?|drop(?:s|ped)?|fragment\w{0,6})\b",
            r"\b(?:cause[sd]? by|due to|because of|issues? with|problems? with)[^.;]{0,20}\bMTU\b",
            r"\bPMTU cache\b",
            r"\b(?:lower|reduc|decreas)(?:ed|es|e|ing)?\b[^.;]{0,30}\bMTU\b",
            r"\b(?:packets?|payloads?|data|frames?)\b[^.;]{0,40}\b(?:larger|bigger|greater|more|longer) than \d{3,5}\b",
            r"\bpackets? exceeding \d{3,5}\b",
            r"\bneed to frag\b",
        ),
        ("mtu", "than ", "exceeding", "need to frag"),
    ),
    (
        "a firewall is between the control plane and the nodes",
        (
            rf"\b(?:443|4443|6443|8443|10250)\b{_GAP}{_SHUT}{_GAP}{_API_SERVER}",
            rf"{_API_SERVER}{_GAP}{_SHUT}{_GAP}\b(?:443|4443|6443|8443|10250)\b",
            rf"{_FIREWALL}{_GAP}{_API_SERVER}",
            rf"{_API_SERVER}{_GAP}{_FIREWALL}",
            r"\b(?:metrics?[ -]server|HPA|kubectl top)\b[^.;]{0,80}\bsecurity groups?\b",
            r"\bsecurity groups?\b[^.;]{0,80}\b(?:metrics?[ -]server|443|4443|6443|8443|10250)\b",
            r"\b(?:443|4443|6443|8443|10250)\b[^.;]{0,40}\b(?:to|in|on) (?:[\w']{1,12} ){0,3}security groups?\b",
            r"\bGKE private clusters?\b[^.;]{0,80}\b(?:firewall|ports?|443|4443|6443|8443|10250)\b",
            r"\bonly (?:allow|whitelist|open|permit|to)(?:s|ed)?\b[^.;]{0,30}\b443\b[^.;]{0,12}\b10250\b",
            r"\bonly (?:allow|whitelist|open|permit|to)(?:s|ed)?\b[^.;]{0,30}\b10250\b[^.;]{0,12}\b443\b",
        ),
        ("443", "10250", "firewall", "security group", "nsg", "gke private"),
    ),
    (
        "a network policy shuts it out",
        (
            rf"{_NONE}\bnetwork[ -]?polic(?:y|ies)\b{_GAP}(?:{_LOST}|\bprevent(?:s|ed|ing)?\b|\bbreak(?:s|ing)?\b)",
            rf"(?:{_LOST}|\bprevented\b) (?:by|due to|because of)(?: \w{{1,20}}){{0,3}} network[ -]?polic(?:y|ies)\b",
            rf"\b(?:after|when|once|since)\b[^.;]{{0,60}}{_NONE}\bnetwork[ -]?polic(?:y|ies)\b",
            r"\bdefault[ -]deny\b",
            (
                r"\b(?:something to do with|related to|caused by|culprit (?:is|was)) "
                rf"{_NONE}(?:\w{{1,12}} )?network[ -]?polic(?:y|ies)\b"
            ),
            rf"\bpolic(?:y|ies)\b[^.;]{{0,12}}{_LOST} (?:the |our |this )?(?:traffic|connection)",
            (
                r"\bnetwork[ -]?polic(?:y|ies)\b[^.;]{0,20}\b(?:to|that) (?:allow|permit|let)s?\b"
                r"[^.;]{0,40}\bmetrics?[ -]server\b"
            ),
            rf"\b(?:issues?|problems?|troubles?|conflicts?)\b[^.;]{{0,20}}{_NONE}\bnetwork[ -]?polic(?:y|ies)\b",
            r"\bnetwork[ -]?polic(?:y|ies)\b[^.;]{0,20}\b(?:issues?|problems?|troubles?)\b",
        ),
        ("polic", "default"),
    ),
    (
        "an HTTP proxy is set",
        (
            r"\b(?:export(?:ed|ing)?|us(?:e|ed|ing)|set(?:ting)?|through|via)\b[^.;]{0,30}\b(?:https?|all)_proxy\b",
            r"\b(?:add|append|put|forgot|forget)\w{0,4}\b[^.;]{0,60}\b(?:in|into|to) (?:the )?no[ -]proxy\b",
            r"\bno_proxy\b[^.;=]{0,60}\b(?:missing|lack\w{0,3}|without|not (?:include|contain|cover|set)\w{0,3})\b",
            r"\b(?:add|append|put|forgot|miss|lack|includ)\w{0,5}\b[^.;]{0,80}\bno_proxy\b",
            r"\bbehind (?:an? |the |our |my )?(?:\w{1,20} ){0,2}prox(?:y|ies)\b",
            r"\b(?:corporate|company|enterprise|squid|forward) prox(?:y|ies)\b",
        ),
        ("prox",),
    ),
    (
        "the tunnel is down",
        (
            rf"\b(?:konnectivity|tunnel-?front|aks-link)\b{_GAP}(?:{_CANNOT}|{_TROUBLE}|{_CANNOT_ZH})",
            rf"(?:{_CANNOT}|\b(?:issues?|errors?|problems?) with)[^.;]{{0,40}}\bkonnectivity\b",
            rf"{_CANNOT}[^.;]{{0,20}}\b(?:ssh )?tunnels?\b",
            r"\begress[ -]?selector\b",
            r"\b(?:tunnel)\b[^.;]{0,40}\b(?:down|broken|disconnect\w{0,6}|lost)\b",
        ),
        ("konnectivity", "tunnel", "aks-link", "egress"),
    ),
    (
        "only some API servers answer",
        (
            rf"\bonly\b[^.;]{{0,30}}\bone?\b[^.;]{{0,20}}\b{_API_SERVER}",
            (
                r"\b(?:one|first) (?:of the )?(?:masters?|api ?servers?|control[ -]?planes?)\b[^.;]{0,60}"
                r"\b(?:all )?(?:the )?others?\b"
            ),
        ),
        ("only", "others", "other"),
    ),
    (
        "only the pod's own node reaches it",
        (
            r"\bother than the (?:node|one|server)\b[^.;]{0,40}\b(?:pod|deploy|runs?|running|metrics)",
            r"\b(?:not |un)(?:reachable|accessible) from[^.;]{0,20}\bother nodes?\b",
            r"\bonly the (?:one|server|node)\b[^.;]{0,20}\bwith\b[^.;]{0,30}\b(?:metrics|pod)\b",
            (
                r"\bmetrics?[ -]server\b[^.;]{0,40}\b(?:on|to) (?:an? |the )?(?:agent|worker|other|another|different)\b"
                r"[^.;]{0,20}\b(?:node|server|host)\b"
            ),
            r"\bon (?:the )?same (?:node|host|machine)\b[^.;]{0,60}\b(?:works?|working|reach\w{0,5}|ok|fine)\b",
        ),
        ("other than the", "other node", "only the", "server", "same "),
    ),
    (
        "the API server does not reach the pods",
        (
            (
                rf"{_API_SERVER}{_GAP}{_CANNOT}[^.;]{{0,30}}\b(?:reach|connect|access|talk|communicat\w{{1,3}}|route)"
                rf"[^.;]{{0,60}}(?:{_NODES}|\bmetrics?[ -]server\b|\bservices?\b|\bcluster ?IPs?\b)"
            ),
            (
                rf"{_API_SERVER}{_GAP}\b(?:no|not? have|without)\b[^.;]{{0,20}}\b(?:route|access|connectivity)\b"
                rf"[^.;]{{0,40}}(?:{_NODES}|\bservices?\b|\bcluster\b)"
            ),
            rf"\bkube-proxy\b{_GAP}{_CANNOT}{_GAP}{_API_SERVER}",
            r"\bbefore kube-proxy (?:is|was|runs|starts|started)\b",
            rf"\b(?:without|installing|install|installed|no|lacks?) kube-proxy\b[^.;]{{0,20}}{_API_SERVER}",
            r"\bkonnectivity\b[^.;]{0,20}\b(?:is |was )?(?:disabled|switched off|turned off|not enabled)\b",
            r"禁用 ?konnectivity",
            rf"(?:api ?server|API ?服务器|master|控制节点|控制平面|主节点)[^。；]{{0,60}}{_CANNOT_ZH}",
            # where what was quoted of the error is its end alone
            r"\bAPI ?services?\b[^.;]{0,40}\bno route to host\b",
        ),
        ("control", "master", "api", "kube-proxy", "konnectivity", *("控制", "主节点")),
    ),
    (
        "another front-proxy CA on each API server",
        (
            (
                r"\bfront-?proxy[\w .-]{0,40}\b[^.;]{0,60}\b(?:different|differs?|mismatch\w{0,3}|not (?:the )?same"
                r"|regenerated|each (?:master|node)|does(?: not|n't) match|not match\w{0,3})\b"
            ),
            r"\b(?:different|mismatch\w{0,3}|new|wrong)\b[^.;]{0,30}\bfront-?proxy",
            r"\bdifferent (?:front[ -])?proxy (?:client )?(?:certs?|certificates?|CAs?)\b",
        ),
        ("front", "different"),
    ),
    (
        "the front-proxy certificate is expired",
        (r"\bfront-?proxy[\w.-]{0,20}\b[^.;]{0,60}\bexpired?\b", r"\bexpired\b[^.;]{0,40}\bfront-?proxy"),
        ("front",),
    ),
    (
        "no client CA is published",
        (
            (
                r"\b(?:config ?map|extension-apiserver-authentication)\b[^.;]{0,60}"
                r"\b(?:not|n't|miss(?:es|ing)|lacks?|without|no)\b[^.;]{0,40}(?<!requestheader-)\bclient-ca-file\b"
            ),
            (
                r"(?<!requestheader-)\bclient-ca-file\b[^.;]{0,20}\b(?:value )?"
                r"(?:not found|missing|absent|not present|not available)[^.;]{0,40}(?:\bmap\b|\bconfig|authentication)"
            ),
        ),
        ("client-ca-file",),
    ),
    (
        "no front-proxy CA is published",
        (
            (
                r"\b(?:config ?map|extension-apiserver-authentication)\b[^.;]{0,60}"
                r"\b(?:not|n't|miss(?:es|ing)|lacks?|without|no)\b[^.;]{0,40}\brequestheader-"
            ),
            (
                r"(?:\bnot have|n't have|\bhas no|\bwithout|\bmissing|\blacks?|\bforgot)\b[^.;]{0,20}"
                r"--requestheader-(?:client-ca-file|\*)"
            ),
            r"--requestheader-\*[^.;]{0,30}\b(?:not|missing|absent|unset)\b",
            (
                r"\brequestheader-client-ca-file\b[^.;]{0,20}\b"
                r"(?:not (?:found|set|present|provided|specified|configured)|missing|absent|unset)\b"
            ),
            (
                r"\baggregat(?:ion|or|ed)(?: api)?(?: layer)?\b[^.;]{0,40}\b"
                r"(?:not (?:been )?(?:enabled|configured|set ?up|supported)|disabled|must be (?:enabled|configured))\b"
            ),
            r"\b(?:enable|configure|support)\b[^.;]{0,30}\b(?:aggregation layer|api extension|aggregated apis?)\b",
            (
                r"\bapi ?server\b[^.;]{0,10}\b(?:not|n't) (?:been )?(?:configured|set ?up)\b[^.;]{0,30}"
                r"\b(?:extensions?|extension api ?servers?|aggregat\w{2,4}|front[ -]?proxy)\b"
            ),
            r"(?:没有|未|需要?)(?:开启|启用|打开|配置)[^。；]{0,8}(?:API)?[^。；]{0,4}聚合",
            r"聚合[^。；]{0,6}(?:没有|未)(?:开启|启用|打开|配置)",
        ),
        ("requestheader", "ggregat", "pi extension", "extension", "front", "聚合"),
    ),
    (
        "the aggregator has no certificate",
        (
            r"--proxy-client-(?:cert|key)-file\b[^.;]{0,40}\b(?:not (?:set|given|specified)|missing|unset|empty)\b",
            r"\b(?:missing|without|no|forgot\w{0,3})\b[^.;]{0,20}--proxy-client-(?:cert|key)-file\b",
        ),
        ("--proxy-client-",),
    ),
    (
        "one CA for clients and the front proxy",
        (
            (
                r"\bclient-ca-file[=\s\"'`]{0,4}(?P<file>/[\w./-]{1,200})[^.;]{0,60}"
                r"--requestheader-client-ca-file[=\s]{1,2}(?P=file)(?![\w/-]|\.\w)"
            ),
            (
                r"\bclient-ca-file\b[^.;]{0,20}\band\b[^.;]{0,10}\brequestheader-client-ca-file\b[^.;]{0,40}"
                r"\b(?:same|identical|equal)\b"
            ),
            r"\bsame CA\b[^.;]{0,60}\b(?:front-?proxy|aggregat|requestheader)",
        ),
        ("client-ca-file", "same ca"),
    ),
)
