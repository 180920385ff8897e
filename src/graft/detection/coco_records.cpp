#include "graft/detection/coco_records.h"

#include <algorithm>
#include <cmath>

#include "graft/detection/foreign_text.h"
#include "graft/detection/polygons.h"
#include "graft/detection/runs.h"

namespace graft::detection {
namespace {

JsonFields::Answer text_of(const Value& value, std::string& text) {
  std::string_view view;
  if (value.get(view) != simdjson::SUCCESS) return JsonFields::wrong("a text");
  text = view;
  return JsonFields::read();
}

// Pixels of an image; a float that is whole will do.
JsonFields::Answer pixels_of(const Value& value, std::int32_t& pixels) {
  const auto whole = whole_number(value);
  if (!whole || *whole < 1 || *whole > 1'000'000) return JsonFields::wrong("a whole number of pixels, at least 1");
  pixels = static_cast<std::int32_t>(*whole);
  return JsonFields::read();
}

JsonFields::Answer flag_of(const Value& value, bool& flag) {
  if (value.get(flag) == simdjson::SUCCESS) return JsonFields::read();
  const auto whole = whole_number(value);
  if (!whole || *whole < 0 || *whole > 1) return JsonFields::wrong("0 or 1");
  flag = *whole == 1;
  return JsonFields::read();
}

// Of its polygons or runs; false where they are none.
bool box_of_shape(std::string_view shape, Box& box) {
  if (const auto polygons = polygons_of(shape))
    box = bounds_of(*polygons);
  else if (const auto runs = runs_in(shape))
    box = box_of(*runs);
  return box.area() > 0;
}

std::string last_of_url(std::string_view url) {
  return std::string(url.substr(url.find_last_of('/') + 1));
}

}  // namespace

bool read_box(const Value& value, Box& box) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS || list.size() != 4) return false;
  double* into[] = {&box.x, &box.y, &box.width, &box.height};
  std::size_t k = 0;
  for (const Value one : list) {
    const auto read = number(one);
    if (!read) return false;
    *into[k++] = *read;
  }
  return true;
}

JsonFields::Answer CocoRecords::id_of(const Value& value, std::int64_t& id) {
  std::string_view text;
  if (const auto whole = whole_number(value)) {
    id = *whole;
    if (Ids::is_text(id)) return JsonFields::wrong("an id above -2^61");
  } else if (value.get(text) == simdjson::SUCCESS && !text.empty()) {
    if (const auto digits = Ids::digits(text)) {
      id = *digits;
      ++digits_;
    } else {
      id = ids_.of_text(text);
    }
  } else {
    return JsonFields::wrong("a whole number or a text");
  }
  return JsonFields::read();
}

JsonFields::Answer CocoRecords::ids_of(const Value& value, std::vector<std::int64_t>& ids) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) return JsonFields::wrong("a list of category ids");
  for (const Value one : list) {
    const auto answer = id_of(one, ids.emplace_back());
    if (answer.kind != JsonFields::Answer::Kind::read) return JsonFields::wrong("a list of category ids");
  }
  return JsonFields::read();
}

// The place of the next entry, known by its id from now on.
bool CocoRecords::is_new(std::unordered_map<std::int64_t, Index>& ids, std::int64_t id, std::string_view what) {
  if (ids.try_emplace(id, static_cast<Index>(ids.size())).second) return true;
  findings_.add(fmt::format("duplicate-{}-id", what), Severity::left_out,
                "{} {} is there twice: the second is left out", what,
                Ids::is_text(id) ? ids_.text_of(id) : fmt::format("{}", id));
  return false;
}

void CocoRecords::see_unknown(std::string_view list) {
  for (const auto& key : fields_.unknown_keys())
    unknown_.see(list, key);
}

