# The commands. Each one sets up what it needs; `make run` is all that a newcomer has to type.
.PHONY: run setup test lint bench
.DEFAULT_GOAL := run

PY := .venv/bin/python

run: .venv/.run
	@exec $(PY) app.py

setup: .venv/.all

test: .venv/.all
	@$(PY) -m tests.browser.chromium
	@echo "== Tests: SQLite, PostgreSQL, Redis and Chromium, all of them real"
	@$(PY) -m pytest -n auto --dist worksteal && echo "== Every test passed."

lint: .venv/.all
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@echo "== Lint is clean."

# Every bench runs, whatever the one before said; a goal that was missed fails the command at the end.
BENCHES := admission sessions memory formats competitions pages delivery stream
bench: .venv/.all
	@missed=; for file in $(wildcard $(BENCHES:%=bench/%.py)); do echo "== $$file"; $(PY) "$$file" || missed="$$missed $$file"; done; \
	if [ -n "$$missed" ]; then echo "== Missed its goal:$$missed"; exit 1; fi; echo "== Every goal was reached."

# A stamp per set of extras, so that a second run takes no time.
.venv/.run: EXTRAS := embedded
.venv/.all: EXTRAS := embedded,amqp,sqs,test,lint,bench
.venv/.run .venv/.all: pyproject.toml constraints.txt .ci/venv
	@.ci/venv
	@echo "== Installing tiltyard[$(EXTRAS)] into .venv (a minute or two the first time)"
	@$(PY) -m pip install --disable-pip-version-check --no-input --progress-bar off -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@
