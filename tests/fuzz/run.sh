#!/usr/bin/env bash
# Builds the fuzz targets with clang (address and undefined-behaviour sanitizers) and runs each on its kept corpus.
#
#   tests/fuzz/run.sh [SECONDS [TARGET ...]]     default: 60 seconds each, all targets
#
# A target is tests/fuzz/<name>_fuzz.cpp, its corpus tests/fuzz/corpus/<name>/. New inputs go to build/fuzz/found/<name>,
# which the next run goes on from; a crash lies in build/fuzz/crash/<name>-*.
# "tests/fuzz/run.sh keep [TARGET ...]" replaces the kept corpus by a small set of all inputs that reaches the same edges.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
shift || true
out=build/fuzz
clang=${CLANG:-clang++-19}
rooms=(core statistics io video text data detection)  # those without libtorch
libraries=(-lfmt -ljpeg -lpng -lpugixml -lsimdjson -lwebp -lwebpdemux -lutf8proc -lxxhash -lyaml-cpp -lz
  -lavformat -lavcodec -lavutil -lswscale)
flags=(-std=c++20 -O1 -g -Isrc -I. -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
  -Wno-deprecated-declarations  # libstdc++ 12 within itself
  '-DCLIP_BPE_FILE="assets/clip_bpe/bpe_simple_vocab_16e6.txt.gz"')
compiler=("$clang")
if command -v ccache > /dev/null; then compiler=(ccache "$clang"); fi

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for file in tests/fuzz/*_fuzz.cpp; do targets+=("$(basename "$file" _fuzz.cpp)"); done
fi

# An object is made again when its source or any header is newer.
mkdir -p "$out/objects" "$out/found" "$out/crash"
newest_header=$(find "${rooms[@]/#/src/graft/}" -name '*.h' -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
for room in "${rooms[@]}" tensor; do
  for source in src/graft/"$room"/*.cpp src/graft/"$room"/*.S src/graft/"$room"/formats/*.cpp; do
    [[ $room != tensor || $source == */block_numbers.cpp ]] || continue  # all of that room that needs no libtorch
    [[ -e $source ]] || continue
    [[ $source != src/graft/data/formats/* ]] || continue  # no target reads a folder of photos
    object=$out/objects/$room-$(basename "$source").o
    if [[ ! -e $object || $source -nt $object || $newest_header -nt $object ]]; then
      echo "$source"
      "${compiler[@]}" "${flags[@]}" -fsanitize=fuzzer-no-link -c "$source" -o "$object"
    fi
  done
done
rm -f "$out/libgraft.a"
ar rcs "$out/libgraft.a" "$out"/objects/*.o

for target in "${targets[@]}"; do
  "${compiler[@]}" "${flags[@]}" -fsanitize=fuzzer-no-link -c "tests/fuzz/${target}_fuzz.cpp" -o "$out/$target.o"
  "$clang" "${flags[@]}" -fsanitize=fuzzer "$out/$target.o" "$out/libgraft.a" -Wl,--as-needed "${libraries[@]}" -o "$out/$target"
  found=$out/found/$target
  kept=tests/fuzz/corpus/$target
  mkdir -p "$found" "$kept"
  options=(-max_len=65536 -timeout=30 -rss_limit_mb=4096 "-artifact_prefix=$out/crash/$target-")
  if [[ $seconds == keep ]]; then
    smallest=$(mktemp -d)
    "$out/$target" -merge=1 -use_counters=0 "${options[@]}" -max_len=4096 "$smallest" "$kept" "$found" 2> "$out/$target.log"
    rm -f "$kept"/*
    cp "$smallest"/* "$kept"/
    rm -r "$smallest"
  else
    echo "fuzzing $target for $seconds s"
    "$out/$target" "${options[@]}" -max_total_time="$seconds" -print_final_stats=1 "$found" "$kept" 2> "$out/$target.log" ||
      { tail -50 "$out/$target.log" >&2; exit 1; }
    grep -E 'Done|number_of_executed_units|new_units_added|peak_rss' "$out/$target.log"
  fi
done
