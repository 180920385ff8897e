#!/usr/bin/env bash
# Installs graft into an empty folder, builds the example against the package from outside, and runs it on the embedded
# model and photos.   check.sh SOURCE BUILD
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
cmake -S "$source/examples/adapt" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 \
  -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/adapt_example" "$work/prefix/share/graft/clip_products" "$work/prefix/share/graft/fashion_products" | tee "$work/out"
grep -qE '[0-9]+ of 358 test photos right with [0-9]+ trained parameters' "$work/out"
"$work/prefix/bin/graft" --version | grep -q '^graft '
