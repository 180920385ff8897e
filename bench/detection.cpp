// What scoring boxes costs: a labelled set and results are read and scored by COCO's rules, with the JSON of
// bench/peers/detection_peer.py. Run in turn by bench/peers/detection.py.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/detection/detections.h"
#include "graft/detection/evaluation.h"
#include "graft/detection/format.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string truth, results;
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("truth", o.truth, "COCO's JSON");
  visit("results", o.results, "COCO's list of results");
  visit("threads", o.threads, "threads");
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::parse<Options>("bench_detection", argc, argv);
  const double begin = bench::now();
  detection::Findings findings;
  const auto set = detection::read_set(options.truth, findings);
  const auto results = detection::read_detections(options.results, set, findings);
  const double read = bench::now();
  const auto evaluation =
      evaluate(set, results, detection::coco_rules(), {static_cast<int>(options.threads), false, {}});
  const auto numbers = evaluation.numbers(set);
  const double end = bench::now();
  nlohmann::json row = {{"read_s", read - begin},
                        {"evaluate_s", end - read},
                        {"seconds", end - begin},
                        {"per_s", 1 / (end - begin)},
                        {"peak_mb", bench::peak_mb()}};
  for (const auto& number : numbers)
    row["numbers"].push_back(number.value);
  fmt::print("{}\n", row.dump());
}
