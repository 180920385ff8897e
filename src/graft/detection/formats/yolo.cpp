// YOLO's text files as Ultralytics' programs read and write them (YOLOv5 and later): a data.yaml with `names`, folders
// images/ and labels/ of the same shape, and for each photo a file of lines
//   class x y width height     centre and size as shares of the upright photo
//   class x1 y1 x2 y2 ...      an outline, likewise
// A folder without YAML is read with classes.txt or obj.names. A class is its number from 0; sizes are in the photos
// alone.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/read_file.h"
#include "graft/data/file_walk.h"
#include "graft/detection/foreign_text.h"
#include "graft/detection/format.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
#include "graft/detection/new_folder.h"
#include "graft/detection/set_builder.h"
#include "graft/detection/unknown_names.h"
#include "graft/text/text_file.h"

namespace graft::detection::yolo {
extern const Format format;
namespace {

namespace fs = std::filesystem;

bool is_yaml(const fs::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

// What stands round the labels: the classes, and where the photos of each split are.
struct Layout {
  fs::path root;
  std::map<std::int64_t, std::string> names;
  std::vector<fs::path> splits;  // folders of photos or lists of them; below root where they can be
  std::size_t keypoints = 0;     // numbers behind a box (kpt_shape)
};

std::vector<std::string> texts_of(const YAML::Node& node) {
  std::vector<std::string> texts;
  if (!node.IsDefined()) return texts;
  if (node.IsScalar() && !node.Scalar().empty()) texts.push_back(node.Scalar());
  if (node.IsSequence()) {
    for (const auto& one : node)
      if (one.IsScalar()) texts.push_back(one.Scalar());
  }
  return texts;
}

void take_names(const YAML::Node& node, const fs::path& file, Layout& layout) {
  std::int64_t next = 0;
  for (const auto& one : node) {
    const bool mapped = node.IsMap();
    const auto number = mapped ? whole_in(one.first.IsScalar() ? one.first.Scalar() : "") : next++;
    const YAML::Node& name = mapped ? one.second : one;
    if (!number || *number < 0 || *number > 1'000'000 || !name.IsScalar())
      throw DataError("detection", "{}: 'names': expected a list of names, or numbers and names.", file.string());
    layout.names[*number] = name.Scalar();
  }
}

constexpr std::string_view kKeys[] = {"path", "train", "val", "validation", "test", "names", "nc", "kpt_shape"};

Layout read_yaml(const fs::path& file, Findings& findings) {
  Layout layout{.root = file.parent_path(), .names = {}, .splits = {}};
  const std::string text = text::read_text_file(file);
  try {
    const YAML::Node yaml = YAML::Load(text);
    if (!yaml.IsMap() || !yaml["names"])
      throw DataError("detection", "{}: has no 'names', expected YOLO's data.yaml.", file.string());
    take_names(yaml["names"], file, layout);
    UnknownNames unknown;
    for (const auto& member : yaml)
      if (member.first.IsScalar() && std::ranges::find(kKeys, member.first.Scalar()) == std::end(kKeys))
        unknown.see("", member.first.Scalar());
    unknown.note(findings, "unread-keys", "is not looked at");
    if (const auto counts = texts_of(yaml["nc"]);
        !counts.empty() && whole_in(counts[0]) != static_cast<std::int64_t>(layout.names.size()))
      findings.add("class-count", Severity::suspicion, "nc is {}, and names has {}", printable(counts[0]),
                   layout.names.size());
    std::error_code error;
    if (const auto paths = texts_of(yaml["path"]); !paths.empty()) {
      const fs::path root = file.parent_path() / paths[0];  // an absolute one stands alone
      if (fs::is_directory(root, error)) layout.root = root;
    }
    for (const char* split : {"train", "val", "validation", "test"}) {
      for (const auto& entry : texts_of(yaml[split])) {
        fs::path path = layout.root / entry;
        if (!fs::exists(path, error) && entry.starts_with("../")) path = layout.root / entry.substr(3);  // Roboflow's
        layout.splits.push_back(path.lexically_normal());
      }
    }
    if (const YAML::Node shape = yaml["kpt_shape"]; shape.IsDefined() && shape.IsSequence() && shape.size() == 2) {
      const auto points = whole_in(texts_of(shape).at(0)), numbers = whole_in(texts_of(shape).at(1));
      if (points && numbers && *points > 0 && *points < 1000 && *numbers >= 2 && *numbers <= 3)
        layout.keypoints = static_cast<std::size_t>(*points * *numbers);
    }
  } catch (const YAML::Exception& bad) {
    throw DataError("detection", "{}:{}: is no YAML that can be read: {}.", file.string(), bad.mark.line + 1, bad.msg);
  } catch (const std::out_of_range&) {
    throw DataError("detection", "{}: 'kpt_shape': expected two numbers.", file.string());
  }
  return layout;
}

fs::path names_file(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"classes.txt", "obj.names", "labels/classes.txt"})
    if (fs::is_regular_file(folder / name, error)) return folder / name;
  return {};
}

fs::path yaml_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!is_yaml(entry.path()) || !entry.is_regular_file(error)) continue;
    try {
      if (read_file("detection", entry.path(), 1 << 20).find("names") != std::string::npos)
        found.push_back(entry.path());
    } catch (const FileError&) {
    }
  }
  return found.empty() ? fs::path() : *std::ranges::min_element(found);
}

