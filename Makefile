# Needs only make and Python 3.11 or newer; everything else goes into virtual environments of its own.
PYTHON ?= python3
# LAB, FORM and PATIENT reach the lab through the environment: make exports what is given on its command line.

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 11) else "old")' 2>/dev/null)
USER_ENV := .venv
DEV_ENV := .venv-dev
# The version is part of the stamp's name, so that another PYTHON makes the environment anew.
USER_READY := $(USER_ENV)/ready-$(VERSION)
DEV_READY := $(DEV_ENV)/ready-$(VERSION)

.PHONY: help demo man test single-file lab lab-down test-cluster hospital fixtures bench fuzz clean python

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# A broken cluster is what the demo shows, and msdoctor ends with 1 for it: only 1 is right. Python itself also ends
# with 1 when it cannot start a program; `version` tells the two apart.
demo: $(USER_READY) ## diagnose a recorded broken cluster
	@$(USER_ENV)/bin/msdoctor version
	@$(USER_ENV)/bin/msdoctor run --from fixtures/story; code=$$?; \
	[ $$code -eq 1 ] || { echo "make demo: msdoctor ended with $$code, and the recorded cluster's causes give 1" >&2; exit 1; }

test: $(DEV_READY) ## lint, types and every test that needs no cluster
	$(DEV_ENV)/bin/ruff check --quiet .
	$(DEV_ENV)/bin/ruff format --check --quiet .
	$(DEV_ENV)/bin/mypy --strict
	$(DEV_ENV)/bin/pytest -q -n auto

single-file: $(DEV_READY) ## dist/msdoctor-PLATFORM, one executable with all it needs (PLATFORMS="linux-amd64 ...")
	@$(DEV_ENV)/bin/python deploy/single_file.py $(PLATFORMS)

man: $(DEV_READY) ## write the manual pages anew, of what the commands' help says
	$(DEV_ENV)/bin/python man/manpages.py

lab: $(DEV_READY) ## bring a real cluster up and leave it (LAB=name FORM=static|systemd PATIENT=name); needs root
	@cd tests/cluster && ../../$(DEV_ENV)/bin/python -m lab up

lab-down: $(DEV_READY) ## end that cluster (LAB=name)
	@cd tests/cluster && ../../$(DEV_ENV)/bin/python -m lab down

test-cluster: $(DEV_READY) ## the tests that need a real cluster; needs root
	$(DEV_ENV)/bin/pytest -n 4 --dist loadscope tests/cluster

hospital: $(DEV_READY) ## name and treat every patient of the lab with the printed commands; needs root
	PYTHONPATH=.:tests/cluster $(DEV_ENV)/bin/python tests/cluster/hospital.py

fixtures: $(DEV_READY) ## record fixtures/ anew from real clusters; needs root
	$(DEV_ENV)/bin/python tests/cluster/record.py

bench: $(DEV_READY) ## measure how long things take; needs root for the lab, and Go
	PYTHONPATH=. $(DEV_ENV)/bin/python tests/bench/start.py
	PYTHONPATH=. $(DEV_ENV)/bin/python tests/bench/logs.py
	$(DEV_ENV)/bin/python tests/bench/preflight.py
	$(DEV_ENV)/bin/python tests/bench/judging.py
	PYTHONPATH=.:tests/cluster $(DEV_ENV)/bin/python tests/bench/look.py

fuzz: $(DEV_READY) ## give the reader of errors a million made-up inputs (INPUTS=number); coverage-guided if atheris is there
	PYTHONPATH=.:tests/utterances $(DEV_ENV)/bin/python tests/fuzz/fuzz.py $(or $(INPUTS),1000000)

clean: ## remove what make made
	rm -rf $(USER_ENV) $(DEV_ENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@case "$(VERSION)" in \
	old) echo "msdoctor needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.13 ..." >&2; exit 1;; \
	'') echo "msdoctor needs Python 3.11 or newer, and '$(PYTHON)' cannot be run. Try: make PYTHON=python3.13 ..." >&2; exit 1;; esac

$(USER_READY): EXTRA :=
$(DEV_READY): EXTRA := [dev]
# setuptools comes first, at its pinned version, so that the build itself needs no second, unpinned download.
$(USER_READY) $(DEV_READY): pyproject.toml constraints.txt | python
	@echo "making $(@D) with Python $(VERSION) ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt setuptools
	@$(@D)/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.$(EXTRA)'
	@touch $@
