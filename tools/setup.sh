#!/usr/bin/env bash
# Installs what the package needs and is missing: R itself, then R packages. Built packages of the
# system's package manager come first (fast, and made for this R), CRAN second.
# Usage: tools/setup.sh [run|dev|servers]   `run`: what fits and shows models; `dev`: also tests and
# documents; `servers`: PostgreSQL and Slurm alone, which tests start.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
can_use_apt() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}
apt_update_once() {
  [ -n "${apt_updated:-}" ] || as_root apt-get update -qq
  apt_updated=yes
}
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    >/dev/null
}

if [ "$purpose" = servers ]; then
  missing=""
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ||
    missing="$missing postgresql"
  command -v slurmctld >/dev/null || missing="$missing slurm-wlm"
  [ -n "$missing" ] || exit 0
  can_use_apt || exit 1
  echo "Installing$missing"
  apt_update_once
  apt_install $missing
  exit 0
fi

if ! command -v Rscript >/dev/null || ! command -v g++ >/dev/null || ! command -v make >/dev/null; then
  can_use_apt || { echo "R (>= 4.1.0) and a C++17 compiler are needed: install them first." >&2; exit 1; }
  echo "Installing R and a compiler"
  apt_update_once
  apt_install r-base-core r-base-dev g++ make
fi

# A library of the repository's own, where R's first library cannot be written.
if ! Rscript -e 'quit(status = file.access(.libPaths()[1], 2) != 0)'; then mkdir -p .lib; fi
export R_LIBS="$PWD/.lib${R_LIBS:+:$R_LIBS}"

missing=$(Rscript tools/packages.R missing "$purpose")
[ -n "$missing" ] || exit 0
echo "Missing R packages: $(echo $missing)"

if can_use_apt; then
  apt_update_once
  built=""
  for package in $missing; do
    name="r-cran-$(echo "$package" | tr '[:upper:]' '[:lower:]')"
    if apt-cache show "$name" >/dev/null 2>&1; then built="$built $name"; fi
  done
  [ -z "$built" ] || apt_install $built
fi
Rscript tools/packages.R install "$purpose"
