"""A diagnosis as metrics in Prometheus' text format, for node_exporter's textfile collector.

Every state is a series of its own, of which the one that holds is 1: an alert then asks for the state by name, and ends
by itself. What could not be counted has no series. No series names a node or a pod, of which there are thousands;
``msdoctor run`` does. Alert rules for these metrics are in ``deploy/prometheus/``. Of files in a repository the metrics
have names of their own, so that no alert takes what is not rolled out yet for a cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msdoctor import __version__
from msdoctor.diagnosis import Diagnosis, HopState, Verdict
from msdoctor.judge import Result
from msdoctor.pipeline import NAMES

from .blocks import of_cluster
from .formats import Style
from .terminal import visible

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Gauge:
    name: str
    meaning: str
    samples: tuple[tuple[Labels, int | float], ...]


def render(diagnosis: Diagnosis, _style: Style) -> str:
    """Every metric bears the name of the cluster, so that the files of several may lie in one directory."""
    if not of_cluster(diagnosis):
        return "".join(line for gauge in _of_files(diagnosis) for line in _lines(gauge, {}))
    cluster = {"cluster": diagnosis.context.cluster}
    return "".join(line for gauge in _gauges(diagnosis) for line in _lines(gauge, cluster))


def _of_files(diagnosis: Diagnosis) -> Iterator[_Gauge]:
    """What `preflight` can say; it knows nothing of nodes, pods and samples."""
    name = "msdoctor_repository"
    yield _Gauge(f"{name}_info", "What wrote this: msdoctor's version.", (({"version": __version__}, 1),))
    yield _one(f"{name}_taken_at_timestamp_seconds", "When the files were judged.", diagnosis.taken_at.timestamp())
    verdicts = (Verdict.HEALTHY, Verdict.AT_RISK, Verdict.BROKEN, Verdict.INCOMPLETE)
    states = tuple(({"verdict": str(verdict)}, int(verdict is diagnosis.verdict)) for verdict in verdicts)
    meaning = "What a cluster made of these files would be, incomplete where they declare none: 1 for what holds."
    yield _Gauge(f"{name}_verdict", meaning, states)
    yield _Gauge(f"{name}_cause", "Faults and risks of the files, and of how many things.", _causes(diagnosis))
    aside = Counter(item.id for item in diagnosis.suppressed)
    yield _by(f"{name}_suppressed", "What was found and is not counted, by the user's word.", "id", aside)
    yield _one(f"{name}_unseen", "Things that could not be judged.", sum(gap.count for gap in diagnosis.gaps))
    yield _checks(f"{name}_checks", diagnosis)


def _gauges(diagnosis: Diagnosis) -> Iterator[_Gauge]:
    flow = diagnosis.flow
    yield _Gauge("msdoctor_info", "What wrote this: msdoctor's version.", (({"version": __version__}, 1),))
    taken_at = diagnosis.taken_at.timestamp()
    yield _one("msdoctor_taken_at_timestamp_seconds", "When the look ended.", taken_at)
    verdicts = tuple(({"verdict": str(verdict)}, int(verdict is diagnosis.verdict)) for verdict in Verdict)
    yield _Gauge("msdoctor_verdict", "The whole in one word: 1 for the verdict that holds.", verdicts)
    hops = tuple(
        ({"hop": str(hop.hop), "name": NAMES[hop.hop], "state": str(state)}, int(state is hop.state))
        for hop in diagnosis.hops
        for state in HopState
    )
    yield _Gauge("msdoctor_hop_state", "The state of each hop of the pipeline: 1 for the one that holds.", hops)
    yield _Gauge("msdoctor_cause", "Causes and risks that were found, and of how many things.", _causes(diagnosis))
    symptoms = Counter(item.id for item in diagnosis.unexplained)
    yield _by("msdoctor_unexplained", "Symptoms that no known cause explains.", "id", symptoms)
    others = Counter(cause.id for cause in diagnosis.elsewhere)
    yield _by("msdoctor_elsewhere", "What is the matter with other pipelines.", "id", others)
    aside = Counter(item.id for item in diagnosis.suppressed)
    yield _by("msdoctor_suppressed", "What was found and is not counted, by the user's settings.", "id", aside)
    yield _one("msdoctor_nodes_seen", "Nodes with fresh metrics.", flow.nodes_seen)
    yield _one("msdoctor_nodes", "Nodes of which metrics are expected.", flow.nodes_of)
    yield _one("msdoctor_pods_seen", "Running pods with metrics.", flow.pods_seen)
    yield _one("msdoctor_pods", "Running pods.", flow.pods_of)
    age = flow.newest_sample_age_seconds
    yield _one("msdoctor_newest_sample_age_seconds", "Age of the newest sample when the look ended.", age)
    yield _one("msdoctor_hpas_blind", "HPAs that get no metrics.", len(flow.blind_hpas))
    yield _one("msdoctor_vpas_blind", "VPAs that get no metrics.", len(flow.blind_vpas))
    yield _one("msdoctor_hpas", "HPAs.", flow.hpas_of)
    unseen = sum(gap.count for gap in diagnosis.gaps)
    yield _one("msdoctor_unseen", "Things that could not be seen.", unseen)
    yield _checks("msdoctor_checks", diagnosis)


def _checks(name: str, diagnosis: Diagnosis) -> _Gauge:
    ends = Counter(check.outcome for check in diagnosis.checks)
    return _by(name, "How the checks ended.", "outcome", {str(result): ends[result] for result in Result})


def _causes(diagnosis: Diagnosis) -> tuple[tuple[Labels, int], ...]:
    """One series for those that are alike in all that stands in it; its value is how many subjects they have."""
    counted: Counter[tuple[tuple[str, str], ...]] = Counter()
    for cause in diagnosis.causes:
        labels = {
            "id": cause.id,
            "class": str(cause.check.cls),
            "hop": str(cause.check.hop),
            "confidence": str(cause.finding.confidence),
            "state": str(cause.finding.state),
        }
        counted[tuple(labels.items())] += max(1, len(cause.finding.subjects))
    return tuple((dict(labels), number) for labels, number in counted.items())


def _one(name: str, meaning: str, value: float | None) -> _Gauge:
    return _Gauge(name, meaning, () if value is None else (({}, value),))


def _by(name: str, meaning: str, label: str, counted: Mapping[str, int]) -> _Gauge:
    return _Gauge(name, meaning, tuple(({label: value}, number) for value, number in counted.items()))


def _lines(gauge: _Gauge, common: Labels) -> Iterable[str]:
    yield f"# HELP {gauge.name} {gauge.meaning}\n"
    yield f"# TYPE {gauge.name} gauge\n"
    for labels, value in gauge.samples:
        listed = ",".join(f'{name}="{_escaped(text)}"' for name, text in {**common, **labels}.items())
        yield f"{gauge.name}{{{listed}}} {value}\n"


def _escaped(text: str) -> str:
    """As the format asks for, after everything that does not print was made to."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
