"""Error values behave as frozen dataclasses do."""

import pytest

from msdoctor.utterances.errors import Canceled, Dial, HTTPStatus, NoMetricsToServe


def test_values_are_equal_by_kind_and_parts() -> None:
    assert HTTPStatus("403") == HTTPStatus(code="403", text="")
    assert HTTPStatus("403") != HTTPStatus("401")
    assert Canceled() != NoMetricsToServe()
    assert len({Canceled(), Canceled(), HTTPStatus("403"), HTTPStatus("403")}) == 2


def test_a_value_shows_its_parts() -> None:
    assert repr(Dial("10.0.0.1:443", "i/o timeout")) == "Dial(address='10.0.0.1:443', failure='i/o timeout')"


def test_a_value_does_not_change() -> None:
    error = HTTPStatus("403")
    with pytest.raises(AttributeError, match="does not change"):
        error.code = "200"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="does not change"):
        del error.code


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), (("1", "2", "3"), {}), (("1",), {"code": "2"}), (("1",), {"x": "2"})]
)
def test_a_value_is_made_of_its_parts_and_nothing_else(args: tuple[str, ...], kwargs: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="HTTPStatus"):
        HTTPStatus(*args, **kwargs)