void CocoRecords::add_image(const JsonPieces& piece) {
  Image image;
  Verified verified{static_cast<Index>(set_.images.size()), {}, {}};
  bool has_id = false, has_lists = false;
  std::string url;
  const bool good = fields_.each(piece, findings_, [&](std::string_view key, const Value& value, std::size_t) {
    if (key == "id") {
      has_id = true;
      return id_of(value, image.id);
    }
    if (key == "file_name") return text_of(value, image.file);
    if (key == "width") return pixels_of(value, image.width);
    if (key == "height") return pixels_of(value, image.height);
    if (key == "neg_category_ids" || key == "not_exhaustive_category_ids") {
      has_lists = true;
      return ids_of(value, key == "neg_category_ids" ? verified.negative : verified.not_exhaustive);
    }
    if (key == "coco_url") {
      text_of(value, url);  // and carried
    }
    return JsonFields::unknown();
  });
  if (!good) return;
  see_unknown("images[].");
  if (!has_id) {
    findings_.add("id-missing", Severity::left_out, "{}: an image without id", piece.place());
    return;
  }
  if (!is_new(image_ids_, image.id, "image")) return;
  if (image.file.empty()) image.file = last_of_url(url);
  image.file = with_slashes(image.file);
  image.rest = set_.carried->add(fields_.rest());
  set_.images.push_back(std::move(image));
  if (has_lists) verified_.push_back(std::move(verified));
}

void CocoRecords::add_category(const JsonPieces& piece) {
  Category category;
  bool has_id = false;
  const bool good = fields_.each(piece, findings_, [&](std::string_view key, const Value& value, std::size_t) {
    if (key == "id") {
      has_id = true;
      return id_of(value, category.id);
    }
    if (key == "name") return text_of(value, category.name);
    if (key == "supercategory") return text_of(value, category.supercategory);
    if (key == "synset") return text_of(value, category.synset);
    if (key == "def") return text_of(value, category.definition);
    if (key == "frequency") {
      std::string text;
      text_of(value, text);
      if (text != "r" && text != "c" && text != "f") return JsonFields::wrong("\"r\", \"c\" or \"f\"");
      category.frequency = text.front();
      return JsonFields::read();
    }
    if (key == "synonyms") {
      simdjson::dom::array list;
      if (value.get(list) != simdjson::SUCCESS) return JsonFields::wrong("a list of texts");
      for (const Value one : list)
        if (text_of(one, category.synonyms.emplace_back()).kind != JsonFields::Answer::Kind::read)
          return JsonFields::wrong("a list of texts");
      return JsonFields::read();
    }
    return JsonFields::unknown();
  });
  if (!good) return;
  see_unknown("categories[].");
  if (!has_id || category.name.empty()) {
    findings_.add(has_id ? "name-missing" : "id-missing", Severity::left_out, "{}: a category without {}",
                  piece.place(), has_id ? "name" : "id");
    return;
  }
  if (!is_new(category_ids_, category.id, "category")) return;
  category.rest = fields_.rest();
  set_.categories.push_back(std::move(category));
}

