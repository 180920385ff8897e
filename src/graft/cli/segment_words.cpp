#include "graft/pipelines/segment_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/printable.h"

namespace graft::cli {
namespace {

constexpr double kWorthSaying = 0.01;  // of the pixels

std::string words_of(const pipelines::WordsOfPhoto& photo, const std::vector<std::string>& classes) {
  std::vector<size_t> order(classes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return photo.shares[a] > photo.shares[b]; });
  std::string text;
  for (const auto c : order) {
    if (photo.shares[c] < kWorthSaying) break;
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", classes[c], 100 * photo.shares[c]);
  }
  return text;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SegmentWordsOptions>();
  if (!arguments.parse(terminal)) return 0;
  arguments.require("model", "a CLIP that sees with a ViT: folder, file, or org/name in the Hugging Face cache");
  arguments.require("images", "a photo or a folder of photos");
  arguments.require("classes", "what is looked for");
  const auto options = arguments.get<pipelines::SegmentWordsOptions>();
  const auto found = pipelines::segment_by_words(options, host_of(arguments), terminal);
  if (!options.output.empty()) terminal.line("saved", options.output + ": masks, overlays and classes.txt");
  TextTable table({Align::left, Align::left});
  for (const auto& photo : found.photos) {
    if (terminal.json()) {
      nlohmann::json shares = nlohmann::json::object();
      for (size_t c = 0; c < found.classes.size(); ++c)
        shares[found.classes[c]] = std::round(photo.shares[c] * 1e6) / 1e6;
      terminal.print(dump({{"file", photo.name}, {"shares", std::move(shares)}}));
    } else {
      table.row({printable(photo.name), words_of(photo, found.classes)});
    }
  }
  for (const auto& line : table.lines())
    terminal.print(line);
  return 0;
}

}  // namespace

Command segment_words_command() {
  return {
      "segment words",
      "A class for each pixel, by the classes' names alone.",
      "--model CLIP --images D --classes A,B,...",
      "graft segment words --model openai/clip-vit-base-patch16 --images holiday/ --classes sky,tree,dog -o words/\n"
      "graft segment words --model openai/clip-vit-base-patch16 --images a.jpg --classes dog --background 0.5 --refine",
      run,
      [] { return describe_options<pipelines::SegmentWordsOptions>(); }};
}

}  // namespace graft::cli
