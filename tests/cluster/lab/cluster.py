"""A lab: one real cluster and its workstation, as tests use it.

```python
with Lab.up("mine", patient("story")) as lab:  # or Lab.attach("mine") to one that is up
    lab.run("workstation", ["kubectl", "top", "nodes"])
    lab.apply(patient("healthy"))
```
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab import binaries, files, images, network, objects, pki, settle, state, vertical, watch
from lab.authorities import Authorities
from lab.files import (
    AUDIT_LOG,
    STATIC_PODS,
    USERS,
    File,
    Unit,
    control_plane_commands,
    kubeconfig,
    machine_files,
    machine_units,
    serving_files,
)
from lab.preconditions import check_preconditions
from lab.settle import Observation
from lab.truth import ADDRESSES, MASTER, NODE1, NODES, WORKSTATION, Caught, Form, MetricsServer, Network, Truth

# Debian's programs come second: the lab's own stand-ins and binaries are in /usr/local/bin.
MACHINE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FROM_HOST = (
    "passwd", "group", "nsswitch.conf", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "protocols",
    "services", "localtime", "ssl", "os-release", "login.defs", "terminfo", "bash.bashrc", "profile",
)  # fmt: skip
AUTHENTICATION = "extension-apiserver-authentication"
OWN_ROLE = "system:metrics-server"
STABLE_SECONDS = 25.0
AT_LEAST_SECONDS = 45.0
MISSED_SECONDS = 85  # kube-controller-manager --node-monitor-grace-period is 50 s, from the last renewed Lease on


class LabError(Exception):
    """The lab could not do what it was asked; the text says what and what to do."""


@dataclass(frozen=True)
class Lab:
    """A running lab; every method acts on the real machines."""

    name: str
    form: Form
    record: state.Record

    # -- coming and going ------------------------------------------------------------------------------------------

    @classmethod
    def up(cls, name: str, truth: Truth | None = None, *, settle: bool = True, stays: bool = False) -> "Lab":
        """Start a lab and return it settled (unless told not to); `LabError` if one of this name is up.

        It ends with this process, however that ends, unless it `stays`.
        """
        truth = truth or Truth()
        check_preconditions()
        programs = binaries.ensure()
        if (record := state.read(name)) and record.watcher.alive:
            raise LabError(f"lab {name} is up already: use it, end it with `down`, or choose another LAB=NAME")
        token = uuid.uuid4().hex
        lifeline = watch.start(name, token, programs["lab-init"])
        try:
            lab = cls(name, truth.form, _await_start(name, token, lambda: _prepare(name, truth, programs)))
            lab._connect()
            lab._start_containers(programs)
            lab.apply(truth, settle=False)
            if settle:
                lab.settle(truth)
        except BaseException:
            os.close(lifeline)
            _abandon(name, token)
            raise
        if stays:
            os.write(lifeline, watch.KEEP)
            os.close(lifeline)
        else:
            _LIFELINES[name] = lifeline
        return lab

    @classmethod
    def attach(cls, name: str) -> "Lab":
        """A lab that is up; `LabError` if there is none of this name."""
        record = state.read(name)
        if record is None or not record.alive:
            raise LabError(f"lab {name} is not up: start it with `up`")
        return cls(name, Form((state.folder(name) / "form").read_text()), record)

    def down(self) -> None:
        """End the lab and remove what is left of it and of any dead lab."""
        down(self.name)

    def __enter__(self) -> Self:
        """Use the lab in a `with` statement, which ends it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the lab."""
        self.down()

    # -- looking ---------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The state folder; `folder/MACHINE/etc` and `folder/MACHINE/var` are that machine's."""
        return state.folder(self.name)

    def root(self, machine: str) -> Path:
        """The root of a machine's file system as a host inspection sees it."""
        return Path(f"/proc/{self._pid(machine)}/root") if machine != WORKSTATION else Path("/")

    def kubeconfig(self, user: str = "operator") -> Path:
        """The kubeconfig of `admin`, `operator` or `viewer`."""
        return self.folder / WORKSTATION / f"{user}.kubeconfig"

    def audit_log(self) -> Path:
        """The API server's audit log, one JSON event a line."""
        return self.folder / MASTER / AUDIT_LOG.lstrip("/")

    def command(self, machine: str, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` on a machine.

        On the workstation only the network differs from here; kubectl is the lab's and asks as the operator.
        """
        if machine == WORKSTATION:
            # Outside the machines' PID namespaces: a kubectl whose API server has gone would wait on for minutes.
            with_us = ["setpriv", "--pdeathsig", "KILL", "--"]
            return ["nsenter", "-t", str(self._pid(machine)), "--net", "--", *with_us, *argv]
        clean = ["env", "-i", f"PATH={MACHINE_PATH}", "HOME=/root", f"TERM={os.environ.get('TERM', 'dumb')}"]
        namespaces = ["--net", "--mount", "--uts", "--ipc", "--pid"]
        return ["nsenter", "-t", str(self._pid(machine)), *namespaces, "--", *clean, *argv]

    def environment(self) -> dict[str, str]:
        """The environment of the workstation."""
        kubectl = str(binaries.folder_of("kubernetes"))
        path = f"{kubectl}:{os.environ.get('PATH', MACHINE_PATH)}"
        return {**os.environ, "PATH": path, "KUBECONFIG": str(self.kubeconfig())}

    def run(
        self,
        machine: str,
        argv: Sequence[str],
        *,
        stdin: str | bytes | None = None,
        check: bool = False,
        timeout: float | None = 120,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command on a machine; output is text. `env` and `cwd` count on the workstation only."""
        content = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            self.command(machine, argv),
            input=content if content is not None else b"",
            capture_output=True,
            timeout=timeout,
            env={**self.environment(), **(env or {})},
            cwd=cwd,
            check=False,
        )
        if done.returncode != 0 and not self.record.alive:
            raise LabError(f"lab {self.name} has ended")
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        if check and done.returncode != 0:
            raise LabError(f"{machine}: {' '.join(argv)[:300]} ended with {done.returncode}:\n{out}{err}")
        return subprocess.CompletedProcess(list(argv), done.returncode, out, err)

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True, user: str = "admin"
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl on the workstation."""
        environment = {"KUBECONFIG": str(self.kubeconfig(user))}
        return self.run(WORKSTATION, ["kubectl", *arguments], stdin=stdin, check=check, env=environment)

    def look(self) -> Observation:
        """What the operator sees of the pipeline now."""
        return settle.look(lambda script: self.run(WORKSTATION, ["sh", "-c", script]))

    # -- changing --------------------------------------------------------------------------------------------------

    def apply(self, truth: Truth, *, settle: bool = True) -> Observation | None:
        """Make the machines and the cluster agree with the truth, whatever happened to them; then wait until settled.

        Returns what the operator then sees, None without settling. The form of a lab cannot change.
        """
        if truth.form is not self.form:
            raise LabError(f"lab {self.name} has control plane form {self.form}, not {truth.form}")
        if truth.before is not None:
            self.apply(truth.before)
        begun = time.monotonic()
        moment = _now()
        if not (truth.metrics_server.host_network or truth.metrics_server.pod.rolling):
            self._begin_anew()
        self._lay_ways(Network())
        self.kubectl("delete", "csr", "--all", check=False)  # before kubelets ask anew
        with ThreadPoolExecutor(len(NODES)) as pool:
            restarted = dict(zip(NODES, pool.map(lambda machine: self._agree(machine, truth), NODES), strict=True))
        self._await_apiserver(truth)
        self._renew(truth)
        if all(truth.kubelet(node).mode != "bootstrap" for node in NODES):
            self.kubectl("delete", "csr", "--all")
        self._provide(truth.metrics_server)
        if truth.vpa:
            self._provide_image(
                vertical.IMAGE, lambda: images.recommender(binaries.ensure([binaries.VPA]), vertical.IMAGE)
            )
        remade = self._agree_authentication(truth)
        self._agree_objects(truth)
        self._annotate_nodes(truth)
        if truth.metrics_server.token == "secret":
            self._put_token_into_secret()
        self._await_preferred(truth)
        if remade or "kube-apiserver" in restarted[MASTER] or _needs_new_pod(truth) or self._has_account_of_old():
            self._restart_metrics_server()
        for machine in (WORKSTATION, *NODES):
            self._firewall(machine, truth)
        self._lay_ways(truth.network)
        self._await_rollout(truth)
        self._start_as_caught(truth)
        self._meddle(truth)
        if truth.metrics_server.account == "remade":
            self._remake_account(truth)
        return self.settle(truth, begun=begun, moment=moment) if settle else None

    def _start_as_caught(self, truth: Truth) -> None:
        if truth.caught is Caught.RACED:
            self._race(truth)
        if truth.caught is Caught.STARTED_ANEW:
            self._restart_metrics_server()

    def settle(self, truth: Truth, *, begun: float | None = None, moment: str | None = None) -> Observation:
        """Wait until what the operator sees has settled; see `settle.py` for what counts.

        The healthy truth has settled when all is well twice in a row with metrics taken after the change; any other one
        when nothing has changed for 25 seconds and 45 have passed.
        """
        begun = time.monotonic() if begun is None else begun
        moment = moment or _now()
        if truth.caught is Caught.JUST_STARTED:
            return self._await_just_started()
        if truth.caught is Caught.JUST_JOINED:
            return self._rejoin(NODE1)
        if truth.caught is Caught.RESTARTED:
            return self._restart_apiserver()
        healthy_is_right = replace(truth, form=Form.SYSTEMD, before=None) == Truth()
        last, since, well = None, time.monotonic(), 0
        missed = truth.caught in (Caught.MISSED, Caught.STARTED_ANEW)
        at_least = MISSED_SECONDS if missed else AT_LEAST_SECONDS
        # Two API servers that do not agree overwrite each other's condition every few seconds; so goes a flaky pod.
        steady = STABLE_SECONDS if truth.second_apiserver is None and not truth.hpa.flaky else 0.0
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            seen = self.look()
            now = time.monotonic()
            if last is None or seen.visible != last.visible:
                last, since = seen, now
            well = well + 1 if seen.healthy_since(moment, self._expected_pods()) else 0
            if healthy_is_right and well >= 2:
                return seen
            if not healthy_is_right and now - since >= steady and now - begun >= at_least:
                return seen
            time.sleep(1 if healthy_is_right else 2)
        raise LabError(f"lab {self.name} has not settled within five minutes; last seen: {last}")

    def _expected_pods(self) -> set[str]:
        """Names, without their random parts, that `kubectl top pods -A` lists on a healthy cluster."""
        mirrored = {f"{name}-{MASTER}" for name in STATIC_PODS} if self.form is Form.STATIC else set()
        return {"coredns", "metrics-server", "busy"} | mirrored

    def _await_just_started(self) -> Observation:
        """metrics-server runs and has scraped once at most: it needs two scrapes, a minute apart here."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            shown = self.kubectl("get", "pods", "-n", "kube-system", "-l", METRICS_SERVER, "-o", "json").stdout
            pods = json.loads(shown)["items"]
            if len(pods) == 1 and "running" in _container_state(pods[0]):
                time.sleep(3)
                return self.look()
            time.sleep(0.5)
        raise LabError("metrics-server did not start")

    def _rejoin(self, node: str) -> Observation:
        """Take a node out of the cluster until metrics-server has forgotten it; its kubelet registers as it starts."""
        self._await(lambda: len(self.look().stamps) == len(NODES), "metrics of all nodes")
        self.kubectl("delete", "node", node)
        left = _now()
        self._await(lambda: any(stamp > left for stamp in self.look().stamps), f"a scrape without {node}")
        self.run(node, ["systemctl", "restart", "kubelet"], check=True)
        self._await(lambda: node in self.look().ready_nodes, f"{node} to be ready")
        return self.look()

    def _restart_apiserver(self) -> Observation:
        """Stop it for as long as it takes to be missed, and wait until nobody complains any more."""
        self._await(lambda: len(self.look().stamps) == len(NODES), "metrics of all nodes")
        self.run(MASTER, ["systemctl", "stop", "kube-apiserver"], check=True)
        time.sleep(10)
        self.run(MASTER, ["systemctl", "start", "kube-apiserver"], check=True)
        time.sleep(120)
        self._await(lambda: self.look().available == "True/Passed", "the metrics API")
        return self.look()

    def _await(self, happens: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 200
        while not happens():
            if time.monotonic() > deadline:
                raise LabError(f"lab {self.name} has waited for {what} in vain")
            time.sleep(0.5)

    # -- the parts of apply ----------------------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        """End a metrics-server on its node's network, and one in a rollout, first.

        Without the port that the former may hold its node's kubelet cannot start; the latter has two ReplicaSets, and
        scaled with strategy Recreate the controller leaves both as they are. Pods that were evicted stay for ever.
        """
        select = ("-n", "kube-system", "-l", METRICS_SERVER)
        for phase in ("Failed", "Succeeded"):
            ended = f"--field-selector=status.phase={phase}"
            self.kubectl("delete", "pods", *select, ended, "--request-timeout=5s", check=False)
        shown = self.kubectl("get", "deployments", *select, "-o", "json", "--request-timeout=5s", check=False).stdout
        deployments = json.loads(shown)["items"] if shown.startswith("{") else []
        rolling = any(one["spec"]["strategy"]["type"] == "RollingUpdate" for one in deployments)
        if rolling or any(one["spec"]["template"]["spec"].get("hostNetwork") for one in deployments):
            self.kubectl("delete", "deployments", *select, "--cascade=foreground", "--timeout=60s", check=False)

    def _agree(self, machine: str, truth: Truth) -> set[str]:
        """Write a machine's files and restart the units that need it; returns the names of those."""
        changed = self._write(machine, truth)
        if machine == NODE1 and truth.second_apiserver is None:
            self._without_second_apiserver()
        for unit in machine_units(truth, machine):
            # A remedy may have put its flags into a drop-in.
            shutil.rmtree(self._here(machine, f"{unit.path}.d"), ignore_errors=True)
        if any(path.startswith("/etc/systemd/") for path in changed):
            self.run(machine, ["systemctl", "daemon-reload"], check=True)
        asks = truth.kubelet(machine).mode == "bootstrap"
        if asks or "/var/lib/kubelet/kubelet-config.yaml" in changed:
            # The kubelet prefers a certificate that it made or was given earlier.
            shutil.rmtree(self.folder / machine / "var/lib/kubelet/pki", ignore_errors=True)
        restarted = set()
        for unit in machine_units(truth, machine):
            asks_anew = asks and unit.name == "kubelet"
            if unit.running and (asks_anew or not self._runs(machine, unit)):
                self.run(machine, ["systemctl", "daemon-reload"], check=True)
                self.run(machine, ["systemctl", "restart", unit.name], check=True)
                restarted.add(unit.name)
            elif not unit.running:
                self.run(machine, ["systemctl", "stop", unit.name])
        if any(path.endswith("manifests/kube-apiserver.yaml") for path in changed):
            restarted.add("kube-apiserver")
        return restarted

    def _renew(self, truth: Truth) -> None:
        """Write certificates over those that kubelets have started with; the next `apply` starts them anew."""
        for machine in NODES:
            renewed = truth.kubelet(machine).renewed
            if renewed is None:
                continue
            deadline = time.monotonic() + 30
            answers = ["sh", "-c", f"timeout 2 bash -c '</dev/tcp/{ADDRESSES[machine]}/10250'"]
            while time.monotonic() < deadline and self.run(machine, answers).returncode != 0:
                time.sleep(0.2)
            for path, file in serving_files(renewed, machine, Authorities(self.folder / "pki")).items():
                state.put(self._here(machine, path), file.text, file.mode)

    def _write(self, machine: str, truth: Truth) -> set[str]:
        """Write the files that differ; returns their paths."""
        wanted = machine_files(truth, machine, self.name, Authorities(self.folder / "pki"))
        changed = {path for path, file in wanted.items() if _differs(self._here(machine, path), file)}
        # Manifests last: a pod that restarts must find the files that it reads.
        for path in sorted(changed, key=lambda path: ("/manifests/" in path, path)):
            state.put(self._here(machine, path), wanted[path].text, wanted[path].mode)
        return changed

    def _here(self, machine: str, path: str) -> Path:
        return self.folder / machine / path.lstrip("/")

    def _runs(self, machine: str, unit: Unit) -> bool:
        """Whether a unit's process runs with the right arguments and started after its files' last change."""
        root = self.root(machine)
        try:
            noted = json.loads((root / f"run/lab/state/{unit.name}.json").read_text())
            arguments = (root / f"proc/{noted['main']}/cmdline").read_text().rstrip("\0").split("\0")
            environ = (root / f"proc/{noted['main']}/environ").read_text().split("\0")
        except (OSError, ValueError):
            return False
        begin = (self._here(machine, prefix) for prefix in unit.reads)
        read = [path for prefix in begin for path in prefix.parent.glob(f"{prefix.name}*")]
        newest = max((path.stat().st_mtime for path in read if path.is_file()), default=0.0)
        proxies = {word for word in environ if word.partition("=")[0].upper().endswith("_PROXY")}
        is_right = tuple(arguments) == unit.command and proxies == {f"{name}={value}" for name, value in unit.environ}
        return is_right and newest <= noted["since"]

    def _await_apiserver(self, truth: Truth) -> None:
        """Wait until the API server with the wanted flags answers."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            is_new = self.form is Form.SYSTEMD or self._static_pods_run(truth)
            ready = ("get", "--raw", "/readyz", "--request-timeout=2s")
            if is_new and self.kubectl(*ready, check=False).returncode == 0:
                return
            time.sleep(0.2)
        raise LabError("the API server does not answer; see `journalctl -u kube-apiserver` or /var/log/pods there")

    def _static_pods_run(self, truth: Truth) -> bool:
        """Whether the static pods' processes have the wanted flags."""
        lines = self._command_lines(MASTER)
        commands = control_plane_commands(truth)
        return all((name, *commands[name]) in lines for name in STATIC_PODS)

    def _command_lines(self, machine: str) -> set[tuple[str, ...]]:
        found = set()
        for path in (self.root(machine) / "proc").glob("[0-9]*/cmdline"):
            try:
                found.add(tuple(path.read_text().rstrip("\0").split("\0")))
            except OSError:
                continue
        return found

    def _agree_authentication(self, truth: Truth) -> bool:
        """Remake the ConfigMap that the API server tells its extensions by: it only ever adds to it."""
        deadline = time.monotonic() + 90
        remade = False
        while time.monotonic() < deadline:
            shown = self.kubectl("get", "configmap", "-n", "kube-system", AUTHENTICATION, "-o", "json", check=False)
            if shown.returncode == 0:
                if self._tells(json.loads(shown.stdout)["data"], truth):
                    return self._keep_published_names(truth) or remade
                if not remade:
                    self.kubectl("delete", "configmap", "-n", "kube-system", AUTHENTICATION)
                    remade = True
            time.sleep(0.3)
        raise LabError(f"the API server did not write ConfigMap {AUTHENTICATION} as wanted")

    def _keep_published_names(self, truth: Truth) -> bool:
        """Add what the flags of an earlier day would have left in the ConfigMap, which nobody takes away again."""
        names = json.dumps(truth.apiserver.published_names)
        patch = json.dumps({"data": {"requestheader-allowed-names": names}})
        if truth.apiserver.published_names:
            self.kubectl("patch", "configmap", "-n", "kube-system", AUTHENTICATION, "--type=merge", "-p", patch)
        return bool(truth.apiserver.published_names)

    def _without_second_apiserver(self) -> None:
        unit = self._here(NODE1, "/etc/systemd/system/kube-apiserver.service")
        if unit.exists():
            self.run(NODE1, ["systemctl", "stop", "kube-apiserver"])
            unit.unlink()

    def _meddle(self, truth: Truth) -> None:
        """What somebody does to the API server's files once it runs; the next `apply` undoes it."""
        if truth.apiserver_written:
            written = replace(truth, apiserver=truth.apiserver_written)
            unit = next(unit for unit in machine_units(written, MASTER) if unit.name == "kube-apiserver")
            state.put(self._here(MASTER, unit.path), unit.text, 0o644)
        if truth.started_as_written:
            self.run(MASTER, ["systemctl", "daemon-reload"])
            self.run(MASTER, ["systemctl", "restart", "kube-apiserver"])
        if truth.front_proxy_cert.key != "own":
            other = Authorities(self.folder / "pki").leaf("somebody else", issuer="front-proxy")
            state.put(self._here(MASTER, f"{files.PKI}/front-proxy-key.pem"), other.key, 0o600)
        if truth.front_proxy_cert.key == "swapped-and-restarted":
            self.run(MASTER, ["systemctl", "restart", "kube-apiserver"])
        if truth.apiserver.serving == "own-expired":
            expired = files.apiserver_serving_files(Authorities(self.folder / "pki"), expired=True)
            for path, file in expired.items():
                state.put(self._here(MASTER, path), file.text, file.mode)
            self.run(MASTER, ["systemctl", "restart", "kube-apiserver"])

    def _tells(self, data: dict[str, str], truth: Truth) -> bool:
        header = truth.apiserver.requestheader
        if header is None:
            return not any(key.startswith("requestheader") for key in data)
        ca = self._here(MASTER, files.last_value(truth.apiserver, MASTER, "--requestheader-client-ca-file"))
        lists = {
            # One line of CSV to the API server, which takes off quotes.
            "allowed-names": next(csv.reader([",".join(header.allowed_names)])),
            "username-headers": [header.username_headers],
            "group-headers": [header.group_headers],
            "extra-headers-prefix": [header.extra_headers_prefix],
        }
        return (
            all(json.loads(data.get(f"requestheader-{key}", "null")) == value for key, value in lists.items())
            and ca.exists()
            and data.get("requestheader-client-ca-file", "").strip() == ca.read_text().strip()
        )

    def _agree_objects(self, truth: Truth) -> None:
        authorities = Authorities(self.folder / "pki")
        had_vpas = self.kubectl("get", "crd", vertical.KINDS[0], check=False).returncode == 0
        gone = [*objects.unwanted(truth, authorities), *(objects.unwanted_of_vpas(truth) if had_vpas else ())]
        for kind, namespace, name in gone:
            where = ["-n", namespace] if namespace else []
            self.kubectl("delete", kind, name, *where, "--ignore-not-found", "--wait=true")
        wanted = objects.wanted(truth, authorities)
        kinds = [thing for thing in wanted if thing["kind"] == "CustomResourceDefinition"]
        if kinds:
            defined = _list_of(kinds)
            self.kubectl("apply", "-f", "-", stdin=defined)
            self.kubectl("wait", "--for=condition=Established", "-f", "-", stdin=defined)
        items = [thing for thing in wanted if thing not in kinds]
        self.kubectl("create", "-f", "-", stdin=_list_of(items), check=False)
        # What was there is replaced: unlike apply, that takes away what others have added.
        text = _list_of(thing for thing in items if thing["kind"] != "Job")
        # An object's controller may write its status between kubectl's reading and its writing.
        tries = (self.kubectl("replace", "-f", "-", stdin=text, check=False) for _ in range(10))
        last = next((done for done in tries if done.returncode == 0 or "Conflict" not in done.stderr), None)
        if last is None or last.returncode != 0:
            raise LabError(f"objects cannot be replaced: {last.stderr if last else 'conflicts without end'}")

    def _provide(self, server: MetricsServer) -> None:
        """Give the nodes the image of a release of metrics-server, those that have not got it yet."""
        if server.pod.image == images.FOREIGN:
            foreign = images.foreign(binaries.ensure()["metrics-server-0.8"], self.folder)
            for node in NODES:
                self._import(node, [foreign])
        self._provide_image(
            f"{images.METRICS_SERVER}:{server.version}",
            lambda: images.metrics_server(binaries.ensure(), server.version),
        )

    def _provide_image(self, tag: str, make: Callable[[], images.Image]) -> None:
        listed = ["ctr", "-n", "k8s.io", "images", "ls", "-q"]
        lacking = [node for node in NODES if tag not in self.run(node, listed, check=True).stdout.split()]
        if lacking:
            image = make()
            for node in lacking:
                self._import(node, [image])

    def _annotate_nodes(self, truth: Truth) -> None:
        key = "metrics.k8s.io/resource-metrics-path"
        if self.kubectl("get", "nodes", *NODES, check=False).returncode:
            # A machine that was cut off registers its node once nothing is in the way.
            for node in NODES:
                self._firewall(node, replace(truth, firewall=()))
        # A kubelet registers its node a moment after its start.
        deadline = time.monotonic() + 60
        while self.kubectl("get", "nodes", *NODES, check=False).returncode != 0 and time.monotonic() < deadline:
            time.sleep(0.3)
        for node in NODES:
            path = truth.kubelet(node).metrics_path
            self.kubectl("annotate", "node", node, "--overwrite", f"{key}={path}" if path else f"{key}-")
            self._taint(node, truth.metrics_server.pod.taint)
            shut_down = f"{SHUT_DOWN}:NoSchedule" if truth.kubelet(node).shut_down else f"{SHUT_DOWN}-"
            self.kubectl("taint", "node", node, shut_down, check=False)

    def _await_preferred(self, truth: Truth) -> None:
        """A node that has only just come back takes no pod yet."""
        prefers = truth.metrics_server.pod.prefers
        if prefers and truth.kubelet(prefers).running:
            self._await(lambda: prefers in self.look().ready_nodes, f"{prefers} to be ready")

    def _taint(self, node: str, taint: str | None) -> None:
        key = (taint or TAINT).partition("=")[0]
        self.kubectl("taint", "node", node, f"{key}-", check=False)
        self.kubectl("uncordon", node)
        if taint:
            self.kubectl("taint", "node", node, taint)

    def _await_rollout(self, truth: Truth) -> None:
        """Wait until the pods of metrics-server are the wanted ones, ready or not.

        The controllers come back up to a minute after the API server does; what is seen until then is the former state,
        and steady. Some fault may keep pods from being made at all, so the wait has an end.
        """
        server = truth.metrics_server
        wanted = server.replicas if server.deployed and not server.adapter else 0
        select = ("-n", "kube-system", "-l", METRICS_SERVER, "-o", "json")
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            pods = json.loads(self.kubectl("get", "pods", *select).stdout)["items"]
            deployments = json.loads(self.kubectl("get", "deployments", *select).stdout)["items"]
            leaving = any("deletionTimestamp" in pod["metadata"] for pod in pods)
            if len(pods) == wanted and not leaving and all(_is_rolled_out(thing) for thing in deployments):
                return
            time.sleep(0.3)

    def _restart_metrics_server(self) -> None:
        """Have other pods in the place of those that are there.

        A kubelet whose API server was away asks for its pods again only after up to a minute, and others may be deleted
        meanwhile; a name can be that of a static pod's successor, so it is the uid that has to go.
        """
        leaving = self._pods_of_metrics_server()
        self.kubectl("delete", "pods", "-n", "kube-system", "-l", METRICS_SERVER, "--wait=false", "--ignore-not-found")
        self._await(lambda: not leaving & self._pods_of_metrics_server(), "the former pods of metrics-server to end")

    def _pods_of_metrics_server(self) -> set[str]:
        """Uids; an API server that does not answer has not let go of any."""
        select = ("-n", "kube-system", "-l", METRICS_SERVER, "-o", "jsonpath={.items[*].metadata.uid}")
        deadline = time.monotonic() + 60
        while (shown := self.kubectl("get", "pods", *select, "--request-timeout=5s", check=False)).returncode != 0:
            if time.monotonic() > deadline:
                raise LabError(f"lab {self.name} does not show its pods: {shown.stderr}")
            time.sleep(0.5)
        return set(shown.stdout.split())

    def _account(self) -> dict[str, Any]:
        shown = self.kubectl("get", "serviceaccount", "-n", "kube-system", "metrics-server", "-o", "json", check=False)
        metadata: dict[str, Any] = json.loads(shown.stdout)["metadata"] if shown.returncode == 0 else {}
        return metadata

    def _has_account_of_old(self) -> bool:
        """Whether a pod of metrics-server was made before its ServiceAccount: its token is not of this one."""
        made = self._account().get("creationTimestamp", "")
        shown = self.kubectl("get", "pods", "-n", "kube-system", "-l", METRICS_SERVER, "-o", "json").stdout
        return any(pod["metadata"]["creationTimestamp"] < made for pod in json.loads(shown)["items"])

    def _race(self, truth: Truth) -> None:
        """Start it without its role, which comes as soon as it has been refused, and before it is started anew."""
        self.kubectl("delete", "clusterrole", OWN_ROLE)
        self._restart_metrics_server()
        logs = ("logs", "-n", "kube-system", "-l", METRICS_SERVER, "--tail=-1")
        self._await(lambda: "RBAC: clusterrole" in self.kubectl(*logs, check=False).stdout, "a refusal")
        self._agree_objects(truth)

    def _remake_account(self, truth: Truth) -> None:
        """Delete it, and make it of the same name again, as an installer does that begins anew."""
        time.sleep(2)  # times of objects have no fractions, and this one must be later than its pod's
        self.kubectl("delete", "serviceaccount", "-n", "kube-system", "metrics-server")
        self._agree_objects(truth)

    def _put_token_into_secret(self) -> None:
        """A token of an hour that has all but run out: go-jose grants a minute beyond its exp."""
        now = int(time.time())
        account = {"name": "metrics-server", "uid": self._account()["uid"]}
        issuer = "https://kubernetes.default.svc.cluster.local"
        claims = {
            "iss": issuer,
            "aud": [issuer],
            "sub": "system:serviceaccount:kube-system:metrics-server",
            "iat": now - 3625,
            "nbf": now - 3625,
            "exp": now - 25,
            "kubernetes.io": {"namespace": "kube-system", "serviceaccount": account},
        }
        authorities = Authorities(self.folder / "pki")
        data = {
            "token": pki.token(authorities.service_account(), claims),
            "ca.crt": authorities.authority("cluster").cert,
            "namespace": "kube-system",
        }
        metadata = {"name": objects.TOKEN_SECRET, "namespace": "kube-system"}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(secret))

    def _firewall(self, machine: str, truth: Truth) -> None:
        told = machine in NODES and truth.kubelet(machine).tale is not None
        script = network.firewall_script(truth.drops(machine), figures_of=ADDRESSES[machine] if told else "")
        self.run(machine, ["sh", "-c", script], check=True)

    def _lay_ways(self, wanted: Network) -> None:
        for machine in NODES:
            self.run(machine, ["sh", "-c", network.way_script(machine, wanted)], check=True)
        if not wanted.proxy_on_master:
            self.run(MASTER, ["kube-proxy", "--cleanup"])
        if wanted.largest:
            self._restart_metrics_server()  # over a connection that stands small questions get their small answers

    # -- the parts of up -------------------------------------------------------------------------------------------

    def _pid(self, machine: str) -> int:
        if machine == WORKSTATION:
            assert self.record.supervisor
            return self.record.supervisor.pid
        pids = {name: pid.pid for name, pid in self.record.machines}
        if machine not in pids:
            raise LabError(f"no machine {machine!r}: there are {', '.join((WORKSTATION, *NODES))}")
        return pids[machine]

    def _connect(self) -> None:
        pids = [(name, pid.pid) for name, pid in self.record.machines]
        self.run(WORKSTATION, ["sh", "-c", network.workstation_script(pids)], check=True)
        for machine in NODES:
            self.run(machine, ["sh", "-c", network.machine_script(machine)], check=True)

    def _start_containers(self, programs: Mapping[str, Path]) -> None:
        """Start containerd everywhere and give it the images."""
        for machine in NODES:
            self.run(machine, ["systemctl", "start", "containerd"], check=True)
        if self.form is Form.STATIC:
            self._import(MASTER, images.control_plane(programs, self.form))
        later = tuple(images.workload(programs))
        with ThreadPoolExecutor(len(NODES)) as pool:
            list(pool.map(lambda machine: self._import(machine, later), NODES))

    def _import(self, machine: str, wanted: Iterable[images.Image]) -> None:
        for image in wanted:
            archive = image.archive()
            deadline = time.monotonic() + 30
            while True:
                done = self.run(machine, ["ctr", "-n", "k8s.io", "images", "import", "-"], stdin=archive)
                if done.returncode == 0:
                    break
                if time.monotonic() > deadline:
                    raise LabError(f"{machine}: image {image.tag} cannot be imported: {done.stderr}")
                time.sleep(0.2)


METRICS_SERVER = "k8s-app=metrics-server"
SHUT_DOWN = "node.cloudprovider.kubernetes.io/shutdown"
TAINT = "dedicated"  # the key of the one that a patient's nodes have
# This process's ends of the pipes to the watchers of labs that end with it.
_LIFELINES: dict[str, int] = {}


def down(name: str) -> bool:
    """End a lab if it is up, and remove what any dead lab left behind; returns whether it was up."""
    record = state.read(name)
    was_up = record is not None and record.watcher.alive
    if record and was_up:
        record.watcher.kill(signal.SIGTERM)
        if not record.watcher.wait_gone(30):
            record.watcher.kill()
    if name in _LIFELINES:
        os.close(_LIFELINES.pop(name))
    with state.alone():
        state.sweep()
        state.remove_root()
    return was_up


def _abandon(name: str, token: str) -> None:
    """Wait for the end of a lab that did not come to stand, and remove what was written after its end."""
    record = state.read(name)
    if record and record.token == token and not record.watcher.wait_gone(30):
        record.watcher.kill()
    with state.alone():
        state.sweep()
        state.remove_root()


def _prepare(name: str, truth: Truth, programs: Mapping[str, Path]) -> None:
    """Lay out the machines' folders; the file that the watcher waits for comes last."""
    top = state.folder(name)
    authorities = Authorities(top / "pki")
    authorities.make()
    for machine in NODES:
        etc, var = top / machine / "etc", top / machine / "var"
        etc.mkdir(parents=True)
        for entry in FROM_HOST:
            _copy(Path("/etc") / entry, etc / entry)
        for folder in ("lib/kubelet", "lib/containerd", "log/pods", "log/kubernetes", "tmp", "lib/etcd"):
            (var / folder).mkdir(parents=True)
        (var / "lib/etcd").chmod(0o700)
        (var / "run").symlink_to("/run")
        (etc / "mtab").symlink_to("/proc/self/mounts")
        (etc / "machine-id").write_text(f"{abs(hash((name, machine))):032x}"[:32] + "\n")
        for path, file in machine_files(truth, machine, name, authorities).items():
            state.put(top / machine / path.lstrip("/"), file.text, file.mode)
    for user, group in USERS.items():
        text = kubeconfig(authorities, user, authorities.leaf(user, organization=group))
        state.put(top / WORKSTATION / f"{user}.kubeconfig", text, 0o600)
    _lay_out_programs(top, programs)
    (top / "form").write_text(truth.form)


def _lay_out_programs(top: Path, programs: Mapping[str, Path]) -> None:
    """Mount points for the machines' /usr/local/bin, and the list of what goes where."""
    bin_folder = top / "bin"
    bin_folder.mkdir()
    source = (Path(__file__).parent / "stand_ins" / "systemctl.py").read_text()
    for name in ("systemctl", "journalctl"):
        # Without the user's site packages, and quickly.
        state.put(bin_folder / name, f"#!{_python()} -SE\n{source}", 0o755)
    state.put(bin_folder / "scp", (Path(__file__).parent / "stand_ins" / "scp.sh").read_text(), 0o755)
    for name in programs:
        (bin_folder / name).touch()
    state.put(top / "binaries", "".join(f"{name} {path}\n" for name, path in programs.items()))


def _python() -> str:
    """A Python that the machines see too: their /etc, /var and /run are not this machine's."""
    system = Path("/usr/bin/python3")
    return str(system if system.exists() else Path("/proc/self/exe").resolve())


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore_dangling_symlinks=True)
    elif source.exists():
        shutil.copy2(source, target)


def _await_start(name: str, token: str, prepare: Callable[[], None]) -> state.Record:
    """Prepare as soon as the watcher has made the state folder, then wait for the machines."""
    deadline = time.monotonic() + 60
    prepared = False
    while time.monotonic() < deadline:
        record = state.read(name)
        mine = record is not None and record.token == token and record.watcher.alive
        if prepared and not mine:
            break
        if mine and not prepared:
            prepare()
            prepared = True
        if record and mine and record.machines:
            return record
        if record and not mine and record.watcher.alive:
            raise LabError(f"lab {name} is being started by somebody else")
        time.sleep(0.02)
    raise LabError(f"lab {name} did not start, or was ended; what its watcher said is above")


def _differs(path: Path, file: File) -> bool:
    try:
        return path.read_text() != file.text or path.stat().st_mode & 0o777 != file.mode
    except FileNotFoundError:
        return True


def _needs_new_pod(truth: Truth) -> bool:
    """Whether a pod that has run for a while would not show what it should."""
    pod = truth.metrics_server.pod
    kept_out = pod.quota or pod.taint is not None
    # What it prefers was perhaps not to be had when it was made.
    prefers = pod.prefers is not None and truth.kubelet(pod.prefers).running
    moves = kept_out or prefers or not truth.keeps_endpoints or truth.metrics_server.rights.role == "gone"
    return moves or truth.caught is Caught.JUST_STARTED or truth.metrics_server.token == "secret"


def _is_rolled_out(deployment: dict[str, Any]) -> bool:
    """Whether the controller has made every pod from the latest template, whatever became of them."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(seen and status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted)


def _list_of(things: Iterable[objects.Object]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(things)})


def _container_state(pod: dict[str, Any]) -> dict[str, object]:
    statuses = pod["status"].get("containerStatuses") or [{}]
    found: dict[str, object] = statuses[0].get("state", {})
    return found


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
