import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from msdoctor.bundle import WORKSTATION, Bundle, Context, Kind, Place, Reason, Refusal
from msdoctor.collect.look import Answer, look

NOW = datetime(2026, 11, 25, 13, 0, 0, 999, tzinfo=UTC)
LONG = 30  # seconds: longer than a machine that is busy with other things keeps a thread waiting


def api(path: str) -> Place:
    return Place(WORKSTATION, Kind.API, path)


def tls(number: int) -> Place:
    return Place(WORKSTATION, Kind.TLS, f"127.0.0.{number}:10250")


@dataclass
class Fake:
    """Sources that answer as told, and count how many ask at once."""

    answer: Callable[[Place], Answer]
    context: Context = field(default_factory=Context)
    most: int = 0
    busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, place: Place, seconds: float) -> Answer:
        assert 0 < seconds <= 10
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
        try:
            return self.answer(place)
        finally:
            with self.lock:
                self.busy -= 1


def seen(sources: Fake, wanted: Callable[[Bundle], frozenset[Place]], timeout: float = 5) -> Bundle:
    return look(sources, wanted, timeout=timeout, clock=lambda: NOW)


def test_what_arrives_leads_on_to_more() -> None:
    def wanted(bundle: Bundle) -> frozenset[Place]:
        return frozenset({api("/nodes"), *(tls(n) for n in range(3) if bundle.api("/nodes").body)})

    bundle = seen(Fake(lambda _: b'{"a": 1}'), wanted)

    assert set(bundle.documents) == {api("/nodes"), tls(0), tls(1), tls(2)}
    assert bundle.taken_at == NOW.replace(microsecond=0)
    assert bundle.api("/nodes").at == NOW.replace(microsecond=0)
    assert bundle.api("/nodes").body == b'{\n "a": 1\n}\n'


def test_the_planner_is_not_asked_after_every_handshake() -> None:
    asked: list[int] = []

    def wanted(bundle: Bundle) -> frozenset[Place]:
        asked.append(len(bundle.documents))
        return frozenset(tls(number) for number in range(100))

    seen(Fake(lambda _: b"{}"), wanted)

    assert asked == [0]


def test_many_are_asked_at_once_but_not_too_many() -> None:
    several = threading.Event()

    def slow(_: Place) -> Answer:
        if sources.busy >= 8:
            several.set()
        several.wait(LONG)
        time.sleep(0.02)
        return b"{}"

    sources = Fake(slow)
    bundle = seen(sources, lambda _: frozenset(api(f"/{number}") for number in range(40)), timeout=LONG)

    assert len(bundle.documents) == 40
    assert 8 <= sources.most <= 16


def test_silent_peers_keep_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msdoctor.collect.look.SECONDS", {Kind.TLS: 10.0})
    monkeypatch.setattr("msdoctor.collect.look.LIVELY_SECONDS", 0.1)
    answered: list[Place] = []
    last = Place(WORKSTATION, Kind.TLS, "127.0.1.1:10250")
    after_the_last = threading.Event()

    def silent_until_the_last_is_asked(place: Place) -> Answer:
        if place != last:
            after_the_last.wait(LONG)
        answered.append(place)
        after_the_last.set()
        return b"{}"

    sources = Fake(silent_until_the_last_is_asked)
    bundle = seen(sources, lambda _: frozenset({last, *(tls(number) for number in range(200))}), timeout=LONG)

    assert bundle.at(last).body == b"{}\n"
    assert answered[0] == last
    assert sources.most > 150


def test_silent_peers_hold_no_more_threads_than_a_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msdoctor.collect.look.LIVELY_SECONDS", 0.01)
    monkeypatch.setattr("msdoctor.collect.look.MOST_SHAKING", 70)
    many = threading.Event()

    def silent(_: Place) -> Answer:
        if sources.busy > 64:
            many.set()
        many.wait(LONG)
        time.sleep(0.3)  # in which all the others would be asked, if nothing held them back
        return b"{}"

    sources = Fake(silent)
    seen(sources, lambda _: frozenset(tls(number) for number in range(200)), timeout=LONG)

    assert 64 < sources.most <= 70


def test_the_deadline_holds_though_nobody_answers() -> None:
    forever = threading.Event()

    def hang(_: Place) -> Answer:
        forever.wait(2 * LONG)
        return b"{}"

    began = time.monotonic()
    bundle = seen(Fake(hang), lambda _: frozenset(api(f"/{number}") for number in range(40)), timeout=0.3)
    forever.set()

    assert time.monotonic() - began < LONG
    assert {document.refusal.reason for document in bundle.documents.values() if document.refusal} == {Reason.DEADLINE}
    details = [document.refusal.detail for document in bundle.documents.values() if document.refusal]
    asked = [detail for detail in details if detail.startswith("not answered")]
    assert len(asked) <= 16
    assert len([detail for detail in details if detail.startswith("not asked")]) == 40 - len(asked)


def test_a_source_that_overstays_its_own_time_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msdoctor.collect.look.SECONDS", {Kind.API: 1.0})
    monkeypatch.setattr("msdoctor.collect.look.GRACE_SECONDS", 0.5)
    forever = threading.Event()

    def hang(place: Place) -> Answer:
        if place.path == "/slow":
            forever.wait(LONG)
        return b"{}"

    bundle = seen(Fake(hang), lambda _: frozenset({api("/slow"), api("/quick")}), timeout=LONG)
    forever.set()

    assert bundle.api("/quick").body == b"{}\n"
    assert bundle.api("/slow").refusal == Refusal(Reason.TIMEOUT, "no answer within 1 s")


def test_a_source_that_breaks_hides_nothing_else() -> None:
    def broken(place: Place) -> Answer:
        if place.path == "/broken":
            raise KeyError("x")
        return b"{}"

    bundle = seen(Fake(broken), lambda _: frozenset({api("/broken"), api("/well")}))

    assert bundle.api("/well").body == b"{}\n"
    assert bundle.api("/broken").refusal == Refusal(Reason.FAILED, "msdoctor failed: KeyError: 'x'")


def test_progress_counts_to_the_end() -> None:
    told: list[tuple[int, int, str]] = []
    look(
        Fake(lambda _: b"{}"),
        lambda _: frozenset({api("/a"), api("/b")}),
        timeout=5,
        on_progress=lambda done, total, current: told.append((done, total, current)),
    )

    assert [(done, total) for done, total, _ in told] == [(1, 2), (2, 2)]
    assert {current for _, _, current in told} == {"/a", "/b"}


def test_the_context_keeps_no_password() -> None:
    bundle = seen(Fake(lambda _: b"{}", Context(server="https://a:b@c")), lambda _: frozenset())

    assert bundle.context.server == "https://[redacted]@c"
