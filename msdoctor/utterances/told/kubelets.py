"""The way from metrics-server to the kubelets: addresses, ports, certificates, and whom a kubelet lets in."""

from __future__ import annotations

# within one sentence: a stop may be part of a name
_GAP = r"(?:[^.;]|\.(?=\w)){0,80}?"
_SHORT = r"(?:[^.;]|\.(?=\w)){0,40}?"
_KUBELET = r"\bkubelet(?:'?s)?\b"
_NOT = r"(?:\b(?:no|not|never|without|lack(?:s|ed|ing)?|miss(?:es|ed|ing)?|only|cannot)\b|n't\b)"
_SANS = r"\b(?:IP SANs?|SANs?|subject alternative names?)\b"
_CERTIFICATE = r"\b(?:certs?|certificates?)\b"
_CSR = r"\b(?:CSRs?|(?:certificate )?signing requests?)\b"
_NAMES = r"\b(?:host ?names?|node ?names?|names? of (?:the )?nodes?|FQDNs?)\b"
_GONE = (
    r"\b(?:terminat(?:ed|es|ion|ing)|delet(?:ed|ion|ing)|remov(?:ed|al|ing)|drain(?:ed|ing)|gone|shut ?down|destroyed"
    r"|deprovision\w{0,3}|replaced|recycled|preempted|scaled? (?:down|in)|scaling (?:down|in)|consolidat\w{1,4})\b"
)
_NODE = r"\b(?:nodes?|instances?|workers?|machines?|VMs?|droplets?)\b"
_PORT = r"(?<!metrics-server )(?<!metrics-server's )\b(?:port )?10250\b"
_SHUT = (
    r"\b(?:block(?:s|ed|ing)?|closed|filtered|drop(?:s|ped|ping)?|reject(?:s|ed)?"
    r"|(?:not|isn't|wasn't|never) (?:\w{1,12} )?(?:open(?:ed)?|public|exposed|allowed|reachable|accessible))\b"
)
_AWAY = (
    r"\b(?:down|stopped|dead|crash(?:ed|es|ing|looping)?|not running|isn't running|fails? to start|failed to start)\b"
)
_DISBELIEF = (
    r"(?:\b(?:can(?:no|')?t|cannot|unable to|fail(?:s|ed)? to|could not) (?:validate|verify)\b[^.;]{0,20}\bcert\w{0,8}"
    r"|\b(?:TLS|x509|certificate) (?:verification |validation )?(?:errors?|issues?|problems?|failures?|fail(?:s|ed))\b)"
)
_SLOW = r"\b(?:slow(?:ly)?|takes? (?:too long|over|more|about|around|\d)|took \d|overloaded)"
_ITSELF = r"\b(?:10250|port (?:clash|conflict)\w{0,3}|own (?:kubelet|metrics)|(?:dedicated|same) IP|itself)\b"

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "a certificate names no address",
        (
            rf"{_CERTIFICATE}{_GAP}{_NOT}{_SHORT}\bIP(?:s| address(?:es)?)?\b",
            rf"{_CERTIFICATE}{_GAP}\bonly\b{_SHORT}{_NAMES}",
            rf"{_NOT}{_SHORT}\bIP SANs?\b",
            rf"{_SANS}{_GAP}{_NOT}{_SHORT}\bIP\b",
        ),
        ("cert", "san", "subject alternative"),
    ),
    (
        "a kubelet's certificate has ended",
        (
            rf"\bkubelet\.(?:crt|pem)\b{_SHORT}\b(?:expired|(?:not|never) (?:been )?(?:renewed|rotated))\b",
            rf"{_KUBELET}{_GAP}{_CERTIFICATE}{_SHORT}\b(?:expired|outdated|never (?:renewed|rotated))\b",
            rf"\bexpired\b{_SHORT}{_KUBELET}{_SHORT}{_CERTIFICATE}",
            rf"{_KUBELET}{_GAP}\b(?:TLS|x509|serving)\b{_SHORT}\bexpired\b",
            rf"{_KUBELET}{_GAP}{_CERTIFICATE}{_SHORT}\bis never (?:renewed|rotated)\b",
        ),
        ("kubelet",),
    ),
    (
        "a kubelet's certificate is self-signed",
        (
            rf"\bself[- ]?sign(?:ed|s)\b{_GAP}{_KUBELET}",
            rf"{_KUBELET}{_GAP}\bself[- ]?sign(?:ed|s)\b",
            rf"{_KUBELET}{_GAP}{_CERTIFICATE}{_GAP}\b(?:not|isn't|aren't) (?:\w{{1,12}} )?(?:signed|trusted|issued)\b",
            rf"\b(?:different|another|wrong|other) CA\b{_GAP}{_KUBELET}",
            rf"{_KUBELET}{_GAP}\b(?:different|another|own|wrong|other) CA\b",
        ),
        ("kubelet",),
    ),
    (
        "a kubelet's certificate is not believed",
        (
            rf"{_KUBELET}{_GAP}{_DISBELIEF}",
            rf"{_DISBELIEF}{_GAP}{_KUBELET}",
            rf"\bmetrics[- ]server\b{_GAP}{_DISBELIEF}",
        ),
        ("valid", "verif", "tls", "x509", "cert"),
    ),
    (
        "who checks no certificate has figures",
        (
            r"--kubelet-insecure-tls\b[^.;]{0,60}\b(?:solve[sd]?|fix(?:e[sd])?|works?|worked|help(?:s|ed)?|resolve[sd]?)\b",
            (
                r"\b(?:solved|fixed|resolved|works?|worked|add(?:ed|ing)?|needs?|needed|set(?:ting)?|pass(?:ed|ing)?|with)\b"
                r"[^.;]{0,60}--kubelet-insecure-tls\b"
            ),
        ),
        ("--kubelet-insecure-tls",),
    ),
    (
        "a request for a certificate was refused",
        (rf"{_CSR}{_GAP}\b(?:denied|denies|deny|reject(?:ed|s)?|refused)\b",),
        ("csr", "signing request"),
    ),
    (
        "a request for a certificate waits",
        (
            rf"{_CSR}{_GAP}\b(?:pending|unapproved)\b",
            rf"{_CSR}{_GAP}(?:\b(?:not|never|cannot)\b|n't\b) (?:be )?(?:\w{{1,16}} )?(?:approved|signed|issued)\b",
            rf"\bpending\b{_SHORT}{_CSR}",
            rf"\bapprov(?:e|ed|es|er|al|ing)\b{_SHORT}{_CSR}",
            rf"{_CSR}{_SHORT}\b(?:(?:needs?|requires?|has|have) (?:to be )?(?:\w{{1,16}} )?approv\w{{1,4}}|approver)\b",
            r"\b(?:kubelet-serving-cert-approver|kubelet-csr-approver|kubelet-rubber-stamp)\b",
            r"\bkubectl certificate approve\b",
        ),
        ("csr", "signing request", "cert-approver", "rubber-stamp", "certificate approve"),
    ),
    (
        "a kubelet's certificate ends soon",
        (
            rf"{_KUBELET}{_GAP}{_CERTIFICATE}{_GAP}\b(?:expires? (?:in|soon|within)|(?:will|to) expire|expiring)\b",
            rf"{_KUBELET}{_GAP}{_CERTIFICATE}{_SHORT}(?:\bnot\b|n't\b) (?:yet )?(?:been )?(?:rotated?|renew(?:ed)?)\b",
            rf"{_NOT}{_SHORT}{_KUBELET}{_SHORT}{_CERTIFICATE}{_SHORT}\b(?:rotated|renewed)\b",
        ),
        ("kubelet",),
    ),
    (
        "the old certificate is still served",
        (
            (
                rf"\bstill (?:us|serv|present|return|show)(?:es|s|ing|e)\b{_SHORT}\b(?:old|previous|expired)\b{_SHORT}"
                rf"{_CERTIFICATE}"
            ),
            rf"{_KUBELET}{_GAP}\b(?:does|did|do)(?:n't| not) (?:re-?load|pick up|re-?read){_SHORT}{_CERTIFICATE}",
        ),
        ("still", "kubelet"),
    ),
    (
        "names of nodes lead nowhere",
        (
            rf"{_NOT}{_SHORT}\b(?:be )?resolv(?:e|es|ed|ing|able)\b{_SHORT}{_NAMES}",
            rf"{_NAMES}{_SHORT}{_NOT}{_SHORT}\bresolv(?:e|es|ed|able)\b",
            rf"{_NAMES}{_SHORT}\b(?:unresolvable|unresolved)\b",
            rf"{_NOT}{_SHORT}\bDNS\b{_SHORT}\b(?:nodes?|workers?|hosts?)\b",
            r"\bhost ?names?\b[^.;]{0,40}\binstead of\b[^.;]{0,30}\b(?:address(?:es)?|IPs?)\b",
            rf"(?:{_NAMES}|\b(?:nodes?|workers?|IPs?)\b){_GAP}/etc/hosts\b",
            rf"/etc/hosts\b{_GAP}(?:{_NAMES}|\b(?:nodes?|workers?|IPs?)\b)",
            rf"\b(?:assum\w{{1,3}}|needs?|must|should)\b{_SHORT}\bresolv(?:e|es|ed|ing|able)\b{_SHORT}{_NAMES}",
            r"--kubelet-preferred-address-types\b[^.;]{0,40}\b(?:not|isn't|wasn't) (?:provided|set|given|specified)\b",
            (
                r"\b(?:changed?|add(?:ed|ing)?|set(?:ting)?|use[sd]?|using)\b[^.;]{0,60}--kubelet-preferred-address-types="
                r"InternalIP\b"
            ),
        ),
        ("resolv", "dns", "/etc/hosts", "--kubelet-preferred-address-types", "instead of"),
    ),
    (
        "a node has no such address",
        (
            rf"{_NOT}{_SHORT}\b(?:internal[- ]?IPs?|external[- ]?IPs?|internalDNS)\b",
            rf"\b(?:internal[- ]?IPs?|external[- ]?IPs?)\b{_SHORT}{_NOT} (?:set|reported|present|assigned)\b",
            r"\bonly [`'\"]?Hostname[`'\"]? is (?:reported|set)\b",
        ),
        ("internal", "external", "hostname"),
    ),
    (
        "a node is registered with another's address",
        (
            r"\b(?:internal[- ]?IP|node[- ]ip|address)\b[^.;]{0,80}?\b10\.0\.2\.15\b",
            r"\b10\.0\.2\.15\b[^;]{0,80}?\b(?:internal[- ]?IP|node[- ]ip|nodes?|kubelet)\b",
            r"\b(?:wrong|incorrect) (?:\w{1,12} )?(?:internal[- ]?|node[- ]?)?(?:IP|interface|NIC|network adapter)\b",
            rf"\binternal[- ]?IP\b{_GAP}\bnot\b{_SHORT}\baddress\b{_SHORT}{_KUBELET}",
            rf"{_KUBELET}{_GAP}\b(?:wrong|incorrect) (?:internal )?(?:IP|address|interface)\b",
            r"(?:--node-ip\b|\bnode[- ]ip\b)[^.;]{0,60}\b(?:solve[sd]?|fix(?:e[sd])?|help(?:s|ed)?|correct)\b",
            r"\b(?:solved|fixed|set(?:ting)?|add(?:ed|ing)?|pass(?:ed|ing)?)\b[^.;]{0,60}--node-ip\b",
            r"\bKUBELET_EXTRA_ARGS\b[^;]{0,40}--node-ip\b",
            r"\bkubelet_extra_args\b[^;]{0,40}--node-ip\b",
        ),
        ("10.0.2.15", "wrong", "incorrect", "node", "internal", "kubelet_extra_args"),
    ),
    (
        "the kubelets' port is shut",
        (
            rf"{_PORT}{_GAP}{_SHUT}",
            rf"{_SHUT}{_GAP}{_PORT}",
            rf"\b(?:open(?:ed|ing)?|allow(?:ed|ing)?|unblock(?:ed|ing)?|add(?:ed|ing)?)\b{_SHORT}{_PORT}",
            rf"{_NOT}{_SHORT}\b(?:access|reach|connect to)\b{_SHORT}\bkubelet port\b",
            r"\btime-?outs?\b[^.;]{0,20}\bto (?:the |a |its )?kubelets?\b",
            (
                rf"\b(?:needs?|has|have|must) (?:to )?(?:be )?(?:able to )?(?:access|reach|connect to)\b{_SHORT}"
                r"(?:\bkubelet port\b|\b10250\b)"
            ),
            r"\b10250\b[^;]{0,120}\bport (?:is|was) (?:blocked|closed)\b",
            r"\b(?:from|to)_port\b\W{1,16}10250\b",
        ),
        ("10250", "kubelet"),
    ),
    (
        "a node's own firewall rejects",
        (
            r"\b(?:disabl|stop|turn|remov|flush)\w{1,5}\b[^.;]{0,40}\b(?:firewalld|ufw|iptables|nftables)\b",
            r"\b(?:firewalld|ufw|nftables)\b[^.;]{0,40}\b(?:disabl|stop|block|reject|enabl|running|active)\w{0,5}\b",
            r"\bno route to host\b[^.;]{0,80}\b(?:rocky|centos|rhel|fedora|alma|firewalld|oracle) ?(?:linux)?\b",
        ),
        ("firewalld", "ufw", "iptables", "nftables", "no route to host"),
    ),
    (
        "a node has gone",
        (
            rf"{_NODE}{_SHORT}{_GONE}",
            rf"{_GONE}{_SHORT}{_NODE}",
            r"\b(?:karpenter|cluster[- ]autoscaler|spot (?:nodes?|instances?))\b",
        ),
        ("node", "instance", "worker", "machine", "vm", "droplet", "karpenter", "autoscaler", "spot"),
    ),
    (
        "a kubelet takes no token",
        (
            r"\bauthentication[- ]?token[- ]?webhook\b",
            r"\bwebhook (?:token )?authentication\b",
            r"\bauthentication\.webhook\.enabled\b",
            rf"{_KUBELET}{_GAP}\b401\b",
            rf"\b401\b{_GAP}{_KUBELET}",
        ),
        ("authentication", "401"),
    ),
    (
        "a kubelet is down",
        (
            rf"{_KUBELET} {_SHORT}{_AWAY}",
            rf"\bnothing\b{_SHORT}\blisten(?:s|ing)\b{_SHORT}\b10250\b",
            rf"\b10250\b{_GAP}\b(?:not served|nothing listens|nobody listens)\b",
        ),
        ("kubelet", "10250"),
    ),
    (
        "the read-only port is off",
        (
            r"\bread[- ]?only[- ]?port\b",
            r"\bport 10255\b",
            r"\b10255\b[^.;]{0,60}\b(?:disabled?|deprecated|removed|closed|refused|not (?:open|listening|available))\b",
        ),
        ("read", "10255"),
    ),
    (
        "a kubelet is slow",
        (
            rf"{_KUBELET}{_GAP}{_SLOW}",
            rf"(?:/stats/summary|/metrics/resource)\b{_GAP}{_SLOW}",
            r"\b(?:scrap\w{1,4}|request)\b[^.;]{0,40}\b(?:slow|takes? (?:too long|over|more than|\d{1,3} ?s))",
            r"\b(?:increas|rais)\w{1,4}\b[^.;]{0,40}--(?:kubelet-request-timeout|metric-resolution)\b",
            r"\bcri-dockerd\b",
        ),
        ("kubelet", "stats/summary", "metrics/resource", "scrap", "request", "metric-resolution", "cri-dockerd"),
    ),
    (
        "a role is of another release",
        (
            (
                r"\bnodes?/metrics\b[^;]{0,80}\b(?:instead of|not|rather than|replac\w{1,3}|no longer|to)\b[^;]{0,40}"
                r"\bnodes?/stats\b"
            ),
            r"\bnodes?/stats\b[^;]{0,80}\b(?:instead of|replac\w{1,3}|to|became|now)\b[^;]{0,40}\bnodes?/metrics\b",
            r"\b(?:upgrad|bump|updat|chang)\w{1,4}\b[^;]{0,40}\bimage\b[^;]{0,80}\b(?:RBAC|cluster ?role)\b",
        ),
        ("node", "image"),
    ),
    (
        "a role lacks what a kubelet asks for",
        (
            (
                rf"(?:{_NOT}|\b(?:add(?:s|ed|ing)?|grant(?:s|ed|ing)?|needs?|needed|requires?)\b){_GAP}"
                r"\bnodes?/(?:metrics|stats)\b"
            ),
            r"\bnodes?/(?:metrics|stats)\b[^.;]{0,60}\b(?:missing|lacking|needed|required|added)\b",
            rf"{_KUBELET}{_GAP}\b403\b",
        ),
        ("node", "403"),
    ),
    (
        "a kubelet asks in vain",
        (
            (
                rf"{_KUBELET}{_GAP}\b(?:can(?:no|')t|cannot|unable to|not able to|fails? to|could not)\b{_SHORT}"
                r"\b(?:reach|connect|contact|talk)\w{0,3}\b[^.;]{0,40}\bapi[- ]?server\b"
            ),
        ),
        ("kubelet",),
    ),
    (
        "a kubelet lets in who has no name",
        (
            (
                rf"{_KUBELET}{_GAP}\b(?:unauthenticated|anonymous(?:ly)?)\b{_SHORT}"
                r"\b(?:access|requests?|auth\w{0,12}|enabled|allowed|users?|calls?|traffic)\b"
            ),
            rf"\b(?:unauthenticated|anonymous)\b{_SHORT}\b(?:access|requests?|auth\w{{0,12}}|calls?)\b{_GAP}{_KUBELET}",
            r"--anonymous-auth=true\b",
        ),
        ("unauthenticated", "anonymous"),
    ),
    (
        "a kubelet allows everything",
        (r"\bauthorization[- ]?mode\W{1,3}AlwaysAllow\b", rf"{_KUBELET}{_GAP}\bAlwaysAllow\b"),
        ("alwaysallow",),
    ),
    (
        "it scrapes itself",
        (
            rf"\bfargate\b[^;]{{0,120}}{_ITSELF}",
            rf"(?:{_ITSELF}|\bcontainerPort\b)[^;]{{0,120}}\bfargate\b",
        ),
        ("fargate",),
    ),
    (
        "a clock is wrong",
        (
            r"\b(?:clock|time) ?(?:skew|drift|jump)\w{0,3}\b",
            rf"\b(?:clocks?|system time|time|date)\b{_SHORT}\b(?:out of sync|not in sync|(?:not |un)synchroni[sz]ed)\b",
            r"\b(?:clocks?|system time|date)\b[^.;]{0,40}\b(?:is|was|are|were) (?:wrong|off|behind|ahead)\b",
            rf"\b(?:NTP|chronyd?|timesyncd|ntpd)\b{_GAP}\b(?:not|disabled|missing|fail(?:s|ed)?|stopped)\b",
            rf"\b(?:fix|sync|restart|install|enabl)\w{{0,6}}\b{_SHORT}\b(?:NTP|chronyd?|timesyncd|ntpd)\b",
        ),
        ("clock", "time", "date", "ntp", "chrony"),
    ),
    (
        "a certificate is for no server",
        (
            rf"\b(?:server ?auth|serverAuth|extended key usage|EKU)\b{_GAP}{_KUBELET}",
            rf"{_KUBELET}{_GAP}\b(?:server ?auth|serverAuth|extended key usage|EKU)\b",
        ),
        ("auth", "key usage", "eku"),
    ),
)
