"""What keeps a program or its pod from starting: flags, scheduler, kubelet and runtime, admission."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says, trim


def _no_node_fits(match: re.Match[str]) -> InnermostError:
    filtered = re.split(r"\. (?:[Pp]reemption: |no new claims)|\.$", match[1])[0]
    # A taint is shown as "{key: value}", to 1.19 followed by ", that the pod didn't tolerate".
    reasons = tuple(part.strip(" .") for part in re.split(r", (?=\d)", filtered))
    kinds = {"taints" if "taint" in one else "ports" if "free ports" in one else "other" for one in reasons}
    return errors.NoNodeFits(reasons, kinds.pop() if len(kinds) == 1 else "other")


# kubernetes plugin/pkg/scheduler/algorithm/predicates, to 1.8; each with the number of nodes in brackets
_PREDICATES = {"PodToleratesNodeTaints": "taints", "PodFitsHostPorts": "ports", "HostPorts": "ports"}


def _no_node_passes(match: re.Match[str]) -> InnermostError:
    reasons = tuple(part.strip(" .") for part in match[1].split(", "))
    kinds = {_PREDICATES.get(reason.partition(" ")[0], "other") for reason in reasons}
    return errors.NoNodeFits(reasons, kinds.pop() if len(kinds) == 1 else "other")


def _not_pulled(image: str, why: str | None) -> InnermostError:
    ours = "yes" if "metrics-server" in image else "other" if "metric" in image else ""
    ours = "sandbox" if _SANDBOX in image.rpartition("/")[2] else ours
    return errors.ImageNotPulled(image, (why or "").strip(), ours)


_SANDBOX = "pause"  # kubernetes build/pause, under which name distributions mirror it, too


GRAMMARS: tuple[Grammar, ...] = (
    # pflag errors.go; metrics-server cmd/metrics-server/app/options; apiserver pkg/server/options/serving.go
    Grammar("unknown flag: ", r"unknown flag: (--?[\w.-]{1,100})", lambda match: errors.UnknownFlag(match[1])),
    Grammar(
        "unknown shorthand flag: ",
        r"unknown shorthand flag: '.{1,8}' in (-[\w.=-]{1,100})",
        lambda match: errors.UnknownFlag(match[1]),
    ),
    Grammar(
        'invalid argument "',
        r"invalid argument \"[^\"]{0,300}\" for \"(?:-\w, )?(--[\w.-]{1,100})\" flag: .{1,300}",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    Grammar(
        "flag needs an argument: ",
        r"flag needs an argument: (?:'.{1,8}' in )?(--?[\w.-]{1,100})",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    Grammar(
        "bad flag syntax: ",
        r"bad flag syntax: (\S{1,200})",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    *(
        Grammar(
            f"{verb} both --",
            verb + r" both (--[\w-]{1,100}) and --[\w-]{1,100}",
            lambda match: errors.RejectedArgument(match[0], match[1]),
        )
        for verb in ("cannot use", "need")
    ),
    Grammar(
        "failed to listen on ",
        r"failed to listen on (\S{1,100}): listen tcp[46]?(?: \S{1,100})?: "
        r"(?:bind: |address \S{1,20}: )?(address already in use|permission denied|[a-z ]{3,60})",
        lambda match: errors.CannotListen(match[1], match[2]),
    ),
    # the end of it, where somebody else says whose it is
    Grammar(
        "metrics-server",
        r"metrics-server\b[^\n]{1,200}?\bbind: (address already in use|permission denied)",
        lambda match: errors.CannotListen("", match[1]),
        word="bind: ",
    ),
    Grammar(
        "bind: address already in use",
        r"(?<!: )bind: (address already in use)",
        lambda match: errors.CannotListen("", match[1]),
    ),
    # kubernetes cluster/addons/metrics-server/metrics-server-deployment.yaml, applied as it is in the repository
    Grammar(
        "{{ ",
        r"\{\{ (?:base_)?metrics_server_\w{1,60} \}\}",
        lambda match: errors.TemplateBlank(match[0]),
        word="metrics_server_",
    ),
    # What keeps a pod from starting: kube-scheduler, kubelet and container runtime, admission
    Grammar(
        "No nodes are available that match all of the ",
        r"No nodes are available that match all of the (?:following )?predicates:{1,2} (.{1,600})",
        _no_node_passes,
    ),
    Grammar(" nodes are available: ", r" nodes are available: (.{1,2000})", _no_node_fits),
    # autoscaler cluster-autoscaler/processors/status/eventing_scale_up_processor.go
    Grammar(
        "pod didn't trigger scale-up: ",
        r"pod didn't trigger scale-up: (\d.{1,2000})",
        _no_node_fits,
        word=" trigger scale-up: ",
    ),
    plain("no nodes available to schedule pods", errors.NoNodeFits(("no nodes available to schedule pods",), "other")),
    # the reasons alone: kubernetes pkg/scheduler/framework/plugins, tainttoleration and nodeports; those of before 1.22
    *(
        Grammar(words, re.escape(words), lambda match, kind=kind: errors.NoNodeFits((match[0],), kind))  # type: ignore[misc]
        for words, kind in (
            ("taints that the pod didn't tolerate", "taints"),
            ("node(s) had untolerated taint", "taints"),
            ("didn't have free ports for the requested pod ports", "ports"),
        )
    ),
    # containerd core/remotes/docker/resolver.go: the reference, and that it is not there
    Grammar(
        "metrics-server",
        r"metrics-server[\w./-]{0,100}:[\w.-]{1,128}(?:@sha256:[0-9a-f]{1,64})?:? not found",
        lambda match: _not_pulled(match[0].rpartition(" not")[0].rstrip(":"), "not found"),
        word=" not found",
    ),
    # moby distribution/errors.go
    Grammar(
        "manifest for ",
        r"manifest for (\S{1,400}) not found",
        lambda match: _not_pulled(match[1], "not found"),
        word=" not found",
    ),
    Grammar(
        'Failed to pull image "',
        r"Failed to pull image \"([^\"]{1,400})\"?(?:: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    Grammar(
        'failed to pull and unpack image "',
        r"failed to pull and unpack image \"([^\"]{1,400})\"?(?:: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    # kubernetes pkg/kubelet/dockershim/docker_service.go, to 1.23
    Grammar(
        'failed pulling image "',
        r"failed pulling image \"([^\"]{1,400})\"?(?:: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    Grammar(
        'Back-off pulling image "',
        r"Back-off pulling image \"([^\"]{1,400})\"?(?:: ErrImagePull: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    # containerd core/remotes/docker, of which kubelet's event has the image itself; moby distribution
    Grammar(
        'failed to resolve reference "',
        r"failed to resolve reference \"([^\"]{1,400})\"?(?:: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    Grammar(
        "failed to do request: ",
        r"failed to do request: (?:Head|Get) \\?\"?https?://(?P<image>[^/\s]{1,253}/v2/\S{1,300}?)"
        r"/(?:manifests|blobs)/[^\s\"\\]{1,150}\\?\"?(?:: (?P<why>.{1,1500}))?",
        lambda match: _not_pulled(match["image"].replace("/v2/", "/", 1), match["why"]),
    ),
    *(
        Grammar(
            did,
            did + r"s?://(?P<image>[^/\s]{1,253}/v2/[\w./-]{0,150}metrics-server[\w./-]{0,60})"
            r"/(?:manifests|blobs)/[^\s\"\\:]{1,60}(?::[0-9a-f]{1,64})?\\?\"?: (?P<why>.{1,1500})",
            lambda match: _not_pulled(match["image"].replace("/v2/", "/", 1), match["why"]),
            word="/v2/",
        )
        for did in ('Get "http', "Get http", 'Head "http', "Head http")
    ),
    Grammar(
        "pull access denied for ",
        r"pull access denied for ([\w./:-]{1,300})(?=,|$)",
        lambda match: _not_pulled(match[1], "access denied"),
    ),
    # kubelet pkg/kubelet/images/image_manager.go
    Grammar(
        'Container image "',
        r"Container image \"([^\"]{1,400})\" is not present with pull policy of Never",
        lambda match: _not_pulled(match[1], "policy Never"),
        word=" is not present with pull policy of Never",
    ),
    Grammar(
        'Failed to inspect image "',
        r"Failed to inspect image \"([^\"]{0,400})\": .{0,100}?couldn't parse image reference \\?\"([^\"\\]{0,400})",
        lambda match: errors.InvalidImageName(match[1] or match[2]),
    ),
    # moby distribution/pull_v2.go; docker/cli cli/command/container/create.go
    plain("no matching manifest for linux/", errors.ImageNotPulled("", "no matching manifest")),
    Grammar(
        "The requested image's platform (",
        r"The requested image's platform \([\w/]{1,40}\) does not match the detected host platform",
        says(errors.ExecFormat()),
        word=" does not match the detected host platform",
    ),
    Grammar(
        'Failed to apply default image tag "',
        r"Failed to apply default image tag \"([^\"]{1,400})\"?(?:: .{1,300})?",
        lambda match: errors.InvalidImageName(match[1]),
    ),
    # ENOEXEC as Go has it (runc, containerd), and as a C library has it (crun, systemd, shells)
    Grammar("exec format error", r"exec format error", says(errors.ExecFormat())),
    Grammar("Exec format error", r"Exec format error", says(errors.ExecFormat())),
    # runc libcontainer/standard_init_linux.go: to 1.1 with its own line's number, from 1.2 as Go's os.PathError
    Grammar(
        "exec user process caused",
        r"exec user process caused:? \\?\"?operation not permitted",
        says(errors.ExecForbidden()),
    ),
    Grammar(
        "exec /metrics-server: operation not permitted",
        r"exec /metrics-server: operation not permitted",
        says(errors.ExecForbidden()),
    ),
    # apiserver pkg/server/config.go: there is no port to serve on, as with --secure-port=0
    Grammar(
        "config.LoopbackClientConfig == nil",
        r"config\.LoopbackClientConfig == nil",
        lambda match: errors.RejectedArgument(match[0], "--secure-port"),
    ),
    # moby registry, as its client quotes it: docker, kubelets of its time; Docker Hub's own words
    Grammar(
        "Error response from daemon: ",
        r"Error response from daemon: (?:Get|Head) \\?\"?https?://(?P<image>[^/\s\"\\]{1,253})/v2/\\?\"?: "
        r"(?P<why>.{1,1500})",
        lambda match: errors.ImageNotPulled(match["image"], match["why"].strip(), "unnamed"),
        word="/v2/",
    ),
    # go-containerregistry pkg/v1/remote/transport/logger.go; 401 is but the first answer to whoever has no token yet
    Grammar(
        "<-- ",
        r"<-- (?P<why>403|404|429|5\d\d) https?://(?P<image>[^/\s]{1,253}/v2/\S{0,300}) \(",
        lambda match: errors.ImageNotPulled(
            match["image"], match["why"], "yes" if "metrics-server" in match["image"] else "unnamed"
        ),
        word="/v2/",
    ),
    Grammar(
        "toomanyrequests: ",
        r"toomanyrequests: (?:You have reached your |[\w ]{0,40}?)(?:unauthenticated )?pull rate limit",
        says(errors.ImageNotPulled("", "toomanyrequests", "unnamed")),
    ),
    # containerd images/image.go
    plain("no match for platform in manifest", errors.ImageNotPulled("", "no match for platform in manifest")),
    # os.Open of what a flag names: cobra's end, apiserver pkg/server/options/serving.go, client-go transport
    *(
        Grammar(
            head,
            head + r"(?P<file>(?!/(?:var/)?run/secrets/)/[\w./-]{1,250}): no such file or directory",
            lambda match: errors.RejectedArgument(match[0]),
            word=": no such file or directory",
        )
        for head in (
            "Error: open ",
            "Error: stat ",
            "panic: open ",
            "panic: stat ",
            "unable to load root certificates: open ",
            "unable to load server certificate: open ",
        )
    ),
    # client-go tools/clientcmd, of a kubeconfig that an argument names: metrics-server cmd/metrics-server/app/options,
    # custom-metrics-apiserver pkg/cmd, apiserver pkg/server/options. Without one rest.InClusterConfig speaks.
    *(
        Grammar(
            head,
            re.escape(head) + r"(?:authentication kubeconfig|authorization kubeconfig|client config)"
            r"(?: to initialize provider)?: (?!.{0,200}(?:/serviceaccount/|in-cluster config|failed to get )).{1,300}",
            lambda match: errors.RejectedArgument(trim(match[0]), "--kubeconfig"),
        )
        for head in ("unable to construct lister ", "failed to get delegated ")
    ),
    # metrics-server pkg/scraper/client/resource/client.go around client-go transport/transport.go
    Grammar(
        "unable to construct transport: ",
        r"unable to construct transport: .{1,300}",
        lambda match: errors.RejectedArgument(trim(match[0]), "--kubelet-certificate-authority"),
    ),
    # apiserver pkg/server/options/serving.go
    Grammar(
        "--secure-port ",
        r"--secure-port \d{1,9} must be between [01] and 65535",
        lambda match: errors.RejectedArgument(match[0], "--secure-port"),
        word=" must be between ",
    ),
    # kubernetes-mixin alerts/resource_alerts.libsonnet
    Grammar(
        " throttling of CPU in namespace ",
        r" throttling of CPU in namespace [\w-]{1,63} for container metrics-server\b",
        says(errors.OutOfMemory()),
    ),
    Grammar(
        "container has runAsNonRoot and image ",
        r"container has runAsNonRoot and image ([a-z][^:\n]{3,120}?)(?: \(pod: |,|$)",
        lambda match: errors.MayNotRunAsRoot(match[1]),
    ),
    Grammar(
        "container's runAsUser breaks non-root policy",
        r"container's runAsUser breaks non-root policy",
        says(errors.MayNotRunAsRoot("runAsUser is 0")),
    ),
    Grammar(
        "exceeded quota: ",
        r"exceeded quota: ([\w.-]{1,253}), (requested: .{1,1000})",
        lambda match: errors.QuotaExceeded(match[1], trim(match[2])),
    ),
    Grammar(
        "failed quota: ",
        r"failed quota: ([\w.-]{1,253}): (must specify .{1,1000})",
        lambda match: errors.QuotaExceeded(match[1], trim(match[2])),
    ),
    # apiserver pkg/admission/plugin/resourcequota/controller.go, of what a limited resource lacks a quota for
    Grammar(
        "insufficient quota to ",
        r"insufficient quota to (?P<what>match these scopes|consume): (?P<lacking>.{1,300})",
        lambda match: errors.QuotaExceeded("", f"insufficient to {match['what']}: {trim(match['lacking'])}"),
    ),
    # kubernetes plugin/pkg/admission/limitranger/admission.go: ", but request is", ", but limit is", ".  No request is"
    *(
        Grammar(
            f"{end}imum ",
            rf"{end}imum \S{{1,60}} usage per (?:Container|Pod) is \S{{1,40}}(?= |,|\.)",
            says(errors.NotAdmitted("LimitRange")),
            word=" usage per ",
        )
        for end in ("min", "max")
    ),
    Grammar(
        'violates PodSecurity "',
        r"violates PodSecurity \"([\w.:-]{1,60})\"?: (.{1,3000})",
        lambda match: errors.PodSecurityViolated(match[1], match[2]),
    ),
    Grammar(
        "The node was low on resource: ",
        r"The node was low on resource: \[?([\w.-]{1,60}?)\]?\.?(?=\s|$)",  # to 1.9 without a full stop, or a condition
        lambda match: errors.Evicted(match[1]),
    ),
    Grammar("OOMKilled", r"OOMKilled", says(errors.OutOfMemory())),
    # Linux mm/oom_kill.c, "Kill" to 4.x, a line of fields from 5.x; kubernetes pkg/kubelet/oom/oom_watcher_linux.go
    *(
        Grammar(
            f"{killed} process ",
            killed + r" process \d{1,10},? (?:UID \d{1,10},? )?\(metrics-server\)",
            says(errors.OutOfMemory()),
        )
        for killed in ("Kill", "Killed")
    ),
    plain("task=metrics-server,pid=", errors.OutOfMemory()),
    plain("victim process: metrics-server,", errors.OutOfMemory()),
    # cert-manager pkg/controller/certificaterequests/acme/acme.go; RFC 8555 6.7 through golang.org/x/crypto/acme
    Grammar(
        "requests a commonName that is not present in the list of dnsNames or ipAddresses",
        r"requests a commonName that is not present in the list of dnsNames or ipAddresses",
        lambda _: errors.IssuerRefuses("common name"),
    ),
    plain(
        "ACME requires that the value is also present in the list of dnsNames",
        errors.IssuerRefuses("common name"),
    ),
    Grammar(
        "urn:ietf:params:acme:error:rejectedIdentifier",
        r"urn:ietf:params:acme:error:rejectedIdentifier",
        lambda _: errors.IssuerRefuses("names"),
    ),
    # runc and Docker, where arguments stand in the place of the command
    *(
        Grammar(
            f"exec: {quote}",
            f"exec: {re.escape(quote)}"
            r"(--?[^\"\\]{1,300}|/?metrics?(?:[-_]server)?)"
            f"{re.escape(quote)}"
            r": (?:stat \S{1,300}: |executable file )?(?:not found|no such file)",
            lambda match: errors.NotExecutable(match[1]),
        )
        for quote in ('"', '\\"')
    ),
    # apiserver pkg/endpoints/handlers/rest.go around encoding/json; kubectl's of before 1.25, kube-openapi's validation
    Grammar(
        "into Go struct field ",
        r"into Go struct field Container\.[\w.]{0,80}?(?P<what>args|command) of type (?:string|\[\]string)",
        lambda match: errors.RejectedArgument(match[0], match["what"]),
    ),
    Grammar(
        "ValidationError(Deployment.spec.template.spec.containers[",
        r"ValidationError\(Deployment\.spec\.template\.spec\.containers\[\d\]\.(?P<what>args|command)\S{0,10}\): "
        r"invalid type for .{1,100}: got \\?\"\w{1,20}",
        lambda match: errors.RejectedArgument(match[0], match["what"]),
    ),
    # helm pkg/releaseutil/manifest_sorter.go and pkg/engine, text/template; sigs.k8s.io/yaml through kubectl
    *(
        Grammar(head, re.escape(head) + r"[\w./-]{0,100}metrics-server/templates/", says(errors.ManifestUnreadable()))
        for head in ("YAML parse error on ", "template: ", "execution error at (")
    ),
    Grammar(
        "error parsing ",
        r"error parsing \S{0,200}(?:metrics-server|components)[\w.-]{0,60}\.ya?ml: error converting YAML to JSON",
        says(errors.ManifestUnreadable()),
        word=": error converting YAML to JSON",
    ),
    # kubernetes plugin/pkg/admission/priority/admission.go, of today and to 1.16
    Grammar(
        "no PriorityClass with name ",
        r"no PriorityClass with name \S{1,253} was found",
        says(errors.NotAdmitted("Priority")),
    ),
    Grammar(
        "priorityClass is not permitted in ",
        r"priorityClass is not permitted in \S{1,63} namespace",
        says(errors.NotAdmitted("Priority")),
    ),
    # openshift/apiserver-library-go pkg/securitycontextconstraints
    Grammar(
        "unable to validate against any security context constraint",
        r"unable to validate against any security context constraint(?:: (.{1,1000}))?",
        lambda match: errors.PodSecurityViolated("SecurityContextConstraints", match[1] or ""),
    ),
    Grammar(
        "flag provided but not defined: ",
        r"flag provided but not defined: (-[\w-]{1,100})",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    Grammar(
        "unable to validate against any pod security policy",
        r"unable to validate against any pod security policy(?:: (.{1,1000}))?",
        lambda match: errors.PodSecurityViolated("PodSecurityPolicy", match[1] or ""),
    ),
    # kubernetes plugin/pkg/admission/security/podsecuritypolicy, with not one policy to use; securitycontext/scdeny
    plain("no providers available to validate pod request", errors.NotAdmitted("PodSecurityPolicy")),
    *(
        plain(f"SecurityContext.{field} is forbidden", errors.NotAdmitted("SecurityContextDeny"))
        for field in ("RunAsUser", "SELinuxOptions", "SupplementalGroups", "FSGroup")
    ),
    Grammar(
        "The node had condition: ",
        r"The node had condition: \[(\w{1,60})",
        lambda match: errors.Evicted(match[1]),
    ),
    # kubernetes plugin/pkg/admission/serviceaccount; apiserver pkg/admission/plugin/webhook/errors
    Grammar(
        "error looking up service account ",
        r"error looking up service account (\S{1,300}):",
        lambda match: errors.NotAdmitted(match[1]),
    ),
    Grammar(
        "admission webhook ",
        r"admission webhook \\?\"([^\"\\]{1,253})\\?\" denied the request",
        lambda match: errors.NotAdmitted(match[1]),
    ),
)
