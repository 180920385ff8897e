// OpenImages' tables (Kuznetsova et al. 2018, arXiv:1811.00982), a folder of them or the boxes alone:
// - boxes, of 13 columns or of 21 with clicks: ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,...
// - image labels: ImageID,Source,LabelName,Confidence; 1 is verified to be there, 0 not to be, between is a guess
// - classes, without a header: LabelName,DisplayName
// - the hierarchy, a JSON of LabelName and Subcategory
// - images: ImageID,Subset,OriginalURL,...,Rotation; of the subsets that the other tables tell of, those that no table
//   names are there too, and nothing is known of them
// - sizes, which are ours: ImageID,Width,Height; elsewhere they are in the photos alone
// Corners are shares of the image. A class is known in an image where a person said so, and as the hierarchy passes it
// on: what is not there has no kinds of it there; what is there is of all that it is a kind of. A class that is there
// without boxes of its own may have them, so it counts as not exhaustive.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "graft/core/csv.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/read_file.h"
#include "graft/data/file_walk.h"
#include "graft/detection/class_tree.h"
#include "graft/detection/csv_rows.h"
#include "graft/detection/foreign_text.h"
#include "graft/detection/format.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
#include "graft/detection/new_folder.h"
#include "graft/detection/set_builder.h"
#include "graft/detection/unknown_names.h"

namespace graft::detection::openimages {
extern const Format format;
namespace {

namespace fs = std::filesystem;

using Columns = std::map<std::string, std::size_t, std::less<>>;

// Columns by what they say, and keys of the set: 1 where it is so, -1 unknown.
constexpr std::pair<const char*, const char*> kFlags[] = {
    {"IsOccluded", "occluded"}, {"IsTruncated", "truncated"}, {"IsDepiction", "depiction"}, {"IsInside", "inside"}};

enum class Kind { boxes, labels, classes, sizes, hierarchy, images, unread, other };

bool is_table(const fs::path& path) {
  const auto name = path.filename().string();
  return name.ends_with(".csv") || name.ends_with(".csv.gz");
}

Columns columns_of(const std::vector<std::string>& cells) {
  Columns columns;
  for (std::size_t k = 0; k < cells.size(); ++k)
    columns.emplace(cells[k], k);
  return columns;
}

Kind kind_of(const fs::path& path) {
  if (path.extension() == ".json") {
    return path.filename().string().find("hierarchy") != std::string::npos ? Kind::hierarchy : Kind::other;
  }
  if (!is_table(path)) return Kind::other;
  Findings unasked;
  CsvRows rows(path, unasked);
  if (!rows.next()) return Kind::other;
  const auto columns = columns_of(rows.cells());
  if (!columns.contains("ImageID")) {
    const auto& first = rows.cells()[0];
    const bool named = path.filename().string().find("class-descriptions") != std::string::npos;
    return rows.cells().size() == 2 && (named || first.starts_with("/m/") || first.starts_with("/g/")) ? Kind::classes
                                                                                                       : Kind::other;
  }
  if (columns.contains("XMin")) return Kind::boxes;
  if (columns.contains("MaskPath")) return Kind::unread;
  if (columns.contains("LabelName")) return Kind::labels;
  if (columns.contains("Width") && columns.contains("Height")) return Kind::sizes;
  return columns.contains("Subset") || columns.contains("OriginalURL") ? Kind::images : Kind::unread;
}

// Datumaro puts the tables one folder deeper.
fs::path tables_of(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path / "annotations", error) ? path / "annotations" : path;
}

bool recognises(const fs::path& given) {
  std::error_code error;
  const auto path = tables_of(given);
  if (!fs::is_directory(path, error)) return is_table(path) && kind_of(path) == Kind::boxes;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (entry.is_regular_file(error) && is_table(entry.path()) && kind_of(entry.path()) == Kind::boxes) return true;
  return false;
}

std::string file_named(const std::string& id) {
  return data::is_photo_name(id) ? id : id + ".jpg";
}

// Columns that are understood, though not all of them are of use here.
constexpr std::string_view kBoxColumns =
    " ImageID Source LabelName Confidence XMin XMax YMin YMax IsOccluded IsTruncated IsGroupOf IsDepiction IsInside "
    "XClick1X XClick2X XClick3X XClick4X XClick1Y XClick2Y XClick3Y XClick4Y ";
constexpr std::string_view kLabelColumns = " ImageID Source LabelName Confidence ";
constexpr std::string_view kImageColumns =
    " ImageID Subset OriginalURL OriginalLandingURL License AuthorProfileURL Author Title OriginalSize OriginalMD5 "
    "Thumbnail300KURL Rotation ";

class Reader {
 public:
  Reader(const fs::path& path, const ReadOptions& options, Findings& findings)
      : findings_(findings),
        builder_(path, "openimages"),
        sizes_(options, fs::is_directory(path) ? path : path.parent_path()) {
    std::map<Kind, std::vector<fs::path>> files;
    std::error_code error;
    if (fs::is_directory(path, error)) {
      std::vector<fs::path> all;
      for (const auto& entry : fs::directory_iterator(tables_of(path), error))
        if (entry.is_regular_file(error)) all.push_back(entry.path());
      std::ranges::sort(all);
      for (const auto& file : all)
        files[kind_of(file)].push_back(file);
    } else {
      files[kind_of(path)].push_back(path);
    }
    if (files[Kind::boxes].empty())
      throw DataError("detection", "{}: no CSV of it has ImageID, LabelName, XMin, XMax, YMin and YMax.",
                      path.string());
    for (const auto& file : files[Kind::hierarchy])
      tree_.read(file);
    for (const auto& file : files[Kind::classes])
      read_classes(file);
    for (const auto& file : files[Kind::sizes])
      read_sizes(file);
    for (const auto& file : files[Kind::boxes])
      read_boxes(file);
    for (const auto& file : files[Kind::labels])
      read_labels(file);
    for (const auto& file : files[Kind::images])
      read_images(file);
    for (const auto& file : files[Kind::unread])  // masks, relations
      findings_.add("table-unread", Severity::note, "{}: is not looked at", file.filename().string());
    unknown_.note(findings_, "unread-columns", "is not looked at");
    finish(path);
  }
  Set take() { return builder_.take(); }

