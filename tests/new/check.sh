#!/usr/bin/env bash
# What `./dev new` writes is listed once and never written over; and until it is filled in, its tests fail and say so.
#   check.sh SOURCE PROGRAM CLITEST      PROGRAM: main.cpp with what was written
set -euo pipefail
source=$1 program=$2 clitest=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "$1"; exit 1; }

bash "$source/tests/new/generate.sh" "$source" "$work/tree"
cd "$work/tree"
for line in 'COMMAND(brand_new)' 'FORMAT(brand_new)' 'LOSS(brand_new)' 'METHOD(brand_new)' 'MODEL(brand_new)' 'TASK(brand_new)' \
  'BLOCK(brand_new_block)' 'MIXING(brand_new_mixing)'; do
  [ "$(grep -rcxF "$line" --include='*.def' src | awk -F: '{n += $2} END {print n}')" = 1 ] ||
    fail "$line does not stand once in a list"
done
[ "$(grep -m1 '^FORMAT' src/graft/data/formats.def)" = 'FORMAT(brand_new)' ] || fail "a new format is not asked first"
written() { find . -type f -exec md5sum {} + | sort; }
before=$(written)
for kind in command format loss method model task; do
  if bash tools/new $kind brand-new >/dev/null 2>&1; then fail "$kind: a second time was no error"; fi
done
for kind in block mixing; do
  if bash tools/new $kind brand-new-$kind >/dev/null 2>&1; then fail "$kind: a second time was no error"; fi
done
[ "$before" = "$(written)" ] || fail "a second time changed something"
for name in 'a b' '../up' Upper 9th; do
  if bash tools/new method "$name" >/dev/null 2>&1; then fail "'$name' was taken for a name"; fi
done
if said=$(bash tools/new plugin brand-new 2>&1); then fail "a kind that is none was taken"; fi
[[ $said == *"no kind 'plugin'. Known: block, command, format, loss, method, mixing, model, task."* ]] || fail "$said"

if said=$("$program" 2>&1); then fail "tests of nothing pass: $said"; fi
for source in $(cd "$work/tree" && find tests -name '*_test.cpp'); do
  grep -q "${source##*/}:[0-9]*: Failure" <<<"$said" || fail "$source does not fail: $said"
done
[ "$(grep -c '^Fill in brand-new' <<<"$said")" = 7 ] || fail "not all say what to fill in: $said"

ln -s "$program" "$work/graft"
if said=$("$clitest" "$work/graft" "$work" tests/cli/brand_new.clitest); then fail "the command's test passes: $said"; fi
[[ $said == *'Fill in brand-new: '*'hello, you'* ]] || fail "$said"
echo ok
