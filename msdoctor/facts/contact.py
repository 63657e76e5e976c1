"""How metrics-server's connections to the API server fared, by what it says of those that broke or could not be made.

That a connection is lost shows that it had been made: several losses apart from each other are a connection that does
not last, and not an API server that cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.facts.processes import Component
from msdoctor.model import Unseen
from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import ConnectionLost, Dial

# A reflector tries again within a minute (client-go tools/cache/reflector.go: [30,60) s), so that longer silence is
# success.
APART = timedelta(seconds=90)
WATCH = "unable to decode an event from the watch stream"
KUBELETS = ("/metrics/resource", "/stats/summary")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Complaints that follow one another closely. ``lost``: whether connections were lost, or only not made."""

    said: tuple[Utterance, ...]
    first: datetime
    last: datetime
    lost: bool
    restarted: Component | None

    def over(self, now: datetime) -> bool:
        """Whether it has not been complained of for so long that all is well again."""
        return now - self.last > APART

    @property
    def newest(self) -> Utterance:
        """Its last complaint that is of a loss; else its last."""
        losses = [said for said in self.said if isinstance(said.error, ConnectionLost)]
        return (losses or self.said)[-1]


def troubles(log: Sequence[Utterance] | Unseen, servers: Sequence[Component]) -> tuple[Trouble, ...] | Unseen:
    """In the order of time. ``restarted``: the API server that was started meanwhile, as its process shows."""
    if isinstance(log, Unseen):
        return log
    complaints = [(said.at, said) for said in log if said.at and said.at.tzinfo and _is_about_api_server(said)]
    runs: list[list[tuple[datetime, Utterance]]] = []
    for at, said in sorted(complaints, key=lambda pair: pair[0]):
        if runs and at - runs[-1][-1][0] <= APART:
            runs[-1].append((at, said))
        else:
            runs.append([(at, said)])
    return tuple(_trouble(run, servers) for run in runs)


def _trouble(run: Sequence[tuple[datetime, Utterance]], servers: Sequence[Component]) -> Trouble:
    first, last = run[0][0], run[-1][0]
    said = tuple(one for _, one in run)
    lost = any(isinstance(one.error, ConnectionLost) for one in said)
    return Trouble(said, first, last, lost, next(started_meanwhile(servers, first, last), None))


def started_meanwhile(servers: Sequence[Component], first: datetime, last: datetime) -> Iterator[Component]:
    """API servers that were started then, or so shortly before or after that it is the same trouble."""
    for server in servers:
        if server.started and first - APART <= server.started <= last + APART:
            yield server


def _is_about_api_server(said: Utterance) -> bool:
    if not isinstance(said.error, ConnectionLost | Dial):
        return False
    path = said.connection.path
    if any(WATCH in wrapper for wrapper in said.outer):
        return True
    return path.startswith(("/api/v1/", "/apis/")) and not path.startswith(KUBELETS)