 private:
  // Of the class that files call so; made where class-descriptions do not have it.
  Index category(const std::string& label) {
    const auto [place, is_new] = labels_.try_emplace(label, static_cast<Index>(labels_.size()));
    if (is_new) {
      Category category;
      category.id = static_cast<std::int64_t>(labels_.size());
      category.name = label;
      if (label.starts_with('/')) category.synset = label;
      builder_.set().categories.push_back(std::move(category));
    }
    return place->second;
  }

  Index image(const std::string& id) {
    const Index place = builder_.image(file_named(id));
    if (place == verdicts_.size()) {
      verdicts_.emplace_back();
      unsized_.push_back(!sizes_.find(builder_.set().images[place]));
    }
    return place;
  }

  void read_classes(const fs::path& path) {
    CsvRows rows(path, findings_);
    while (rows.next()) {
      const auto& cells = rows.cells();
      if (cells.size() != 2 || cells[0].empty() || cells[1].empty())
        findings_.add("class-form", Severity::left_out, "{}: expected a label and its name, got {} cells", rows.place(),
                      cells.size());
      else if (cells[0] != "LabelName")
        builder_.set().categories[category(cells[0])].name = cells[1];
    }
  }

  void read_sizes(const fs::path& path) {
    CsvRows rows(path, findings_);
    rows.next();
    const auto columns = columns_of(rows.cells());
    while (rows.next()) {
      const auto& cells = rows.cells();
      if (cells.size() != columns.size()) {
        tell_cells(rows, columns);
        continue;
      }
      const auto width = whole_in(cells[columns.at("Width")]), height = whole_in(cells[columns.at("Height")]);
      const auto& id = cells[columns.at("ImageID")];
      const bool good = width && height && *width >= 1 && *height >= 1 && *width <= 1'000'000 && *height <= 1'000'000;
      if (!good && !(width == 0 && height == 0)) {
        findings_.add("size-form", Severity::left_out, "{}: {} x {}, expected two whole numbers of pixels",
                      rows.place(), printable(cells[columns.at("Width")]), printable(cells[columns.at("Height")]));
        continue;
      }
      const Index place = image(id);
      if (!good) continue;
      builder_.set().images[place].width = static_cast<std::int32_t>(*width);
      builder_.set().images[place].height = static_cast<std::int32_t>(*height);
      unsized_[place] = false;
    }
  }

