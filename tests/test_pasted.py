"""What is handed to ``explain`` reaches its reader in lines that it can hold."""

from pathlib import Path

from msdoctor.pasted import lines
from msdoctor.utterances.paste import MOST_LINE


def test_a_file_without_line_ends_is_never_held_whole(tmp_path: Path) -> None:
    file = tmp_path / "endless.log"
    file.write_text("x" * (5 * MOST_LINE) + "\nsecond\n")

    with lines((str(file),)) as given:
        assert [len(line) for line in given] == [MOST_LINE + 1, len("second\n")]
