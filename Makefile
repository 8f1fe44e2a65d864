# The words a person types: demo, test, check. `lock` renews the pinned requirements, `bench` prints ratios.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check unit format lock bench system clean
.DEFAULT_GOAL := check

demo: $(STAMP)
	$(BIN)/python -m tests.lab.demo

test: $(STAMP)
	$(BIN)/python -m pytest --hypothesis-profile=thorough

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q tests/unit tests/contract

unit: $(STAMP)
	$(BIN)/python -m pytest -q tests/unit

format: $(STAMP)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m bench.startup
	$(BIN)/python -m bench.evaluation
	$(BIN)/python -m bench.spending

lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header \
		--extra kerberos -q -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header \
		--extra kerberos --group test --group check --group build -c requirements.txt -q -o requirements-dev.txt

system:
	@tests/lab/install-packages.sh

$(STAMP): requirements-dev.txt pyproject.toml tests/lab/debian-packages.txt
	@tests/lab/install-packages.sh
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@# "compat" links the sources by a plain .pth file: the other modes slow every start. Its long notice goes to a log.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--config-settings editable_mode=compat -e . > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log; exit 1; }
	$(BIN)/python deploy/strip_scripts.py $(BIN)
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