  // Twice: which subsets are labelled, then their images.
  void read_images(const fs::path& path) {
    std::set<std::string> subsets;
    for (const bool labelled : {true, false}) {
      Findings told;  // already, the second time
      CsvRows rows(path, labelled ? findings_ : told);
      rows.next();
      const auto columns = columns_of(rows.cells());
      if (labelled) see_columns(path, columns, kImageColumns);
      while (rows.next()) {
        const auto& cells = rows.cells();
        if (cells.size() != columns.size()) {
          if (labelled) tell_cells(rows, columns);
          continue;
        }
        const auto& id = cells[columns.at("ImageID")];
        const auto at = [&](const char* column) {
          const auto found = columns.find(column);
          return found == columns.end() ? std::string() : cells[found->second];
        };
        if (labelled) {
          if (builder_.has_image(file_named(id))) subsets.insert(at("Subset"));
        } else if (!id.empty() && subsets.contains(at("Subset"))) {
          add_listed(id, at("OriginalURL"), at("Rotation"), rows);
        } else {
          findings_.add("subset-unlabelled", Severity::note, "{}: image {} is of a subset that no table labels ('{}')",
                        rows.place(), printable(id), printable(at("Subset")));
        }
      }
    }
  }

  void add_listed(const std::string& id, const std::string& url, const std::string& rotation, const CsvRows& rows) {
    const bool is_new = !builder_.has_image(file_named(id));
    const Index place = image(id);
    auto& set = builder_.set();
    std::string rest = url.empty() ? "" : fmt::format("\"flickr_url\":{}", json_text(url));
    if (const auto turned = number_in(rotation); turned && *turned != 0) {
      rest += fmt::format("{}\"rotation\":{}", rest.empty() ? "" : ",", json_number(*turned));
      findings_.add(
          "photo-rotated", Severity::note,
          "{}: image {} is to be turned by {} degrees to stand upright; its boxes are of the photo as it lies",
          rows.place(), printable(id), *turned);
    }
    set.images[place].rest = set.carried->add(rest);
    if (is_new)
      findings_.add("image-unlabelled", Severity::note,
                    "{}: image {} has neither boxes nor labels: nothing is known of it", rows.place(), printable(id));
  }

  void see_columns(const fs::path& path, const Columns& columns, std::string_view known) {
    for (const auto& [column, place] : columns)
      if (known.find(fmt::format(" {} ", column)) == std::string_view::npos)
        unknown_.see(path.filename().string() + ": ", column);
  }

  void tell_cells(const CsvRows& rows, const Columns& columns) {
    findings_.add("csv-row", Severity::left_out, "{}: {} cells, expected {}", rows.place(), rows.cells().size(),
                  columns.size());
  }

  void read_boxes(const fs::path& path) {
    CsvRows rows(path, findings_);
    rows.next();
    const auto columns = columns_of(rows.cells());
    for (const char* needed : {"ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax"})
      if (!columns.contains(needed)) throw DataError("detection", "{}: has no column {}.", path.string(), needed);
    see_columns(path, columns, kBoxColumns);
    while (rows.next()) {
      const auto& cells = rows.cells();
      if (cells.size() != columns.size()) {
        tell_cells(rows, columns);
        continue;
      }
      const auto at = [&](const char* column) { return number_in(cells[columns.at(column)]); };
      const auto left = at("XMin"), right = at("XMax"), top = at("YMin"), bottom = at("YMax");
      const auto &id = cells[columns.at("ImageID")], &label = cells[columns.at("LabelName")];
      if (!left || !right || !top || !bottom || id.empty() || label.empty()) {
        findings_.add("row-form", Severity::left_out, "{}: expected an image, a label and four numbers", rows.place());
        continue;
      }
      if (std::max({*left, *right, *top, *bottom}) > 1.01 || std::min({*left, *right, *top, *bottom}) < -0.01)
        findings_.add("not-shares", Severity::wrong, "{}: has numbers beyond 0 to 1: are they pixels?", rows.place());
      const Index place = image(id);
      if (unsized_[place]) {
        findings_.add("photo-missing", Severity::left_out, "{}: the size of image {} is not known", rows.place(),
                      printable(id));
        continue;
      }
      add_box(place, category(label), *left, *right, *top, *bottom, cells, columns);
    }
  }

