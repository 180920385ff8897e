#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/shuffle.h"
#include "graft/data/resize.h"
#include "graft/detection/detections.h"
#include "graft/detection/drawn_boxes.h"
#include "graft/io/image_png.h"
#include "graft/report/contact_sheet.h"
#include "graft/report/html.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

struct DataShowOptions {
  std::string set, format, images, detections;
  std::vector<std::string> classes;
  double score = 0.5;
  int64_t count = 24, seed = 0;
  std::string html;
};
template <class Visitor>
void fields(Visitor& visit, DataShowOptions& o) {
  visit("set", o.set, "the set");
  visit("format", o.format, "its format (default: what it looks like)");
  visit("images", o.images, "folder of its photos (default: beside it)");
  visit("detections", o.detections, "what a detector says of them, COCO's list of results: drawn beside the truth");
  visit("score", o.score, "detections of at least this score are drawn");
  visit("classes", o.classes, "only photos with one of these classes, and only their boxes");
  visit("count", o.count, "photos to show");
  visit("seed", o.seed, "a draw of them; 0: the first");
  visit("html", o.html, "the page to write");
}

constexpr int kSide = 320;  // pixels of a picture's longer side

struct Shown {
  detection::Index category = 0;
  detection::Box box;
};

std::string drawn(const io::Image& photo, const std::vector<Shown>& boxes) {
  const double scale = std::min(1.0, static_cast<double>(kSide) / std::max(photo.width, photo.height));
  const auto side = [scale](int pixels) { return std::max(1, static_cast<int>(std::lround(scale * pixels))); };
  io::Image small = data::resize(photo, {side(photo.height), side(photo.width)}, data::Filter::bicubic);
  for (const auto& [category, box] : boxes)
    detection::draw_box(small, {scale * box.x, scale * box.y, scale * box.width, scale * box.height},
                        detection::colour_of(category));
  const auto png = io::encode_png(small);
  return report::data_uri(std::as_bytes(std::span(png)));
}

std::string counted(const std::vector<Shown>& boxes, const detection::Set& set) {
  std::map<std::string, int> counts;
  for (const auto& one : boxes)
    ++counts[set.categories[one.category].name];
  std::string text;
  for (const auto& [name, count] : counts)
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", count > 1 ? fmt::format("{} x ", count) : "", name);
  return text;
}

// By image.
using Boxes = std::vector<std::vector<Shown>>;

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataShowOptions>();
  arguments.take_positional("set", "the set");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("set", "the set to show");
  arguments.require("html", "the page to write");
  const auto options = arguments.get<DataShowOptions>();
  if (options.count < 1) throw ConfigError("data show", "--count {}: expected 1 or more.", options.count);
  const auto named = named_paths({options.set}, "data show").front();
  const auto set = read_whole(named, options.format, terminal);
  const auto wanted = options.classes.empty() ? std::vector<bool>(set.categories.size(), true)
                                              : named_classes(set, options.classes, "data show");
  const fs::path folder = !options.images.empty()        ? fs::path(options.images)
                          : fs::is_directory(named.path) ? named.path
                                                         : named.path.parent_path();

  Boxes truth(set.images.size()), told(set.images.size());
  for (const auto& one : set.annotations)
    if (wanted[one.category]) truth[one.image].push_back({one.category, one.box});
  if (!options.detections.empty()) {
    detection::Findings findings;
    for (const auto& one : detection::read_detections(options.detections, set, findings).detections)
      if (wanted[one.category] && one.score >= options.score) told[one.image].push_back({one.category, one.box});
    tell(findings, options.detections, terminal);
  }
  auto order = shuffled_order(set.images.size(), Random(static_cast<std::uint64_t>(options.seed)));
  if (options.seed == 0) std::ranges::sort(order);

  report::ContactSheet sheet;
  sheet.columns = {"boxes"};
  if (!options.detections.empty()) sheet.columns.push_back("detections");
  std::map<detection::Index, bool> used;
  std::size_t missing = 0;
  for (const std::size_t k : order) {
    if (sheet.photos.size() == static_cast<std::size_t>(options.count)) break;
    if (!options.classes.empty() && truth[k].empty() && told[k].empty()) continue;
    const fs::path file = folder / set.images[k].file;
    std::error_code error;
    if (set.images[k].file.empty() || !fs::is_regular_file(file, error)) {
      ++missing;
      continue;
    }
    const auto photo = io::read_image(file);
    report::SheetRow row{set.images[k].file, counted(truth[k], set), {drawn(photo, truth[k])}};
    if (!options.detections.empty()) row.pictures.push_back(drawn(photo, told[k]));
    for (const auto* boxes : {&truth[k], &told[k]})
      for (const auto& one : *boxes)
        used[one.category] = true;
    sheet.photos.push_back(std::move(row));
  }
  if (sheet.photos.empty())
    throw DataError("data show", "{}: none of its {} photos is in {}. --images names their folder.", options.set,
                    set.images.size(), folder.empty() ? "." : folder.string());
  for (const auto& [category, is_used] : used)
    sheet.legend.push_back({set.categories[category].name, detection::colour_of(category)});
  write_file_atomically(options.html,
                        report::page("graft data show", "<header><h1>graft data show</h1><p class=\"soft\">" +
                                                            report::escape(options.set) + "</p></header>\n" +
                                                            report::section("Photos", report::to_html(sheet))));
  if (terminal.json())
    terminal.print(dump(with_notes({{"shown", sheet.photos.size()}, {"missing", missing}}, terminal)));
  else
    terminal.print(fmt::format("{} photos{}", sheet.photos.size(),
                               missing > 0 ? fmt::format(", {} are not in the folder", missing) : ""));
  terminal.line("saved", options.html);
  return 0;
}

}  // namespace

Command data_show_command() {
  return {"data show",
          "Photos of a detection set with their boxes, as a page.",
          "SET --html FILE",
          "graft data show boxes.json --html sheet.html\n"
          "graft data show val.json --images val2017 --detections results.json --classes dog --html dogs.html",
          run,
          [] { return describe_options<DataShowOptions>(); }};
}

}  // namespace graft::cli