bool recognises(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return !yaml_in(path).empty() || (!names_file(path).empty() && !fs::exists(path / "Annotations", error));
  return is_yaml(path);
}

Layout layout_of(const fs::path& path, Findings& findings) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return read_yaml(path, findings);
  if (const auto yaml = yaml_in(path); !yaml.empty()) return read_yaml(yaml, findings);
  const auto file = names_file(path);
  if (file.empty())
    throw DataError("detection", "{}: has neither a data.yaml with 'names' nor a classes.txt.", path.string());
  Layout layout{.root = path, .names = {}, .splits = {}};
  for (auto& name : text::trimmed_lines(text::read_text_file(file)))
    layout.names.emplace(static_cast<std::int64_t>(layout.names.size()), std::move(name));
  return layout;
}

// Folders of labels of Darknet's layout (CVAT's and Datumaro's "YOLO 1.1"): obj_train_data/ and its like.
std::vector<fs::path> darknet_folders(const fs::path& root) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("obj_") && name.ends_with("_data") && entry.is_directory(error))
      folders.push_back(entry.path().filename());
  }
  std::ranges::sort(folders);
  return folders;
}

// Where the labels of a photo are: labels/ for the last images/ of its path, or beside it.
fs::path label_of(const std::string& photo) {
  std::string path = "/" + photo;
  const auto at = path.rfind("/images/");
  if (at != std::string::npos) path.replace(at, 8, "/labels/");
  return without_ending(path.substr(1)) + ".txt";
}

class Reader {
 public:
  Reader(const fs::path& path, const ReadOptions& options, Findings& findings)
      : layout_(layout_of(path, findings)), findings_(findings), builder_(path, "yolo") {
    std::error_code error;
    darknet_ = darknet_folders(layout_.root);
    in_images_ = fs::is_directory(layout_.root / "images", error) || fs::is_directory(layout_.root / "labels", error);
    sizes_.emplace(options, in_images_ ? layout_.root / "images" : layout_.root);
    for (const auto& [number, name] : layout_.names) {
      builder_.set().categories.emplace_back();
      builder_.set().categories.back().id = number;
      builder_.set().categories.back().name = name;
      classes_.emplace(number, static_cast<Index>(classes_.size()));
    }
    if (options.sizes != nullptr) {
      for (const Image& image : options.sizes->images)
        add_photo((in_images_ ? "images/" : "") + file_of(image));
    } else if (!options.images.empty()) {
      for (const auto& file : data::walk_photos(options.images).files)
        add_photo((in_images_ ? "images/" : "") + file);
    } else {
      walk();
    }
    find_orphans();
    if (builder_.set().images.empty())
      throw DataError("detection", "{}: no photos; the sizes of YOLO's boxes are in them. --images names their folder.",
                      path.string());
  }
  Set take() { return builder_.take(); }

 private:
  void walk() {
    std::error_code error;
    auto places = layout_.splits;
    if (places.empty()) places.push_back(in_images_ ? layout_.root / "images" : layout_.root);
    for (const auto& place : places) {
      if (fs::is_directory(place, error)) {
        for (const auto& file : data::walk_photos(place).files)
          add_photo(with_slashes((place / file).lexically_relative(layout_.root).string()));
      } else if (fs::is_regular_file(place, error)) {
        for (const auto& line : text::trimmed_lines(text::read_text_file(place))) {
          const fs::path photo = line.starts_with("./") ? place.parent_path() / line : layout_.root / line;
          add_photo(
              with_slashes(photo.lexically_normal().lexically_relative(layout_.root.lexically_normal()).string()));
        }
      } else {
        findings_.add("split-missing", Severity::left_out, "{} is not there", printable(place.string()));
      }
    }
  }