  void add_box(Index place, Index of_class, double left, double right, double top, double bottom,
               const std::vector<std::string>& cells, const Columns& columns) {
    const Image& image = builder_.set().images[place];
    auto& annotation = builder_.box(
        place, of_class,
        {left * image.width, top * image.height, (right - left) * image.width, (bottom - top) * image.height});
    verdicts_[place].boxed.insert(of_class);
    std::string rest;
    for (const auto& [column, key] : kFlags) {
      const auto found = columns.find(column);
      const auto value = found == columns.end() ? std::nullopt : whole_in(cells[found->second]);
      if (value && *value != 0) rest += fmt::format("{}\"{}\":{}", rest.empty() ? "" : ",", key, *value);
    }
    builder_.rest(annotation, rest);
    const auto group = columns.find("IsGroupOf");
    annotation.group_of = group != columns.end() && whole_in(cells[group->second]).value_or(0) > 0;
  }

  void read_labels(const fs::path& path) {
    CsvRows rows(path, findings_);
    rows.next();
    const auto columns = columns_of(rows.cells());
    if (!columns.contains("Confidence")) throw DataError("detection", "{}: has no column Confidence.", path.string());
    see_columns(path, columns, kLabelColumns);
    has_labels_ = true;
    while (rows.next()) {
      const auto& cells = rows.cells();
      if (cells.size() != columns.size()) {
        tell_cells(rows, columns);
        continue;
      }
      const auto confidence = number_in(cells[columns.at("Confidence")]);
      const auto &id = cells[columns.at("ImageID")], &label = cells[columns.at("LabelName")];
      if (!confidence || *confidence < 0 || *confidence > 1 || id.empty() || label.empty()) {
        findings_.add("row-form", Severity::left_out, "{}: expected an image, a label and a confidence of 0 to 1",
                      rows.place());
        continue;
      }
      if (*confidence != 0 && *confidence != 1) {
        findings_.add("label-unverified", Severity::note, "{}: a guess of {} is not a verdict", rows.place(),
                      *confidence);
        continue;
      }
      auto& verdict = verdicts_[image(id)];
      (*confidence == 1 ? verdict.present : verdict.absent).insert(category(label));
    }
  }

  // The class that the tree calls so, where the set has it.
  void insert(std::set<Index>& classes, const std::vector<std::string>& labels) const {
    for (const auto& label : labels)
      if (const auto found = labels_.find(label); found != labels_.end()) classes.insert(found->second);
  }

  void finish(const fs::path& path) {
    auto& set = builder_.set();
    if (std::ranges::find(unsized_, false) == unsized_.end())
      throw DataError("detection",
                      "{}: no image's size is known, and OpenImages' boxes are shares of it. --images names "
                      "the photos' folder; or put a table ImageID,Width,Height beside the boxes.",
                      path.string());
    std::vector<std::string> names(labels_.size());
    for (const auto& [label, place] : labels_)
      names[place] = label;
    for (std::size_t k = 0; k < verdicts_.size(); ++k) {
      auto& [boxed, present, absent] = verdicts_[k];
      present.insert(boxed.begin(), boxed.end());
      for (const Index one : std::vector<Index>(present.begin(), present.end()))
        insert(present, tree_.ancestors(names[one]));
      for (const Index one : std::vector<Index>(absent.begin(), absent.end()))
        insert(absent, tree_.descendants(names[one]));
      std::vector<Index> known, open;
      std::ranges::set_union(present, absent, std::back_inserter(known));
      std::ranges::set_difference(present, boxed, std::back_inserter(open));
      for (const Index one : absent)
        if (present.contains(one))
          findings_.add("negative-present", Severity::wrong, "image {}: {} is told to be absent and is there",
                        printable(set.images[k].file), printable(set.categories[one].name));
      set.images[k].known =
          known.size() == set.categories.size() ? ClassSets::kAll : set.class_sets.add(std::move(known));
      set.images[k].open = set.class_sets.add(std::move(open));
    }
    if (!has_labels_)
      findings_.add("image-labels-missing", Severity::note,
                    "no table of image labels: of each image only the classes with boxes are known");
  }

