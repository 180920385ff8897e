// Ten methods and three seeds on the embedded CLIP and photos in one process, with the settings of thirty_runs.json
// (the demo's). The peer, peers/thirty_runs.py, does the same runs one after another in PyTorch.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/tensor/kept_memory.h"
#include "graft/tensor/precision.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string model, data, settings;
  std::string precision = "bf16";
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "folder of a CLIP");
  visit("data", o.data, "table of photos");
  visit("settings", o.settings, "thirty_runs.json");
  visit("precision", o.precision, "of the frozen weights");
  visit("threads", o.threads, "threads");
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const double begin = bench::now();
  const auto o = bench::parse<Options>("thirty_runs", argc, argv);
  const auto settings = nlohmann::json::parse(std::ifstream(o.settings));
  const OptionValues general = {{"model", o.model},         {"data", o.data}, {"threads", std::to_string(o.threads)},
                                {"precision", o.precision}, {"cache", "no"},  {"workers", std::to_string(o.threads)},
                                {"method", "linear-probe"}};
  const auto opened = engine::read_adapt_request(general);
  Silent silent;
  engine::Session session(opened.options.model, opened.options.data, {}, silent);

  nlohmann::json seconds, accuracy;
  int64_t runs = 0;
  for (const auto& seed : settings.at("seeds")) {
    for (const auto& [method, values] : settings.at("methods").items()) {
      const double start = bench::now();
      double reached = 0;
      if (method == "zero-shot") {
        reached = pipelines::zero_shot(session, engine::read_templates("", ""), data::Split::test, silent)
                      .scores.first()
                      .value;
      } else {
        OptionValues all = general;
        all["method"] = method;
        all["shots"] = std::to_string(settings.at("shots").get<int64_t>());
        all["seed"] = std::to_string(seed.get<int64_t>());
        for (const auto& [name, value] : values.items())
          all[name] = value.get<std::string>();
        const auto request = engine::read_adapt_request(all);
        reached = pipelines::adapt(session, request.options, request.method_options, silent).test.first().value;
      }
      seconds[method].push_back(bench::now() - start);
      accuracy[method].push_back(reached);
      ++runs;
    }
  }
  const double total = bench::now() - begin;
  const nlohmann::json row = {{"peer", "graft"},
                              {"work", "thirty runs"},
                              {"precision", o.precision},
                              {"cpu", tensor::describe_cpu()},
                              {"runs", runs},
                              {"total_s", total},
                              {"runs_per_min", 60 * static_cast<double>(runs) / total},
                              {"seconds", seconds},
                              {"accuracy", accuracy},
                              {"peak_mb", bench::peak_mb()}};
  fmt::print("{}\n", row.dump());
}
