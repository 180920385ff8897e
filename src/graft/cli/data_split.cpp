#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/detection/format.h"
#include "graft/detection/subset.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

enum class Grouping { none, source, folder };
std::vector<std::pair<Grouping, std::string>> choices(Grouping) {
  return {{Grouping::none, "none"}, {Grouping::source, "source"}, {Grouping::folder, "folder"}};
}

struct DataSplitOptions {
  std::string set, format;
  std::vector<std::string> shares = {"train=0.8", "val=0.2"};
  Grouping group = Grouping::none;
  int64_t seed = 1;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, DataSplitOptions& o) {
  visit("set", o.set, "the set");
  visit("format", o.format, "its format (default: what it looks like)");
  visit("shares", o.shares, "names of the parts and their shares of the images, which sum to 1");
  visit("group", o.group, "images that stay together: none, those of one source of a merged set, or of one folder");
  visit("seed", o.seed, "the draw");
  visit("output", o.output, "folder for the parts: NAME.json each");
}

struct Part {
  std::string name;
  double share = 0;
};

std::vector<Part> parts_of(const std::vector<std::string>& texts) {
  std::vector<Part> parts;
  std::set<std::string> names;
  double sum = 0;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw ConfigError("data split", "--shares: expected NAME=SHARE, got '{}'.", text);
    Part part{text.substr(0, equals), 0};
    option::parse("data split", "shares", text.substr(equals + 1), part.share);
    if (!(part.share > 0))
      throw ConfigError("data split", "--shares: {} is {}, expected above 0.", part.name, part.share);
    if (part.name.find('/') != std::string::npos || !names.insert(part.name).second)
      throw ConfigError("data split", "--shares: '{}' cannot name a part: once each, without slashes.", part.name);
    sum += part.share;
    parts.push_back(part);
  }
  if (std::abs(sum - 1) > 1e-6) throw ConfigError("data split", "--shares: they sum to {:g}, expected 1.", sum);
  return parts;
}

std::vector<std::string> groups_of(const detection::Set& set, Grouping grouping) {
  std::vector<std::string> groups(set.images.size());
  for (std::size_t k = 0; k < groups.size(); ++k) {
    const fs::path file = set.images[k].file;
    if (grouping == Grouping::source) groups[k] = file.begin() == file.end() ? "" : file.begin()->string();
    if (grouping == Grouping::folder) groups[k] = file.parent_path().string();
  }
  return groups;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataSplitOptions>();
  arguments.take_positional("set", "the set");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("set", "the set to split");
  arguments.require("output", "folder for the parts");
  const auto options = arguments.get<DataSplitOptions>();
  const auto parts = parts_of(options.shares);
  const auto set = read_whole(options.set, options.format, terminal);
  std::vector<double> shares;
  for (const auto& part : parts)
    shares.push_back(part.share);
  const auto part_of =
      detection::stratified_parts(set, shares, groups_of(set, options.group), static_cast<std::uint64_t>(options.seed));
  fs::create_directories(options.output);
  auto json = nlohmann::json::array();
  for (std::size_t p = 0; p < parts.size(); ++p) {
    detection::Kept kept(set);
    for (std::size_t k = 0; k < part_of.size(); ++k)
      kept.images[k] = part_of[k] == p;
    const auto part = detection::subset(set, kept);
    const auto file = fs::path(options.output) / (parts[p].name + ".json");
    detection::find_format("coco").write(part, file);
    json.push_back({{"part", parts[p].name}, {"images", part.images.size()}, {"boxes", part.annotations.size()}});
    if (!terminal.json())
      terminal.print(
          fmt::format("{}: {} images, {} boxes", file.string(), part.images.size(), part.annotations.size()));
  }
  if (terminal.json()) terminal.print(dump(with_notes({{"parts", json}}, terminal)));
  return 0;
}

}  // namespace

Command data_split_command() {
  return {"data split",
          "Parts of a detection set that each have their share of every class.",
          "SET -o DIR",
          "graft data split a.json -o parts/\n"
          "graft data split merged.json --shares train=0.7,val=0.1,test=0.2 --group folder --seed 3 -o parts/",
          run,
          [] { return describe_options<DataSplitOptions>(); }};
}

}  // namespace graft::cli