  Findings& findings_;
  SetBuilder builder_;
  ImageSizes sizes_;
  ClassTree tree_;
  std::unordered_map<std::string, Index> labels_;
  struct Verdict {
    std::set<Index> boxed, present, absent;
  };
  std::vector<Verdict> verdicts_;
  std::vector<bool> unsized_;
  UnknownNames unknown_;
  bool has_labels_ = false;
};

Set read(const fs::path& path, const ReadOptions& options, Findings& findings) {
  return Reader(path, options, findings).take();
}

std::string label_of(const Category& category) {
  return category.synset.starts_with('/') ? category.synset : category.name;
}

std::string id_of(const Image& image) {
  const std::string file = file_of(image);
  return file.ends_with(".jpg") && !data::is_photo_name(without_ending(file)) ? without_ending(file) : file;
}

std::string row_of(const Set& set, const Annotation& annotation) {
  const Image& image = set.images[annotation.image];
  const Box& box = annotation.box;
  std::string row = fmt::format("{},xclick,{},1,{},{},{},{}", csv_cell(id_of(image)),
                                csv_cell(label_of(set.categories[annotation.category])),
                                json_number(box.x / image.width), json_number((box.x + box.width) / image.width),
                                json_number(box.y / image.height), json_number((box.y + box.height) / image.height));
  const std::string rest = "{" + set.carried->at(annotation.rest) + "}";
  const auto members = members_of(rest);
  const auto flag = [&](std::string_view key) {
    for (const auto& [name, value] : members)
      if (name == json_text(key)) return value == "1" || value == "true" ? 1 : value == "-1" ? -1 : 0;
    return 0;
  };
  return row + fmt::format(",{},{},{},{},{}\n", flag("occluded"), flag("truncated"), annotation.group_of ? 1 : 0,
                           flag("depiction"), flag("inside"));
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  NewFolder folder(path);
  std::string text;
  for (const Category& category : set.categories)
    text += csv_cell(label_of(category)) + "," + csv_cell(category.name) + "\n";
  folder.put("class-descriptions-boxable.csv", text);
  text = "ImageID,Width,Height\n";
  for (const Image& image : set.images)
    text += fmt::format("{},{},{}\n", csv_cell(id_of(image)), image.width, image.height);
  folder.put("image-sizes.csv", text);
  text =
      "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n";
  std::vector<std::set<Index>> present(set.images.size());
  for (const Annotation& annotation : set.annotations) {
    const Image& image = set.images[annotation.image];
    if (image.width <= 0)
      throw DataError("detection",
                      "image {} ({}) tells no size, and OpenImages' boxes are shares of it. --images names the folder "
                      "of the photos.",
                      image.id, printable(image.file));
    present[annotation.image].insert(annotation.category);
    text += row_of(set, annotation);
  }
  folder.put("annotations-bbox.csv", text);
  text = "ImageID,Source,LabelName,Confidence\n";
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    for (Index one = 0; one < set.categories.size(); ++one) {
      const bool there =
          present[k].contains(one) || (image.open != ClassSets::kAll && set.class_sets.has(image.open, one));
      if (there || set.class_sets.has(image.known, one))
        text += fmt::format("{},verification,{},{}\n", csv_cell(id_of(image)), csv_cell(label_of(set.categories[one])),
                            there ? 1 : 0);
    }
  }
  folder.put("annotations-human-imagelabels.csv", text);
  folder.commit();
  return losses_in(format, set, path);
}

}  // namespace

const Format format = {"openimages", "OpenImages' CSV tables, with image labels and hierarchy", recognises, read,
                       write};

}  // namespace graft::detection::openimages
