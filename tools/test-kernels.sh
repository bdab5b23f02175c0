#!/usr/bin/env bash
# The tests of accuracy and of edges under each set of kernels that this processor has, but for the
# one that it takes by itself: verdicts must not depend on rounding. A line of counts for each.
set -uo pipefail
cd "$(dirname "$0")/.."
fit='henderson::lmmfit(y ~ 1, data.frame(y = c(1, 2, 4)))'
own=
status=0
for kernels in avx512 avx2 portable; do
  HENDERSON_KERNELS=$kernels Rscript -e "$fit" >/dev/null 2>&1 || continue
  if [ -z "$own" ]; then own=$kernels && continue; fi
  HENDERSON_KERNELS=$kernels NOT_CRAN=true Rscript tools/test-r.R \
    '^(accuracy|edge|ask|information-boundary|residual-(bound|floor)|starts)' "$kernels" || status=1
done
exit "$status"
