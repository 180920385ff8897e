#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/detection/format.h"
#include "graft/detection/subset.h"
#include "graft/detection/survey.h"

namespace graft::cli {
namespace {

struct DataSampleOptions {
  std::string set, format;
  detection::Sampler sampler = detection::Sampler::repeat_factor;
  double threshold = 0.001;
  int64_t count = 0;
  int64_t seed = 1;
  std::string weights, output;
};
template <class Visitor>
void fields(Visitor& visit, DataSampleOptions& o) {
  visit("set", o.set, "the set");
  visit("format", o.format, "its format (default: what it looks like)");
  visit("sampler", o.sampler,
        "how images are weighed: all alike, by their rarest class (LVIS), or a class at random first");
  visit("threshold", o.threshold, "share of images below which repeat-factor sampling repeats a class");
  visit("count", o.count, "images to draw by their weights, none twice");
  visit("seed", o.seed, "the draw");
  visit("weights", o.weights, "the weights to write, a JSON list in the order of the images, with mean 1");
  visit("output", o.output, "the images that were drawn as a set, a .json file");
}

// Without replacement: the largest of u^(1/w) (Efraimidis & Spirakis 2006), by their logarithms.
std::vector<bool> draw(const std::vector<double>& weights, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::pair<double, std::size_t>> keys;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const double log = std::log(1 - random.uniform());  // of a number in (0, 1]
    if (weights[k] > 0) keys.emplace_back(log / weights[k], k);
  }
  if (keys.size() < count)
    throw ConfigError("data sample", "--count: {} images have a weight, fewer than {}.", keys.size(), count);
  std::ranges::sort(keys, std::greater{});
  std::vector<bool> drawn(weights.size());
  for (std::size_t k = 0; k < count; ++k)
    drawn[keys[k].second] = true;
  return drawn;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataSampleOptions>();
  arguments.take_positional("set", "the set");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("set", "the set to sample");
  const auto options = arguments.get<DataSampleOptions>();
  if (options.weights.empty() && options.output.empty())
    throw UsageError("data sample", "expected --weights FILE, or --count N and --output FILE.");
  if (!(options.threshold > 0))
    throw ConfigError("data sample", "--threshold: expected a share above 0, got {}.", options.threshold);
  if (options.output.empty() != (options.count <= 0))
    throw UsageError("data sample", "--count and --output go together: how many images, and where to.");
  const auto set = read_whole(options.set, options.format, terminal);
  const auto weights = detection::weights_of(set, options.sampler, options.threshold);
  nlohmann::json json = {{"images", set.images.size()}};
  if (!options.weights.empty()) {
    std::string text = "[";
    for (std::size_t k = 0; k < weights.size(); ++k)
      text += fmt::format("{}{}", k > 0 ? "," : "", weights[k]);
    write_file_atomically(options.weights, text + "]\n");
    const auto [least, most] = std::ranges::minmax(weights);
    json["least"] = least;
    json["most"] = most;
    if (!terminal.json()) terminal.print(fmt::format("weights from {:.3g} to {:.3g}", least, most));
    terminal.line("saved", options.weights);
  }
  if (!options.output.empty()) {
    detection::Kept kept(set);
    kept.images = draw(weights, static_cast<std::size_t>(options.count), static_cast<std::uint64_t>(options.seed));
    const auto part = detection::subset(set, kept);
    detection::find_format("coco").write(part, options.output);
    json["drawn"] = part.images.size();
    json["boxes"] = part.annotations.size();
    if (!terminal.json())
      terminal.print(fmt::format("{} of {} images, {} of {} boxes", part.images.size(), set.images.size(),
                                 part.annotations.size(), set.annotations.size()));
    terminal.line("saved", options.output);
  }
  if (terminal.json()) terminal.print(dump(with_notes(std::move(json), terminal)));
  return 0;
}

}  // namespace

Command data_sample_command() {
  return {"data sample",
          "Weights of images for training on a long tail, or some images drawn by them.",
          "SET --weights FILE",
          "graft data sample a.json --sampler class-aware --weights weights.json\n"
          "graft data sample lvis.json --count 1000 --seed 2 -o some.json",
          run,
          [] { return describe_options<DataSampleOptions>(); }};
}

}  // namespace graft::cli
