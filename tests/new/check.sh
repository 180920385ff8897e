#!/usr/bin/env bash
# What `./dev new` writes compiles, is listed once, and is never written over.   check.sh SOURCE COMPILER FLAG...
set -euo pipefail
source=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$source/src" "$source/tools" "$work"
mkdir -p "$work/tests"/{methods,models,plugins,cli}
cd "$work"

check() {  # check KIND FILE LIST LINE
  bash tools/new "$1" brand-new >/dev/null
  [ -e "$2" ] || { echo "$1: $2 was not written"; exit 1; }
  [ "$(grep -cxF "$4" "$3")" = 1 ] || { echo "$1: $3 does not list it once"; exit 1; }
  before=$(find src tests -type f -exec md5sum {} + | sort)
  if bash tools/new "$1" brand-new >/dev/null 2>&1; then echo "$1: a second time was no error"; exit 1; fi
  [ "$before" = "$(find src tests -type f -exec md5sum {} + | sort)" ] || { echo "$1: a second time changed something"; exit 1; }
}
check method src/graft/methods/brand_new/brand_new.cpp src/graft/methods/methods.def 'METHOD(brand_new)'
check loss src/graft/plugins/losses/brand_new/brand_new.cpp src/graft/plugins/losses/losses.def 'LOSS(brand_new)'
check model src/graft/models/brand_new/brand_new.cpp src/graft/models/models.def 'MODEL(brand_new)'
check command src/graft/cli/brand_new.cpp src/graft/cli/commands.def 'COMMAND(brand_new)'
for name in 'a b' '../up' Upper 9th; do
  if bash tools/new method "$name" >/dev/null 2>&1; then echo "'$name' was taken for a name"; exit 1; fi
done

# All four and their tests as one translation unit: libtorch's headers are read once.
sed -n 's/.*/#include "&"/p' > all.cpp <<FILES
src/graft/methods/brand_new/brand_new.cpp
src/graft/plugins/losses/brand_new/brand_new.cpp
src/graft/models/brand_new/brand_new.cpp
src/graft/cli/brand_new.cpp
tests/methods/brand_new_test.cpp
tests/plugins/brand_new_test.cpp
tests/models/brand_new_test.cpp
FILES
"$@" -std=c++20 -fsyntax-only -Wall -Werror=return-type -I"$work" -I"$work/src" all.cpp
echo ok