  // `photo` is relative to the root.
  void add_photo(const std::string& photo) {
    const std::string file = photo.starts_with("images/") ? photo.substr(7) : photo;
    if (builder_.has_image(file)) return;
    auto label = label_of(photo);
    std::error_code error;
    for (const auto& folder : darknet_) {
      if (fs::is_regular_file(layout_.root / label, error)) break;
      if (fs::is_regular_file(layout_.root / folder / (without_ending(file) + ".txt"), error))
        label = folder / (without_ending(file) + ".txt");
    }
    labels_.insert(label.string());
    Image size;
    size.file = file;
    const bool sized = sizes_->find(size);
    const bool labelled = fs::is_regular_file(layout_.root / label, error);
    const Index image = builder_.image(file);
    builder_.set().images[image].width = sized ? size.width : 0;
    builder_.set().images[image].height = sized ? size.height : 0;
    if (!labelled) {
      findings_.add("label-file-missing", Severity::note, "{} has no {}: a photo without objects", printable(file),
                    printable(label.string()));
      return;
    }
    if (!sized) {
      findings_.add("photo-missing", Severity::left_out, "{}: its size is not known, and its boxes are left out",
                    printable(file));
      return;
    }
    try {
      read_labels(text::read_text_file(layout_.root / label), label.string(), image);
    } catch (const DataError& bad) {
      findings_.add("label-unreadable", Severity::left_out, "{}", bad.what());
    }
  }

  void read_labels(std::string_view text, const std::string& name, Index image) {
    for (std::size_t line = 1; !text.empty(); ++line) {
      const auto end = std::min(text.find('\n'), text.size());
      const auto row = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      std::vector<double> numbers;
      bool good = true;
      for (std::size_t at = row.find_first_not_of(" \t"); at < row.size() && good;) {
        const auto stop = std::min(row.find_first_of(" \t", at), row.size());
        const auto value = number_in(row.substr(at, stop - at));
        good = value.has_value();
        if (good) numbers.push_back(*value);
        at = row.find_first_not_of(" \t", stop);
      }
      if (good && numbers.empty()) continue;
      read_row(numbers, good, fmt::format("{}:{}", printable(name), line), printable(row.substr(0, 60)), image);
    }
  }

  void read_row(const std::vector<double>& numbers, bool good, const std::string& place, const std::string& row,
                Index image) {
    const std::size_t count = numbers.size();
    const bool posed = layout_.keypoints > 0 && count == 5 + layout_.keypoints;
    if (!good || count < 5 || (count > 6 && count % 2 == 0 && !posed)) {
      findings_.add("row-form", Severity::left_out,
                    "{}: '{}', expected class x y width height, or class x1 y1 x2 y2 ...", place, row);
      return;
    }
    const auto known = classes_.find(std::floor(numbers[0]) == numbers[0] && std::abs(numbers[0]) < 1e9
                                         ? static_cast<std::int64_t>(numbers[0])
                                         : -1);
    if (known == classes_.end()) {
      findings_.add("unknown-category", Severity::left_out, "{}: class {} of {}", place, numbers[0], classes_.size());
      return;
    }
    const Image& size = builder_.set().images[image];
    const std::size_t shares = posed || count == 6 ? 5 : count;
    if (std::any_of(numbers.begin() + 1, numbers.begin() + static_cast<std::ptrdiff_t>(shares),
                    [](double share) { return share < -0.01 || share > 1.01; }))
      findings_.add("not-shares", Severity::wrong, "{}: '{}' has numbers beyond 0 to 1: are they pixels?", place, row);
    if (shares == 5) {
      const double width = numbers[3] * size.width, height = numbers[4] * size.height;
      builder_.box(image, known->second,
                   {numbers[1] * size.width - width / 2, numbers[2] * size.height - height / 2, width, height});
      if (posed) findings_.add("keypoints-unread", Severity::note, "{}: its keypoints are not read", place);
      if (count == 6) findings_.add("scores-unread", Severity::note, "{}: its score is not read", place);
      return;
    }
    Polygon polygon;
    for (std::size_t k = 1; k + 1 < count; k += 2) {
      polygon.push_back(numbers[k] * size.width);
      polygon.push_back(numbers[k + 1] * size.height);
    }
    builder_.outline(image, known->second, {polygon});
  }

