#!/bin/sh
# Builds a program of bench/ with the package's plain flags and runs it: sh bench/kernels.sh [threads] [family] [directory]
# PROGRAM=orderings LIBS=-lmetis for the other one.
set -e
here=$(cd "$(dirname "$0")" && pwd)
program=${PROGRAM:-kernels}
build=${BUILD:-$(mktemp -d)}
eigen=$(Rscript -e 'cat(system.file("include", package = "RcppEigen"))')
mkdir -p "$build"
objects=
for file in "$here"/../src/core/linalg/*.cpp "$here/$program.cpp"; do
  object="$build/$(basename "$(dirname "$file")")-$(basename "$file" .cpp).o"
  objects="$objects $object"
  if [ ! -e "$object" ] || [ -n "$(find "$here"/../src/core/linalg "$here" -newer "$object" -print -quit)" ]; then
    ${CXX:-g++} -std=gnu++17 -O2 -DNDEBUG -I"$here/../src" -isystem "$eigen" -c "$file" -o "$object"
  fi
done
${CXX:-g++} $objects -o "$build/$program" -pthread $LIBS
"$build/$program" "$@"
