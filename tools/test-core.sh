#!/usr/bin/env bash
# Builds and runs the tests of the C++ core, and ends with one line of counts (of test cases).
set -uo pipefail
cd "$(dirname "$0")/.."
[ -f tests/cpp/Makefile ] || exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
make -C tests/cpp -j"$(nproc 2>/dev/null || echo 2)" run 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
# Catch ends each binary with "All tests passed (9 assertions in 3 test cases)" or
# "test cases:  3 | 2 passed | 1 failed".
awk -v status="$status" '
  /^All tests passed/ { for (i = 2; i <= NF; i++) if ($i == "test") passed += $(i - 1) }
  /^test cases:/ {
    for (i = 2; i <= NF; i++) {
      if ($i == "passed") passed += $(i - 1)
      if ($i == "failed") failed += $(i - 1)
    }
  }
  END {
    if (status != 0 && failed == 0) failed = 1
    printf "core: %d passed, %d failed, 0 skipped\n", passed, failed
  }' "$log"
exit "$status"
