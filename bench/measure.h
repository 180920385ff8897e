// What the programs here share: flags by name, the clock of the runner, the memory of the process.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/options.h"

namespace graft::bench {

// --name value pairs; an unknown name is an error.
template <class Options>
Options parse(const char* program, int argc, char** argv) {
  OptionValues values;
  for (int i = 1; i + 1 < argc; i += 2)
    values[std::string(argv[i]).substr(2)] = argv[i + 1];
  return read_options<Options>(program, values);
}

// Of the wall, or with BENCH_CLOCK=cpu of the processor (all threads): the second stays meaningful beside other work,
// on one thread.
inline double now() {
  static const char* clock = std::getenv("BENCH_CLOCK");
  if (clock && std::string_view(clock) == "cpu") return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds since the runner started this process, dynamic linking counted; 0 where nobody says when that was.
inline double since_start() {
  const char* start = std::getenv("BENCH_START");
  if (!start) return 0;
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count() - std::atof(start);
}

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Of this program alone: getrusage counts what the runner held when it started it.
inline double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
  return 0;
}

}  // namespace graft::bench