void CocoRecords::add_annotation(const JsonPieces& piece) {
  Annotation annotation;
  Named named{0, 0, piece.index()};
  bool has_image = false, has_category = false, has_box = false, has_area = false, is_caption = false;
  double turned = 0;  // CVAT's attributes tell it
  std::size_t shape = JsonPieces::kWhole;
  const bool good = fields_.each(piece, findings_, [&](std::string_view key, const Value& value, std::size_t place) {
    if (key == "id") return id_of(value, annotation.id);
    if (key == "image_id") {
      has_image = true;
      return id_of(value, named.image);
    }
    if (key == "category_id") {
      has_category = true;
      return id_of(value, named.category);
    }
    if (key == "bbox") {
      has_box = true;
      return JsonFields::expect(read_box(value, annotation.box), "four numbers: x, y, width, height in pixels");
    }
    if (key == "area") {
      const auto area = number(value);
      if (area) annotation.area = *area;
      has_area = true;
      return JsonFields::expect(area.has_value(), "a number");
    }
    if (key == "iscrowd") return flag_of(value, annotation.crowd);
    if (key == "isgroupof") return flag_of(value, annotation.group_of);
    if (key == "segmentation") {
      if (!value.is_array() && !value.is_object()) return JsonFields::wrong("polygons or runs");
      shape = place;
      return JsonFields::read();
    }
    simdjson::dom::object attributes;
    if (key == "attributes" && value.get(attributes) == simdjson::SUCCESS) {
      Value rotation;
      if (attributes["rotation"].get(rotation) == simdjson::SUCCESS) turned = number(rotation).value_or(0);
    }
    is_caption = is_caption || key == "caption";
    return JsonFields::unknown();
  });
  if (!good) return;
  see_unknown("annotations[].");
  if (!has_box && shape != JsonPieces::kWhole && box_of_shape(fields_.raw(shape), annotation.box)) {
    has_box = true;
    findings_.add("box-missing", Severity::suspicion, "{}: no bbox: its shape's is taken", piece.place());
  }
  if (turned != 0)
    findings_.add("box-turned", Severity::suspicion, "{}: its attributes turn it by {} degrees: its bbox is not",
                  piece.place(), turned);
  if (!has_image || !has_category || !has_box) {
    findings_.add("field-missing", Severity::left_out, "{}: no {}", piece.place(),
                  !has_image      ? "image_id"
                  : is_caption    ? "bbox, but a caption: --format captions reads those"
                  : !has_category ? "category_id"
                                  : "bbox");
    return;
  }
  if (!has_area) {
    annotation.area = annotation.box.area();
    findings_.add("area-missing", Severity::suspicion, "{}: no area: its box's is taken", piece.place());
  }
  if (shape != JsonPieces::kWhole) {
    const auto text = fields_.raw(shape);
    if (text != "[]") annotation.shape = set_.carried->add(text);
  }
  annotation.rest = set_.carried->add(fields_.rest());
  set_.annotations.push_back(annotation);
  named_.push_back(named);
}

void CocoRecords::add_caption(const JsonPieces& piece) {
  Caption caption{0, piece.index(), kNoText};
  bool has_image = false, has_words = false;
  std::size_t id = JsonPieces::kWhole, words = 0;
  const bool good = fields_.each(piece, findings_, [&](std::string_view key, const Value& value, std::size_t place) {
    std::int64_t number = 0;
    if (key == "image_id") {
      has_image = true;
      return id_of(value, caption.image);
    }
    if (key == "id") {
      id = place;
      return id_of(value, number);
    }
    if (key == "caption") {
      words = place;
      has_words = value.is_string();
      return JsonFields::expect(has_words, "a text");
    }
    return JsonFields::unknown();
  });
  if (!good) return;
  see_unknown("annotations[].");
  if (!has_image || !has_words) {
    findings_.add("field-missing", Severity::left_out, "{}: no {}", piece.place(), !has_image ? "image_id" : "caption");
    return;
  }
  std::string members;
  if (id != JsonPieces::kWhole) members = fmt::format("\"id\":{},", fields_.raw(id));
  members += fmt::format("\"caption\":{}", fields_.raw(words));
  if (!fields_.rest().empty()) members += "," + fields_.rest();
  caption.members = set_.carried->add(members);
  captions_.push_back(caption);
}

// To the image's other keys.
void CocoRecords::attach_captions() {
  std::unordered_map<Index, std::string> of_images;
  for (const Caption& caption : captions_) {
    const auto image = image_ids_.find(caption.image);
    if (image == image_ids_.end()) {
      findings_.add("unknown-image", Severity::left_out, "annotations[{}]: image {} is not there", caption.piece,
                    Ids::is_text(caption.image) ? ids_.text_of(caption.image) : fmt::format("{}", caption.image));
      continue;
    }
    auto& list = of_images[image->second];
    list += fmt::format("{}{{{}}}", list.empty() ? "" : ",", set_.carried->at(caption.members));
  }
  for (Index k = 0; k < set_.images.size(); ++k) {
    const auto list = of_images.find(k);
    if (list == of_images.end()) continue;
    const std::string rest = set_.carried->at(set_.images[k].rest);
    set_.images[k].rest =
        set_.carried->add(fmt::format("{}{}\"captions\":[{}]", rest, rest.empty() ? "" : ",", list->second));
  }
}

