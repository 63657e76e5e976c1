"""Command lines are read as pflag reads them."""

import pytest

from msdoctor.facts.flags import Argument, parse


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["--cert-dir=/tmp"], "/tmp"),
        (["--cert-dir", "/tmp"], "/tmp"),
        (["-cert-dir=/tmp"], "/tmp"),
        (["--cert-dir=/a", "--cert-dir=/tmp"], "/tmp"),
        (["--cert-dir=/a=b"], "/a=b"),
        (["--cert-dir="], ""),
        (["--cert-dir"], "true"),
        (["--cert-dir", "--other"], "true"),
        (['--cert-dir="/tmp"'], '"/tmp"'),
        (["word", "--cert-dir=/tmp"], "/tmp"),
        (["--cert-dir=/tmp", "--", "--cert-dir=/after"], "/tmp"),
        ([], "default"),
        (["--cert-dirs=/tmp"], "default"),
    ],
)
def test_a_flag_of_one_value(arguments: list[str], value: str) -> None:
    assert parse(arguments).text("cert-dir", "default") == value


@pytest.mark.parametrize(
    ("arguments", "on"),
    [
        (["--kubelet-insecure-tls"], True),
        (["--kubelet-insecure-tls=true"], True),
        (["--kubelet-insecure-tls=1"], True),
        (["--kubelet-insecure-tls=false"], False),
        (["--kubelet-insecure-tls", "--kubelet-insecure-tls=false"], False),
        (["--kubelet-insecure-tls", "false"], True),  # pflag takes the word for an argument of its own
        (["--kubelet-insecure-tls", "--v", "2"], True),
        ([], False),
    ],
)
def test_a_boolean_flag_takes_no_word_after_it(arguments: list[str], on: bool) -> None:
    assert parse(arguments).on("kubelet-insecure-tls") is on


@pytest.mark.parametrize(
    ("arguments", "elements"),
    [
        (["--types=InternalIP,Hostname"], ("InternalIP", "Hostname")),
        (["--types=InternalIP", "--types", "Hostname"], ("InternalIP", "Hostname")),
        (["--types="], ()),
        (['--types="InternalIP,Hostname"'], ("InternalIP,Hostname",)),  # quotes that no shell took off: one element
        (['--types="a""b",c'], ('a"b', "c")),
        (['--types="never closed'], ("never closed",)),
        ([], ()),
    ],
)
def test_a_list_adds_up_and_each_value_is_a_line_of_csv(arguments: list[str], elements: tuple[str, ...]) -> None:
    assert parse(arguments).listed("types") == elements


def test_the_line_is_that_of_the_occurrence_that_counts() -> None:
    flags = parse([Argument("--a=1", 3), Argument("--a", 4), Argument("2", 5)])

    assert flags.line("a") == 4
    assert flags.text("a") == "2"
    assert flags.line("b") is None
    assert "a" in flags
    assert "b" not in flags
