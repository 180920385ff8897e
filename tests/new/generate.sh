#!/usr/bin/env bash
# What `./dev new` writes of every kind, under the names brand-new and brand-new-KIND, into a tree of its own.   generate.sh SOURCE TREE
set -euo pipefail
source=$1 tree=$2
rm -rf "$tree"
mkdir -p "$tree"
cd "$source"
cp --parents -r tools/new .clang-format $(find src -name '*.def') "$tree"
find "$tree/src" -name '*.def' -exec sed -i '/(brand_new/d' {} +  # somebody's own
for kind in command format loss method model task; do
  bash "$tree/tools/new" "$kind" brand-new >/dev/null
done
for kind in block mixing; do  # of the room of losses, where a name is one plug-in's
  bash "$tree/tools/new" "$kind" "brand-new-$kind" >/dev/null
done