// Ids that were texts become the numbers behind the largest.
void CocoRecords::number_texts() {
  const auto number = [&](auto& entries, std::string_view what) {
    std::int64_t largest = 0;
    for (const auto& entry : entries)
      if (!Ids::is_text(entry.id)) largest = std::max(largest, entry.id);
    for (auto& entry : entries) {
      if (!Ids::is_text(entry.id)) continue;
      findings_.add("id-text", Severity::suspicion, "the {} '{}' is numbered {}", what, ids_.text_of(entry.id),
                    largest + 1);
      entry.id = ++largest;
    }
  };
  if (ids_.texts() == 0) return;
  number(set_.images, "image");
  number(set_.categories, "category");
  number(set_.annotations, "annotation");
}

void CocoRecords::finish() {
  unknown_.note(findings_, "carried-keys", "is carried and changes nothing");
  if (digits_ > 0)
    findings_.add("id-digits", Severity::suspicion, "{} ids are texts of digits and are read as numbers", digits_);
  const auto& images = image_ids_;
  const auto& categories = category_ids_;

  for (const Verified& verified : verified_) {
    Image& image = set_.images[verified.image];
    const auto list = [&](const std::vector<std::int64_t>& ids, std::string_view key) {
      std::vector<Index> classes;
      for (const auto id : ids) {
        if (const auto found = categories.find(id); found != categories.end())
          classes.push_back(found->second);
        else
          findings_.add("unknown-category", Severity::left_out, "image {}: {} names category {}, which is not there",
                        image.id, key, id);
      }
      return classes;
    };
    image.known = set_.class_sets.add(list(verified.negative, "neg_category_ids"));
    image.open = set_.class_sets.add(list(verified.not_exhaustive, "not_exhaustive_category_ids"));
  }

  std::size_t kept = 0;
  for (std::size_t k = 0; k < named_.size(); ++k) {
    const auto image = images.find(named_[k].image);
    const auto category = categories.find(named_[k].category);
    if (image == images.end() || category == categories.end()) {
      const bool of_image = image == images.end();
      findings_.add(of_image ? "unknown-image" : "unknown-category", Severity::left_out,
                    "annotations[{}]: {} {} is not there", named_[k].piece, of_image ? "image" : "category",
                    Ids::is_text(of_image ? named_[k].image : named_[k].category)
                        ? ids_.text_of(of_image ? named_[k].image : named_[k].category)
                        : fmt::format("{}", of_image ? named_[k].image : named_[k].category));
      continue;
    }
    set_.annotations[kept] = set_.annotations[k];
    set_.annotations[kept].image = image->second;
    set_.annotations[kept].category = category->second;
    ++kept;
  }
  set_.annotations.resize(kept);
  attach_captions();
  number_texts();

  // What is there is known too.
  if (!verified_.empty()) {
    if (verified_.size() < set_.images.size())
      findings_.add("verified-in-part", Severity::suspicion,
                    "{} of {} images tell neg_category_ids; in the others every class counts as known",
                    verified_.size(), set_.images.size());
    auto present = classes_by_image(set_);
    for (const Verified& verified : verified_) {
      Image& image = set_.images[verified.image];
      auto& known = present[verified.image];
      for (const Index negative : set_.class_sets.at(image.known)) {
        if (std::ranges::binary_search(known, negative))
          findings_.add("negative-present", Severity::wrong, "image {}: category {} is told to be absent and has boxes",
                        image.id, set_.categories[negative].id);
      }
      const auto& open = set_.class_sets.at(image.open);
      known.insert(known.end(), open.begin(), open.end());
      const auto& negative = set_.class_sets.at(image.known);
      known.insert(known.end(), negative.begin(), negative.end());
      image.known = set_.class_sets.add(std::move(known));
    }
  }
  std::vector<std::int64_t> ids;
  ids.reserve(set_.annotations.size());
  for (const Annotation& annotation : set_.annotations)
    ids.push_back(annotation.id);
  if (!std::ranges::is_sorted(ids)) std::ranges::sort(ids);
  for (std::size_t k = 1; k < ids.size(); ++k) {
    const bool is_second = ids[k] == ids[k - 1] && (k == 1 || ids[k - 2] != ids[k]);
    if (is_second && ids[k] != 0)
      findings_.add("duplicate-annotation-id", Severity::wrong, "annotation {} is there more than once", ids[k]);
  }
}

}  // namespace graft::detection
