#include "graft/detection/detections.h"

#include <algorithm>
#include <limits>
#include <string>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/detection/box_rules.h"
#include "graft/detection/coco_records.h"
#include "graft/detection/coco_text.h"
#include "graft/detection/id_places.h"
#include "graft/detection/json_fields.h"
#include "graft/detection/json_text.h"
#include "graft/detection/unknown_names.h"

namespace graft::detection {
namespace {

// Results that count classes from 0 or 1, where the set's ids have gaps or begin elsewhere.
void suspect_places(const Set& set, std::int64_t lowest, std::int64_t highest, Findings& findings) {
  const auto classes = static_cast<std::int64_t>(set.categories.size());
  if (!findings.kinds().contains("unknown-category") || lowest < 0 ||
      highest - std::min<std::int64_t>(lowest, 1) >= classes)
    return;
  const auto [first, last] = std::ranges::minmax(set.categories, {}, &Category::id);
  findings.add("categories-are-places", Severity::suspicion,
               "its categories lie from {} to {}, the ids of the {} classes from {} to {}: places in the list of "
               "classes, not ids?",
               lowest, highest, classes, first.id, last.id);
}

// Results name images by number, or by a text of digits.
std::optional<std::int64_t> id_of(const Value& value) {
  if (const auto whole = whole_number(value)) return whole;
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? Ids::digits(text) : std::nullopt;
}

}  // namespace

Detections read_detections(const std::filesystem::path& path, const Set& set, Findings& findings) {
  Detections result;
  const auto first_counts = [](std::size_t) {};  // the set's reader told of ids that are there twice
  const IdPlaces images(set.images, first_counts);
  const IdPlaces categories(set.categories, first_counts);
  JsonPieces pieces(path);
  JsonFields fields;
  UnknownNames unknown;
  std::int64_t lowest = std::numeric_limits<std::int64_t>::max(), highest = -1;
  while (pieces.next()) {
    if (!pieces.key().empty())
      throw DataError("detection",
                      "{}: begins with '{}', expected a list of results: [{{\"image_id\", \"category_id\", "
                      "\"bbox\", \"score\"}}, ...].",
                      path.string(), pieces.key());
    Detection detection;
    std::optional<std::int64_t> image, category;
    std::optional<double> score;
    bool has_box = false;
    std::size_t shape = JsonPieces::kWhole;
    const bool good = fields.each(pieces, findings, [&](std::string_view key, const Value& value, std::size_t place) {
      if (key == "image_id") return JsonFields::expect((image = id_of(value)).has_value(), "a whole number");
      if (key == "category_id") return JsonFields::expect((category = id_of(value)).has_value(), "a whole number");
      if (key == "score") return JsonFields::expect((score = number(value)).has_value(), "a number");
      if (key == "bbox") {
        has_box = true;
        return JsonFields::expect(read_box(value, detection.box), "four numbers: x, y, width, height in pixels");
      }
      if (key == "segmentation" || key == "keypoints") {
        shape = place;
        return JsonFields::expect(value.is_array() || value.is_object(), "runs, or a list of numbers");
      }
      return JsonFields::unknown();
    });
    if (!good) continue;
    for (const auto& key : fields.unknown_keys())
      unknown.see("[].", key);
    if (!image || !category || !score || (!has_box && shape == JsonPieces::kWhole)) {
      findings.add("field-missing", Severity::left_out, "{}: no {}", pieces.place(),
                   !image      ? "image_id"
                   : !category ? "category_id"
                   : !score    ? "score"
                               : "bbox, segmentation or keypoints");
      continue;
    }
    lowest = std::min(lowest, *category);
    highest = std::max(highest, *category);
    detection.image = images.of(*image);
    detection.category = categories.of(*category);
    if (detection.image == kNone || detection.category == kNone) {
      const bool no_image = detection.image == kNone;
      findings.add(no_image ? "unknown-image" : "unknown-category", Severity::left_out,
                   "{}: {} {} is not in the ground truth", pieces.place(), no_image ? "image" : "category",
                   no_image ? *image : *category);
      continue;
    }
    detection.score = *score;
    if (shape != JsonPieces::kWhole) detection.shape = result.carried->add(fields.raw(shape));
    result.detections.push_back(detection);
  }
  unknown.note(findings, "unread-keys", "is not looked at");
  suspect_places(set, lowest, highest, findings);
  suspect_units(set, result, findings);
  return result;
}

void write_detections(const std::filesystem::path& path, const Set& set, const Detections& detections) {
  AtomicFile file(path);
  std::string text = "[";
  for (std::size_t k = 0; k < detections.detections.size(); ++k) {
    const Detection& one = detections.detections[k];
    text += fmt::format("{}\n{{\"image_id\":{},\"category_id\":{},\"bbox\":{},\"score\":{}", k > 0 ? "," : "",
                        set.images[one.image].id, set.categories[one.category].id, box_text(one.box),
                        json_number(one.score));
    if (one.shape != kNoText) text += ",\"segmentation\":" + detections.carried->at(one.shape);
    text += '}';
    if (text.size() > (std::size_t{1} << 20)) {
      file.write(text);
      text.clear();
    }
  }
  file.write(text + "]\n");
  file.commit();
}

}  // namespace graft::detection
