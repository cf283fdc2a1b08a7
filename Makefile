# The commands around the product; `make help` lists them. Needed: Python 3.11 or later with venv, make, git.

PYTHON ?= python3
# Another place for the virtual environment, for example one that several checkouts share.
VENV ?= .venv
PYTEST_ARGS ?=
BENCH ?=

BIN := $(VENV)/bin
# Named after what they were made from: the environment is brought up to date when that changes.
RUN_STAMP := $(VENV)/.run-$(shell cksum < requirements.txt | cut -d' ' -f1)
DEV_STAMP := $(VENV)/.dev-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Settings as an installation for others has them, so that the checks see what it would see.
SERVED := env ENV_FILE= DEBUG=false DATABASE_URL=postgres://rms@127.0.0.1/rms \
  REDIS_URL=redis://127.0.0.1 EMAIL_URL=smtp://127.0.0.1 MAIL_FROM=no-reply@rights.example.com \
  PUBLIC_URL=https://rights.example.com \
  SECRET_KEY=checks-$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')

.DEFAULT_GOAL := help
.PHONY: help run test test-long bench lint env messages compilemessages

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUN_STAMP) ## everything on this machine: web server, worker, scheduler; Ctrl-C ends it
	@exec $(BIN)/python -m rms_portal.run

test: $(DEV_STAMP) ## the test suite (without what takes long); REQUIRE_SERVICES=1 to skip nothing
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

test-long: $(DEV_STAMP) ## kills, outages, fuzzing, timing: what takes longer
	@status=0; \
	$(BIN)/python -m pytest -n auto --dist worksteal -m "long and not alone" $(PYTEST_ARGS) || status=1; \
	$(BIN)/python -m pytest -m alone $(PYTEST_ARGS) || status=1; \
	exit $$status

bench: $(DEV_STAMP) ## the benchmarks: a table here, one JSON object per line in var/bench/; BENCH=name for one
	$(BIN)/python -m benchmarks $(BENCH)

lint: $(DEV_STAMP) ## style, types, migrations, settings, templates, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run
	$(SERVED) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python -m rms_portal.translations check
	@echo "Nothing to mend."

env: ## writes .env with fresh secrets, for docker compose
	@$(PYTHON) -I rms_portal/new_env.py

messages: $(DEV_STAMP) ## brings the catalogues in locale/ up to date (needs GNU gettext)
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemessages --all --no-wrap --ignore $(VENV) --ignore var --ignore tests

compilemessages: $(RUN_STAMP) ## compiles the catalogues (run, test and the image do it by themselves)
	$(BIN)/python -m rms_portal.translations compile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name another one: make $(or $(MAKECMDGOALS),run) PYTHON=python3.12" >&2; exit 1; }
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): | $(BIN)/python
	@echo "Installing what requirements.txt names ..."
	@$(PIP) -r requirements.txt
	@rm -f $(VENV)/.run-* && touch $@

$(DEV_STAMP): | $(BIN)/python
	@echo "Installing what requirements-dev.txt names ..."
	@$(PIP) -r requirements-dev.txt
	@rm -f $(VENV)/.dev-* $(VENV)/.run-* && touch $@ $(RUN_STAMP)
