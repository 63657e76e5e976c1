"""Every id reads like an id, and every title like a sentence."""

import re

import pytest

from msdoctor.model import Class
from msdoctor.vocabulary import ENTRIES, VOCABULARY, Entry


def test_no_id_is_given_twice() -> None:
    assert len(ENTRIES) == len(VOCABULARY)


def test_no_two_ids_have_the_same_title() -> None:
    assert len(ENTRIES) == len({entry.title for entry in ENTRIES})


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_is_well_formed(entry: Entry) -> None:
    # proxy-env-no_proxy bears the name of the environment variable.
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", entry.id.replace("no_proxy", "no-proxy"))
    assert re.fullmatch(r"[A-Zm][^.\n]*[^ .]\.", entry.title)
    assert entry.classes
    assert Class.HEALTHY not in entry.classes


def test_only_noise_has_no_hop() -> None:
    assert {entry.classes for entry in ENTRIES if entry.hop is None} == {(Class.BENIGN,)}
