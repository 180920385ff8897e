#include "graft/data/published_classes.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/format.h"
#include "graft/data/numbers.h"
#include "graft/text/text_file.h"

namespace graft::data {
namespace {

using Numbered = std::vector<std::pair<int, std::string>>;  // a mask's number, and what it is called

// All other numbers are unknown.
MaskClasses of_numbers(const Numbered& classes, std::string known) {
  MaskClasses list;
  list.numbers.place.fill(MaskNumbers::kUnknown);
  list.numbers.place[io::kIgnoredClass] = MaskNumbers::kIgnored;
  list.numbers.known = std::move(known);
  for (const auto& [number, name] : classes) {
    list.numbers.place[static_cast<std::size_t>(number)] = static_cast<int>(list.names.size());
    list.names.push_back(name);
  }
  return list;
}

std::vector<std::string> split(const std::string& line, char at) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == at) {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  for (auto& cell : cells)
    cell = text::trimmed(cell);
  return cells;
}

// Names that stand twice are told apart by their numbers; a number that does is a problem.
void tell_apart(Numbered& classes, const std::string& source, Problems& problems) {
  std::map<std::string, int> seen;
  std::set<int> numbers;
  for (const auto& [number, name] : classes) {
    ++seen[name];
    if (!numbers.insert(number).second) problems.add("{}: the number of '{}' stands twice.", source, name);
  }
  for (auto& [number, name] : classes)
    if (seen[name] > 1) name += fmt::format(" ({})", number);
}

}  // namespace

MaskClasses classes_of_camvid() {
  MaskClasses list{
      {"sky", "building", "pole", "road", "pavement", "tree", "sign symbol", "fence", "car", "pedestrian", "bicyclist"},
      {}};
  list.numbers = MaskNumbers::in_order(list.names.size(), "CamVid's");
  list.numbers.place[list.names.size()] = MaskNumbers::kIgnored;
  return list;
}

MaskClasses classes_of_pascal() {
  MaskClasses list{{"background", "aeroplane", "bicycle",     "bird",  "boat",        "bottle", "bus",
                    "car",        "cat",       "chair",       "cow",   "diningtable", "dog",    "horse",
                    "motorbike",  "person",    "pottedplant", "sheep", "sofa",        "train",  "tvmonitor"},
                   {}};
  list.numbers = MaskNumbers::in_order(list.names.size(), "Pascal VOC's");
  return list;
}

MaskClasses classes_of_cityscapes(CityNumbers numbers) {
  static const Numbered kScored = {{7, "road"},        {8, "sidewalk"},    {11, "building"},      {12, "wall"},
                                   {13, "fence"},      {17, "pole"},       {19, "traffic light"}, {20, "traffic sign"},
                                   {21, "vegetation"}, {22, "terrain"},    {23, "sky"},           {24, "person"},
                                   {25, "rider"},      {26, "car"},        {27, "truck"},         {28, "bus"},
                                   {31, "train"},      {32, "motorcycle"}, {33, "bicycle"}};
  constexpr std::size_t kIds = 34;
  auto list = of_numbers(kScored, "Cityscapes' ids, 0 to 33");
  if (numbers == CityNumbers::training) {
    list.numbers = MaskNumbers::in_order(list.names.size(), "Cityscapes' training numbers");
    return list;
  }
  for (std::size_t id = 0; id < kIds; ++id) {
    if (list.numbers.place[id] == MaskNumbers::kUnknown) list.numbers.place[id] = MaskNumbers::kIgnored;
  }
  return list;
}

MaskClasses ade_classes(const std::filesystem::path& file, Problems& problems) {
  Numbered classes;
  const auto lines = text::trimmed_lines(text::read_text_file(file));
  const std::vector<std::string> expected = {"Idx", "Ratio", "Train", "Val", "Stuff", "Name"};
  if (lines.empty() || split(lines.front(), '\t') != expected) {
    problems.add("{}: expected the columns Idx, Ratio, Train, Val, Stuff, Name with tabs between.", file.string());
    return {};
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split(lines[i], '\t');
    const auto number = cells.size() == expected.size() ? whole_number(cells[0]) : std::nullopt;
    const auto name = number ? text::normal_name(split(cells[5], ',').front()) : "";
    if (!number || *number < 1 || *number >= io::kIgnoredClass || name.empty()) {
      problems.add("{}: line {}: expected six columns with a number from 1 to 254 and a name, got '{}'.", file.string(),
                   i + 1, lines[i]);
      continue;
    }
    classes.emplace_back(static_cast<int>(*number), name);
  }
  tell_apart(classes, file.string(), problems);
  auto list = of_numbers(classes, fmt::format("0 and the {} that {} lists", classes.size(), kAdeClassesFile));
  list.numbers.place[0] = MaskNumbers::kIgnored;
  return list;
}

MaskClasses stuff_classes(const std::filesystem::path& file, Problems& problems) {
  Numbered classes;
  for (const auto& line : read_lines(file)) {
    const auto colon = line.find(':');
    const auto number =
        colon == std::string::npos ? std::nullopt : whole_number(std::string(text::trimmed(line.substr(0, colon))));
    const auto name = number ? std::string(text::trimmed(line.substr(colon + 1))) : "";
    if (!number || *number < 0 || *number > io::kIgnoredClass - 1 || name.empty()) {
      problems.add("{}: expected 'N: name' a line with N from 0 to 254, got '{}'.", file.string(), line);
    } else if (*number > 0) {
      classes.emplace_back(static_cast<int>(*number) - 1, name);
    }
  }
  tell_apart(classes, file.string(), problems);
  return of_numbers(classes, fmt::format("the {} that {} lists, less one each", classes.size(), kStuffClassesFile));
}

}  // namespace graft::data
