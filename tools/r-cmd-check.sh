#!/usr/bin/env bash
# R CMD build and R CMD check --as-cran, without asking anything of the network. Fails on an error or a
# warning, prints notes.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf .check && mkdir .check && cd .check
export _R_CHECK_CRAN_INCOMING_REMOTE_=FALSE _R_CHECK_SYSTEM_CLOCK_=0 _R_CHECK_FORCE_SUGGESTS_=FALSE
# There is no PDF in the package, but the check warns where qpdf is not installed: any command does.
command -v qpdf >/dev/null || export R_QPDF=true
# --strip: the size of the library without the debug symbols that a distribution's flags may add; other
# symbols stay, for the check of compiled code.
export R_STRIP_SHARED_LIB="strip --strip-debug"
# The PDF manual only where LaTeX has what R's manuals ask for (fonts are packages of their own).
manual=""
mkdir probe
printf '%s\n' '\name{probe}\title{Probe}\description{\code{x}, \strong{y}, \eqn{\beta}{beta}}' >probe/probe.Rd
R CMD Rd2pdf --no-preview --output=probe/probe.pdf probe/probe.Rd >/dev/null 2>&1 || true
[ -s probe/probe.pdf ] || manual=--no-manual
rm -rf probe
export MAKEFLAGS="-j$(nproc 2>/dev/null || echo 2)"
R CMD build $manual .. >build.log 2>&1 || { cat build.log; exit 1; }
R CMD check --as-cran --install-args=--strip $manual ./henderson_*.tar.gz >check.log 2>&1 || true
sed -n '/^\* checking.*\(NOTE\|WARNING\|ERROR\)$/,/^\* /p' check.log | sed '/^\*.*OK$/d' || true
grep '^Status:' check.log || true
grep -q '^Status:' check.log && ! grep -Eq '^Status:.*(ERROR|WARNING)' check.log ||
  { cat henderson.Rcheck/00install.out 2>/dev/null | tail -n 30; tail -n 60 check.log; exit 1; }
