#!/bin/sh
# Builds bench/kernels.cpp with the package's plain flags and runs it: sh bench/kernels.sh [threads] [family] [directory]
set -e
here=$(cd "$(dirname "$0")" && pwd)
build=${BUILD:-$(mktemp -d)}
eigen=$(Rscript -e 'cat(system.file("include", package = "RcppEigen"))')
mkdir -p "$build"
for file in "$here"/../src/core/linalg/*.cpp "$here"/kernels.cpp; do
  object="$build/$(basename "$(dirname "$file")")-$(basename "$file" .cpp).o"
  if [ ! -e "$object" ] || [ -n "$(find "$here"/../src/core/linalg "$file" -newer "$object" -print -quit)" ]; then
    ${CXX:-g++} -std=gnu++17 -O2 -DNDEBUG -I"$here/../src" -isystem "$eigen" -c "$file" -o "$object"
  fi
done
${CXX:-g++} "$build"/*-*.o -o "$build/kernels" -pthread
"$build/kernels" "$@"
