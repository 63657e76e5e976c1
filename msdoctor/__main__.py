"""``python -m msdoctor`` is the same as ``msdoctor``."""

from msdoctor.cli import main

main()
