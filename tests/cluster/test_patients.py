"""The first six patients, in both forms of control plane, diagnosed by msdoctor from their workstation.

Each patient is brought about once and looked at in every way; the tests then say what each look has to show.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from expected import FLOWING, TRUTH, is_note
from lab.cluster import Lab
from lab.truth import NODES, WORKSTATION, Form
from lab.variants import patient

pytestmark = pytest.mark.cluster

CHECKOUT = Path(__file__).resolve().parents[2]

# In an order that has the API server restarted once: as a static pod it takes a minute each time.
SIX = (
    "healthy",
    "kubelet-cert-san-mismatch",
    "guides-way-out",
    "guides-patch",
    "story",
    "requestheader-config-missing",
)
READS = {"get", "list", "watch"}
REVIEWS = {"subjectaccessreviews", "selfsubjectaccessreviews"}


@dataclass(frozen=True)
class Look:
    """One run of msdoctor: its exit code, its report as JSON, and what it printed."""

    code: int
    report: Any
    errors: str

    @property
    def found(self) -> set[tuple[str, str]]:
        """Ids with their states, notes left out."""
        return {(cause["id"], cause["state"]) for cause in self.report["causes"] if not is_note(cause)}

    @property
    def unseen(self) -> str:
        """Everything that was not seen, in one text."""
        return "\n".join(f"{gap['what']}: {gap['reason']} {gap['remedy']}" for gap in self.report["gaps"])

    @property
    def told(self) -> str:
        """The causes and gaps in full, for the message of a test that fails."""
        return json.dumps({key: self.report[key] for key in ("causes", "gaps")}, indent=1)


@dataclass(frozen=True)
class Seen:
    """All looks at one patient."""

    patient: str
    with_files: Look
    without_files: Look
    as_viewer: Look
    without_route: Look
    live_text: str
    replayed_text: str


def msdoctor(lab: Lab, *arguments: str, user: str = "operator") -> "subprocess.CompletedProcess[str]":
    """Run it on the workstation as one of the lab's users."""
    environment = {"KUBECONFIG": str(lab.kubeconfig(user)), "PYTHONPATH": str(CHECKOUT)}
    return lab.run(WORKSTATION, [sys.executable, "-m", "msdoctor", *arguments], env=environment)


def look(lab: Lab, *arguments: str, user: str = "operator") -> Look:
    """One run whose report is read as JSON."""
    done = msdoctor(lab, "run", "-o", "json", *arguments, user=user)
    assert done.stdout, done.stderr
    return Look(done.returncode, json.loads(done.stdout), done.stderr)


def roots(lab: Lab) -> list[str]:
    """The machines' files, as the running machines show them."""
    return [word for node in NODES for word in ("--host-root", f"{node}={lab.root(node)}")]


def exit_code(name: str) -> int:
    """0 where metrics flow for every node, 1 where a cause was found."""
    return 0 if name in FLOWING else 1


@pytest.fixture(scope="class")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    form: Form = request.cls.form
    with Lab.up(f"patients-{form}-{os.getpid()}", patient("healthy", form)) as lab:
        yield lab


@pytest.fixture(scope="class", params=SIX)
def seen(lab: Lab, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    name: str = request.param
    truth = patient(name, lab.form)
    lab.apply(truth)
    bundle = tmp_path_factory.mktemp("bundle") / "look.tar.gz"
    live = msdoctor(lab, "run", *roots(lab), "--save", str(bundle))
    replayed = msdoctor(lab, "run", "--from", str(bundle))
    with_files, without_files, as_viewer = look(lab, *roots(lab)), look(lab), look(lab, user="viewer")
    lab.apply(replace(truth, workstation_reaches_kubelets=False), settle=False)
    without_route = look(lab)
    lab.apply(truth, settle=False)
    return Seen(name, with_files, without_files, as_viewer, without_route, live.stdout, replayed.stdout)


class Patients:
    """What holds in either form of control plane."""

    form: ClassVar[Form]

    def test_with_the_machines_files_exactly_the_faults_are_named(self, seen: Seen) -> None:
        assert seen.with_files.found == TRUTH[seen.patient], seen.live_text
        assert seen.with_files.code == exit_code(seen.patient), seen.with_files.told
        assert all(cause["confidence"] == "certain" for cause in seen.with_files.report["causes"]), seen.with_files.told

    def test_without_the_files_the_same_is_named_and_the_files_are_missed(self, seen: Seen) -> None:
        assert seen.without_files.found == TRUTH[seen.patient], seen.without_files.told
        assert seen.without_files.code == exit_code(seen.patient), seen.without_files.told
        assert "--host-root" in seen.without_files.unseen

    def test_who_may_read_little_names_no_false_cause(self, seen: Seen) -> None:
        assert seen.as_viewer.found <= TRUTH[seen.patient]
        assert "forbidden" in seen.as_viewer.unseen

    def test_a_workstation_without_a_route_to_the_kubelets_accuses_no_healthy_kubelet(self, seen: Seen) -> None:
        assert seen.without_route.found <= TRUTH[seen.patient]
        assert re.search(r"kubelet at 192\.168\.10\.5.*no answer within", seen.without_route.unseen)
        accused = {subject for cause in seen.without_route.report["causes"] for subject in cause["subjects"]}
        assert "node/k8s-master" not in accused

    def test_a_replay_gives_the_same_report_but_for_its_age(self, seen: Seen) -> None:
        age = re.compile(r"(?<=Z, )(just now|recorded .* ago)$", re.MULTILINE)

        assert age.sub("AGE", seen.live_text) == age.sub("AGE", seen.replayed_text)

    def test_metrics_are_proven_where_they_flow(self, seen: Seen) -> None:
        flow = seen.with_files.report["flow"]
        flows = seen.patient in FLOWING

        assert (flow["nodes"] == {"seen": 2, "of": 2}) is flows
        assert flow["conclusive"] is (flows or seen.patient == "kubelet-cert-san-mismatch")
        assert flow["askedAs"] == "operator"

    @pytest.mark.usefixtures("seen")
    def test_nothing_but_reading_and_asking_was_ever_done(self, lab: Lab) -> None:
        """The API server's audit log is the witness."""
        events = [json.loads(line) for line in lab.audit_log().read_text().splitlines() if '"msdoctor/' in line]
        done = {(event["verb"], event.get("objectRef", {}).get("resource", "")) for event in events}

        assert len(events) > 50
        assert all(verb in READS or (verb == "create" and resource in REVIEWS) for verb, resource in done), done


class TestStaticPods(Patients):
    form = Form.STATIC


class TestSystemdUnits(Patients):
    form = Form.SYSTEMD