  // Labels of which no photo is there.
  void find_orphans() {
    std::error_code error;
    auto folders = darknet_;
    folders.emplace_back("labels");
    std::vector<std::string> orphans;
    for (const auto& folder : folders) {
      for (auto entry = fs::recursive_directory_iterator(layout_.root / folder, error); entry != fs::end(entry);
           entry.increment(error)) {
        if (entry->path().extension() != ".txt" || entry->path().filename() == "classes.txt") continue;
        auto label = with_slashes(entry->path().lexically_relative(layout_.root).string());
        if (!labels_.contains(label)) orphans.push_back(std::move(label));
      }
    }
    std::ranges::sort(orphans);
    for (const auto& label : orphans)
      findings_.add("label-without-photo", Severity::left_out, "{}", printable(label));
  }

  Layout layout_;
  Findings& findings_;
  SetBuilder builder_;
  std::optional<ImageSizes> sizes_;
  bool in_images_ = false;
  std::vector<fs::path> darknet_;
  std::map<std::int64_t, Index> classes_;
  std::set<std::string> labels_;
};

Set read(const fs::path& path, const ReadOptions& options, Findings& findings) {
  return Reader(path, options, findings).take();
}

// Outlines are written where each box has one: a file that mixes boxes and outlines is read as outlines alone.
bool all_outlined(const Set& set) {
  return !set.annotations.empty() && std::ranges::all_of(set.annotations, [&](const Annotation& annotation) {
    const auto polygons = polygons_of(set.carried->at(annotation.shape));
    return polygons && polygons->size() == 1 && is_polygon(polygons->front());
  });
}

std::string row_of(const Set& set, const Annotation& annotation, bool outlined) {
  const Image& image = set.images[annotation.image];
  std::string row = fmt::format("{}", annotation.category);
  if (outlined) {
    const auto polygons = polygons_of(set.carried->at(annotation.shape));
    const Polygon& polygon = polygons->front();
    for (std::size_t k = 0; k < polygon.size(); ++k)
      row += ' ' + json_number(polygon[k] / (k % 2 == 0 ? image.width : image.height));
    return row + '\n';
  }
  const Box& box = annotation.box;
  return row + fmt::format(" {} {} {} {}\n", json_number((box.x + box.width / 2) / image.width),
                           json_number((box.y + box.height / 2) / image.height), json_number(box.width / image.width),
                           json_number(box.height / image.height));
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  std::vector<std::string> labels(set.images.size());
  const bool outlined = all_outlined(set);
  for (const Annotation& annotation : set.annotations) {
    const Image& image = set.images[annotation.image];
    if (image.width <= 0)
      throw DataError("detection",
                      "image {} ({}) tells no size, and YOLO's boxes are shares of it. --images names the "
                      "folder of the photos.",
                      image.id, printable(image.file));
    labels[annotation.image] += row_of(set, annotation, outlined);
  }
  NewFolder folder(path);
  std::map<std::string, std::string> taken;
  std::set<std::string> splits;
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const std::string file = file_of(set.images[k]);
    refuse_outside(file);
    const auto label = label_of("images/" + file).string();
    if (const auto [other, is_new] = taken.try_emplace(label, file); !is_new)
      throw DataError("detection", "{} and {} would share {}.", printable(other->second), printable(file),
                      printable(label));
    folder.put(label, labels[k]);
    const auto first = file.substr(0, file.find('/'));
    splits.insert(first == "train" || first == "val" || first == "test" ? first : "");
  }
  const bool split = !splits.contains("") && splits.contains("train");
  std::string yaml = "path: .\n";
  for (const std::string name : {"train", "val", "test"}) {
    if (split && splits.contains(name)) yaml += fmt::format("{}: images/{}\n", name, name);
    if (!split && name != "test") yaml += fmt::format("{}: images\n", name);
  }
  yaml += "names:\n";
  for (std::size_t k = 0; k < set.categories.size(); ++k)
    yaml += fmt::format("  {}: {}\n", k, json_text(set.categories[k].name));
  if (set.categories.empty()) yaml.replace(yaml.size() - 1, 1, " []\n");
  folder.put("data.yaml", yaml);
  folder.commit();
  return losses_in(format, set, path);
}

}  // namespace

const Format format = {"yolo", "YOLO's data.yaml with images/ and labels/; boxes or outlines", recognises, read, write};

}  // namespace graft::detection::yolo
