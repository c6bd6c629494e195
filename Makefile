# make demo   set up, simulate a small data set and resample it
# make test   set up and run all tests
# make test-unit  set up and run the tests of single modules: under a minute
# make bench  set up and measure against jwst; BENCH="mos-58 --rounds 1" for a part
# make errors  set up and measure how errors hold and what they cost; needs the reference data
# make lint   the style checks
# make .venv  only set up
# make slurm  also what profiles/slurm needs
# make storage  also what associations with members on the web or in S3 need
# make s3-server  also the S3 server of a test
# make locks  lock all packages anew after a change of pins; needs uv

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-unit bench errors lint .venv slurm storage s3-server locks

.venv: .venv/installed

.venv/installed: envs/dev.lock
	@echo "Setting up .venv: it takes some minutes"
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --requirement $<
	touch $@

slurm storage s3-server: %: .venv/%

.venv/slurm .venv/storage .venv/s3-server: .venv/%: envs/%.lock .venv/installed
	$(BIN)/pip install --quiet --requirement $<
	touch $@

# The pins are those of the conda environments, where snakemake --sdm conda needs them. Every lock
# is whole: it holds what envs/resample.yaml needs too. Of what is not pinned, versions stay as they
# are in the lock; LOCK_OPTIONS=--upgrade takes the newest.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command "make locks" $(LOCK_OPTIONS)

locks:
	for env in $(basename $(notdir $(wildcard envs/*.yaml))); do \
	    echo "envs/$$env.lock"; \
	    sed -n 's/^      - //p' envs/resample.yaml envs/$$env.yaml | sort -u \
	    | $(LOCK) --output-file envs/$$env.lock - || exit; \
	done

config/README.md: config/config.schema.yaml | .venv/installed
	PYTHONPATH=scripts $(BIN)/python -m specresample.plan.configuration_reference > $@

# What Snakemake has to fetch of a module on a git host, since it fetches only what it is asked for.
scripts/specresample/manifest.txt: $(shell find scripts config -name '*.py' -o -name '*.html')
	find config/config.schema.yaml envs/resample.lock $$(find scripts -name '*.py' -o -name '*.html') \
	  | LC_ALL=C sort > $@

demo: .venv/installed
	PYTHONPATH=demo $(BIN)/python -m specsim demo/data
	$(BIN)/snakemake all previews --configfile demo/config.yaml
	$(BIN)/snakemake all previews --configfile demo/config.yaml --report demo/results/report.html
	@echo "Products:" && ls demo/results/*_s2d.fits
	@echo "Report of the run: demo/results/report.html"

test: .venv/installed
	@echo "All tests: about 20 minutes on two cores (make test-unit: under a minute)"
	$(BIN)/python -m pytest

test-unit: .venv/installed
	$(BIN)/python -m pytest tests/unit

bench: .venv/installed
	PYTHONPATH=demo:scripts $(BIN)/python -m benchmarks $(BENCH)

errors: .venv/installed
	PYTHONPATH=demo:scripts $(BIN)/python -m benchmarks.error_report

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules workflow
	$(BIN)/snakemake --lint
	$(BIN)/snakemake --lint --snakefile workflow/Snakefile
