# What a person does with this repository; `make help` lists it.
SHELL = /bin/bash
JOBS = $(shell nproc 2>/dev/null || echo 2)
# Ahead of R's own libraries: made by tools/setup.sh only where those cannot be written.
export R_LIBS := $(CURDIR)/.lib$(if $(R_LIBS),:$(R_LIBS))

.PHONY: help run test test-core test-r test-kernels install setup setup-dev peers check document bench lint format \
  layers site clean

help:
	@echo 'make run       install what is missing, install the package, fit two growth data sets'
	@echo 'make test      the same set-up, then all tests (C++ core and R)'
	@echo 'make test-core tests of the C++ core alone (make -C tests/cpp sanitize: with sanitizers)'
	@echo 'make test-kernels  accuracy and edges under each set of kernels of this processor'
	@echo 'make peers     packages that some tests compare with and nothing needs: minutes of compilation'
	@echo 'make check     R CMD build and R CMD check --as-cran'
	@echo 'make document  help pages, NAMESPACE, exports of the engine, list of objects'
	@echo 'make lint      layers, lintr and clang-format, as CI runs them; make format rewrites C++'
	@echo 'make bench     speed and memory beside lme4, into bench/results'
	@echo 'make site      the pkgdown site, into docs'

setup:
	@tools/setup.sh run

setup-dev:
	@tools/setup.sh dev

peers: setup-dev
	@timeout 300 tools/setup.sh servers || echo "No PostgreSQL or no Slurm: their tests are skipped"
	@timeout 1500 Rscript tools/packages.R try mmrm DHARMa MCMCglmm ggeffects MuMIn

# Make does not know which object depends on which header: a changed header rebuilds everything.
install:
	@if [ ! -f src/henderson.so ] || [ -n "$$(find src -name '*.h' -newer src/henderson.so)" ] || \
	    [ src/Makevars -nt src/henderson.so ]; then preclean=--preclean; fi; \
	  MAKEFLAGS=-j$(JOBS) R CMD INSTALL $$preclean . > .install.log 2>&1 || \
	  { cat .install.log; exit 1; }

run: setup install
	@Rscript inst/examples/growth.R

test: setup-dev test-core install test-r

test-core:
	@tools/test-core.sh

# Needs the installed package.
test-kernels:
	@tools/test-kernels.sh

test-r:
	@NOT_CRAN=true Rscript tools/test-r.R

check: setup-dev
	@tools/r-cmd-check.sh

document: setup-dev
	Rscript -e 'Rcpp::compileAttributes()'
	Rscript tools/check-layers.R --write
	Rscript -e 'roxygen2::roxygenise(load_code = roxygen2::load_source)'

layers:
	@Rscript tools/check-layers.R

lint: layers
	@Rscript tools/lint.R
	@tools/format.sh --check

format:
	@tools/format.sh --write

bench: setup-dev install
	Rscript bench/run.R

# Without the network: what pkgdown would look up there (CRAN, other sites) is left out.
site: setup-dev install
	Rscript -e 'options(pkgdown.internet = FALSE)' -e 'pkgdown::check_pkgdown()' \
	  -e 'pkgdown::build_site(install = FALSE, new_process = FALSE, preview = FALSE)'

clean:
	rm -rf src/*.o src/*.so src/core/*/*.o .check .install.log docs
	@if [ -f tests/cpp/Makefile ]; then $(MAKE) -C tests/cpp clean; fi
