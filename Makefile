# make run    everything set up, then all four services in the foreground
# make stack  the same with the collector, RabbitMQ, PostgreSQL, OPA, Prometheus, Alertmanager and Tempo around them
# make test   every test; make lint, make protos, make docs, make lock, make bench: see docs/contributor.md

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COLLECTOR := .hallmark/bin/hallmark-collector
OPA := .hallmark/bin/opa
UV_VERSION := 0.13.9

RUN_EXTRAS := web,preprocess,inference,qoa,cli
DEV_EXTRAS := $(RUN_EXTRAS),evidently,prefect,dev
BUILD_EXTRAS := $(DEV_EXTRAS),build-models

export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUNBUFFERED := 1

.PHONY: run stack collector opa secrets test lint protos collector-source docs lock bench models clean

run: $(VENV)/installed-run
	@exec $(BIN)/hallmark up

stack: $(VENV)/installed-run $(COLLECTOR) $(OPA)
	@sh scripts/set_up_parts.sh
	@exec $(BIN)/hallmark stack

collector: $(COLLECTOR)

opa: $(OPA)

# What compose.yaml reads its passwords from.
secrets: $(VENV)/installed-run
	@exec $(BIN)/hallmark stack --only-secrets

test: $(VENV)/installed-dev $(COLLECTOR) $(OPA)
	@sh tests/set_up_browser.sh
	@sh scripts/set_up_parts.sh
	@exec $(BIN)/pytest

lint: $(VENV)/installed-dev $(COLLECTOR) $(OPA)
	ruff format --check .
	ruff check .
	mypy
	mypy grafana
	lint-imports
	buf lint
	buf format --diff --exit-code
	buf breaking --against protos/released.binpb
	python -m hallmark_common.docs --check
	sh protos/check_generated.sh
	sh scripts/check_collector.sh
	$(OPA) fmt --list --fail policies
	$(OPA) check --strict policies
	$(OPA) test --coverage --threshold 100 policies >/dev/null
	python -m grafana.build --check

protos: $(VENV)/installed-dev
	buf generate

collector-source:
	sh scripts/generate_collector.sh otel-collector/distribution
	cd otel-collector/distribution && go build -mod=mod -o /dev/null .

docs: $(VENV)/installed-dev
	python -m hallmark_common.docs
	python -m grafana.build

bench: $(VENV)/installed-dev
	python -m bench

models: $(VENV)/installed-models
	for build in models/*/build.py; do echo "$$build"; python "$$build" || exit 1; done

# The lock holds every extra; the stamps below install a part of it, and hashes are verified all the same.
lock: | $(BIN)/uv
	uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --all-extras --python-version 3.11 \
	    pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) .hallmark

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Hallmark needs Python 3.11 or newer; set PYTHON to one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	    { echo "Python cannot make virtual environments; install that part of it: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.lock --editable

$(VENV)/installed-run: pyproject.toml requirements.lock | $(BIN)/uv
	@echo "Installing what runs …"
	@$(INSTALL) '.[$(RUN_EXTRAS)]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed-run
	@echo "Installing what tests …"
	@$(INSTALL) '.[$(DEV_EXTRAS)]'
	@touch $@

$(VENV)/installed-models: $(VENV)/installed-dev
	@echo "Installing what builds models …"
	@$(INSTALL) '.[$(BUILD_EXTRAS)]'
	@touch $@

$(COLLECTOR): scripts/build_collector.sh $(shell find otel-collector -name '*.go' ! -name '*_test.go' -o -name go.mod -o -name go.sum)
	@sh scripts/build_collector.sh $@

$(OPA): scripts/set_up_opa.sh
	@sh scripts/set_up_opa.sh $@
