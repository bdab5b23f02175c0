#!/usr/bin/env bash
# clang-format over the C++ files. --check fails where a file would change, --write changes it.
set -euo pipefail
cd "$(dirname "$0")/.."
files=$(find src tests/cpp bench -name '*.cpp' -o -name '*.h' | grep -v RcppExports | grep -v catch.h | sort)
[ -n "$files" ] || exit 0
case "${1:---check}" in
  --check) clang-format --dry-run --Werror $files && echo "clang-format: $(echo "$files" | wc -l) files" ;;
  --write) clang-format -i $files ;;
esac
