// Label Studio's JSON export: a list of tasks, each with the photo's place in `data` and people's `annotations`; and
// its JSON-MIN, where the results stand in the task itself. Boxes and outlines are in percent of the photo, whose size
// each result repeats as original_width and original_height.
#include <algorithm>
#include <cmath>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/detection/box_rules.h"
#include "graft/detection/foreign_text.h"
#include "graft/detection/format.h"
#include "graft/detection/json_fields.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
#include "graft/detection/set_builder.h"
#include "graft/detection/unknown_names.h"

namespace graft::detection::label_studio {
extern const Format format;
namespace {

namespace fs = std::filesystem;
using Object = simdjson::dom::object;
using List = simdjson::dom::array;

bool recognises(const fs::path& path) {
  std::error_code error;
  const auto name = path.filename().string();
  if (!fs::is_regular_file(path, error) || (!name.ends_with(".json") && !name.ends_with(".json.gz"))) return false;
  try {
    JsonPieces pieces(path);
    if (!pieces.next() || !pieces.key().empty()) return false;
    const auto text = pieces.text();
    return text.find("\"annotations\"") != std::string_view::npos ||
           text.find("\"completions\"") != std::string_view::npos || text.find("labels\"") != std::string_view::npos;
  } catch (const FileError&) {
    return false;
  }
}

// Members that are understood, though not all of them are of use here.
constexpr std::string_view kTask =
    " id data annotations completions predictions drafts meta project file_upload inner_id created_at updated_at "
    "updated_by total_annotations cancelled_annotations total_predictions comment_count unresolved_comment_count "
    "comment_authors last_comment_updated_at ";
constexpr std::string_view kSmallTask = " id image annotator annotation_id created_at updated_at lead_time ";
constexpr std::string_view kAnnotation =
    " id result was_cancelled completed_by created_at updated_at created_ago lead_time ground_truth prediction "
    "result_count unique_id import_id last_action task project updated_by parent_prediction parent_annotation "
    "draft_created_at last_created_by bulk_created ";
constexpr std::string_view kResult =
    " id type value origin to_name from_name score image_rotation original_width original_height ";
constexpr std::string_view kValue = " x y width height rotation points closed labels rectanglelabels polygonlabels ";

bool is_among(std::string_view names, std::string_view key) {
  return key.find(' ') == std::string_view::npos && names.find(fmt::format(" {} ", key)) != std::string_view::npos;
}

void see_unknown(const Object& object, std::string_view of, std::string_view known, UnknownNames& unknown) {
  for (const auto member : object)
    if (!is_among(known, member.key)) unknown.see(of, member.key);
}

std::optional<double> number_at(const Object& object, const char* key) {
  Value value;
  return object[key].get(value) == simdjson::SUCCESS ? number(value) : std::nullopt;
}

std::string text_at(const Object& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string unescaped(std::string_view url) {
  std::string text;
  for (std::size_t k = 0; k < url.size(); ++k) {
    if (url[k] == '%' && k + 2 < url.size() && digit_of(url[k + 1]) >= 0 && digit_of(url[k + 2]) >= 0) {
      text += static_cast<char>(digit_of(url[k + 1]) * 16 + digit_of(url[k + 2]));
      k += 2;
    } else {
      text += url[k];
    }
  }
  return text;
}

// A file below the photos' folder: what follows "?d=" of local files, the last part of an upload or an address.
std::string file_in(std::string_view place) {
  if (const auto at = place.find("?d="); at != std::string_view::npos)
    return with_slashes(unescaped(place.substr(at + 3)));
  if (place.find("://") != std::string_view::npos || place.starts_with("/"))
    return unescaped(place.substr(place.rfind('/') + 1));
  return with_slashes(place);
}

constexpr std::string_view kImageEndings[] = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"};

bool is_image_place(std::string_view text) {
  std::string lower(text.substr(text.size() - std::min<std::size_t>(text.size(), 5)));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::any_of(kImageEndings, [&](std::string_view ending) { return lower.ends_with(ending); });
}

class Reader {
 public:
  Reader(const fs::path& path, Findings& findings) : findings_(findings), builder_(path, "label_studio") {
    JsonPieces pieces(path);
    simdjson::dom::parser parser;
    try {
      while (pieces.next()) {
        if (!pieces.key().empty())
          throw DataError("detection", "{}: is an object, expected Label Studio's list of tasks.", path.string());
        place_ = pieces.place();
        Object task;
        const auto text = pieces.text();
        if (parser.parse(text.data(), text.size(), false).get(task) != simdjson::SUCCESS)
          findings_.add("not-json", Severity::left_out, "{}: expected an object", place_);
        else
          add_task(task);
      }
    } catch (const FileError& error) {
      if (builder_.set().images.empty()) throw;
      findings_.add("broken-file", Severity::left_out, "{}", error.what());
    }
    unknown_.note(findings_, "unread-keys", "is not looked at");
    if (builder_.set().images.empty()) throw DataError("detection", "{}: no task of it names an image.", path.string());
  }
  Set take() { return builder_.take(); }

 private:
  void add_task(const Object& task) {
    Object data;
    const bool whole = task["data"].get(data) == simdjson::SUCCESS;
    std::string_view found;
    for (const auto member : whole ? data : task) {
      std::string_view text;
      if (member.value.get(text) != simdjson::SUCCESS) continue;
      if (member.key == "image" || (found.empty() && is_image_place(text))) found = text;
    }
    const auto file = file_in(found);
    if (file.empty()) {
      findings_.add("field-missing", Severity::left_out, "{}: its data names no image", place_);
      return;
    }
    if (builder_.has_image(file))
      findings_.add("image-again", Severity::suspicion, "{}: {} has a task already: its boxes are added", place_,
                    printable(file));
    image_ = builder_.image(file);
    Value id;
    if (task["id"].get(id) == simdjson::SUCCESS) {
      if (const auto number = whole_number(id)) builder_.set().images[image_].id = *number;
    }
    if (!whole) {
      for (const auto member : task) {
        List results;
        if (member.value.get(results) == simdjson::SUCCESS)
          add_results(results);
        else if (!is_among(kSmallTask, member.key))
          unknown_.see("[].", member.key);
      }
      return;
    }
    see_unknown(task, "[].", kTask, unknown_);
    for (const char* drawn : {"predictions", "drafts"}) {
      List list;
      if (task[drawn].get(list) == simdjson::SUCCESS && list.size() > 0)
        findings_.add("guesses-unread", Severity::note, "{}: its {} are not read, only annotations are", place_, drawn);
    }
    List annotations;  // called completions before version 1.0
    if (task["annotations"].get(annotations) != simdjson::SUCCESS &&
        task["completions"].get(annotations) != simdjson::SUCCESS) {
      findings_.add("unlabelled", Severity::note, "{}: no annotations", place_);
      return;
    }
    bool told = false;
    for (const Value one : annotations) {
      Object annotation;
      List results;
      bool cancelled = false;
      if (one.get(annotation) != simdjson::SUCCESS || annotation["result"].get(results) != simdjson::SUCCESS) {
        findings_.add("annotation-form", Severity::left_out, "{}: an annotation without a list 'result'", place_);
        continue;
      }
      see_unknown(annotation, "annotations[].", kAnnotation, unknown_);
      if (annotation["was_cancelled"].get(cancelled) == simdjson::SUCCESS && cancelled) continue;
      if (told) {
        findings_.add("several-annotators", Severity::suspicion, "{}: labelled more than once; the first is taken",
                      place_);
        break;
      }
      told = true;
      add_results(results);
    }
  }

  void add_results(const List& results) {
    for (const Value one : results) {
      Object result, value;
      if (one.get(result) != simdjson::SUCCESS) continue;
      const bool whole = result["value"].get(value) == simdjson::SUCCESS;
      add_result(result, whole ? value : result);  // JSON-MIN's are both
    }
  }

  void add_result(const Object& result, const Object& value) {
    List labels, points;
    bool boxed = value["rectanglelabels"].get(labels) == simdjson::SUCCESS;
    bool outlined = !boxed && value["polygonlabels"].get(labels) == simdjson::SUCCESS;
    if (!boxed && !outlined && value["labels"].get(labels) == simdjson::SUCCESS) {  // <Labels> beside <Rectangle>
      outlined = value["points"].get(points) == simdjson::SUCCESS;
      boxed = !outlined && number_at(value, "width").has_value();
    }
    if (!boxed && !outlined) {
      const auto type = text_at(result, "type");
      findings_.add("result-unread", Severity::note, "{}: a result of the kind '{}' is not read", place_,
                    printable(type.empty() ? "?" : type));
      return;
    }
    for (const auto member : result)
      if (!is_among(kResult, member.key) && !is_among(kValue, member.key)) unknown_.see("result[].", member.key);
    if (result["value"].error() == simdjson::SUCCESS) see_unknown(value, "result[].value.", kValue, unknown_);
    const auto width = number_at(result, "original_width"), height = number_at(result, "original_height");
    Image& image = builder_.set().images[image_];
    if (!width || !height || *width < 1 || *height < 1 || *width > 1e6 || *height > 1e6) {
      findings_.add("size-form", Severity::left_out, "{}: a result without original_width and original_height", place_);
      return;
    }
    if (const auto turned = number_at(result, "image_rotation"); turned && *turned != 0)
      findings_.add("photo-rotated", Severity::suspicion,
                    "{}: was drawn on the photo turned by {} degrees: are its percent of it as it lies?", place_,
                    *turned);
    image.width = static_cast<std::int32_t>(*width);
    image.height = static_cast<std::int32_t>(*height);
    Box box;
    Polygons polygons;
    if (boxed ? !read_box(value, image, box) : !read_outline(value, image, polygons)) return;
    for (const Value one : labels) {
      std::string_view label;
      if (one.get(label) != simdjson::SUCCESS || label.empty()) continue;
      const Index category = builder_.category(std::string(label));
      if (boxed)
        builder_.box(image_, category, box);
      else
        builder_.outline(image_, category, polygons);
    }
    if (labels.size() == 0) findings_.add("label-missing", Severity::left_out, "{}: a box without a label", place_);
  }

  bool read_box(const Object& value, const Image& image, Box& box) {
    const auto x = number_at(value, "x"), y = number_at(value, "y"), w = number_at(value, "width"),
               h = number_at(value, "height");
    if (!x || !y || !w || !h) {
      findings_.add("value-form", Severity::left_out, "{}: expected x, y, width and height in percent", place_);
      return false;
    }
    if (std::max(*x + *w, *y + *h) > 101 || std::min(*x, *y) < -1)
      findings_.add("not-percent", Severity::wrong, "{}: has numbers beyond 0 to 100: are they pixels?", place_);
    box = {*x / 100 * image.width, *y / 100 * image.height, *w / 100 * image.width, *h / 100 * image.height};
    const double turn = number_at(value, "rotation").value_or(0);
    if (turn == 0) return true;
    box = round_turned(box, turn, box.x, box.y);  // about its corner
    findings_.add("box-turned", Severity::suspicion, "{}: a box that is turned: the one round it is taken", place_);
    return true;
  }

  static bool add_point(const Value& value, const Image& image, Polygon& polygon) {
    List pair;
    if (value.get(pair) != simdjson::SUCCESS || pair.size() != 2) return false;
    const auto x = number(pair.at(0)), y = number(pair.at(1));
    if (!x || !y) return false;
    polygon.push_back(*x / 100 * image.width);
    polygon.push_back(*y / 100 * image.height);
    return true;
  }

  bool read_outline(const Object& value, const Image& image, Polygons& polygons) {
    List points;
    Polygon polygon;
    bool good = value["points"].get(points) == simdjson::SUCCESS;
    if (good) {
      for (const Value one : points)
        good = good && add_point(one, image, polygon);
    }
    if (!good || !is_polygon(polygon)) {
      findings_.add("value-form", Severity::left_out, "{}: expected three points in percent at least", place_);
      return false;
    }
    polygons = {polygon};
    return true;
  }

  Findings& findings_;
  SetBuilder builder_;
  UnknownNames unknown_;
  std::string place_;
  Index image_ = 0;
};

Set read(const fs::path& path, const ReadOptions&, Findings& findings) {
  return Reader(path, findings).take();
}

std::string result_of(const Set& set, const Annotation& annotation) {
  const Image& image = set.images[annotation.image];
  if (image.width <= 0)
    throw DataError("detection",
                    "image {} ({}) tells no size, and Label Studio's boxes are percent of it. --images "
                    "names the folder of the photos.",
                    image.id, printable(image.file));
  const auto percent = [](double value, double of) { return json_number(100 * value / of); };
  const auto polygons = polygons_of(set.carried->at(annotation.shape));
  const bool outlined = polygons && polygons->size() == 1 && is_polygon(polygons->front());
  const std::string label = json_text(set.categories[annotation.category].name);
  std::string value;
  if (outlined) {
    const Polygon& polygon = polygons->front();
    for (std::size_t k = 0; k + 1 < polygon.size(); k += 2)
      value += fmt::format("{}[{},{}]", k > 0 ? "," : "", percent(polygon[k], image.width),
                           percent(polygon[k + 1], image.height));
    value = fmt::format("\"points\":[{}],\"polygonlabels\":[{}]", value, label);
  } else {
    const Box& box = annotation.box;
    value = fmt::format("\"x\":{},\"y\":{},\"width\":{},\"height\":{},\"rotation\":0,\"rectanglelabels\":[{}]",
                        percent(box.x, image.width), percent(box.y, image.height), percent(box.width, image.width),
                        percent(box.height, image.height), label);
  }
  return fmt::format(
      "{{\"id\":\"{}\",\"type\":\"{}\",\"from_name\":\"label\",\"to_name\":\"image\",\"original_width\":{},"
      "\"original_height\":{},\"image_rotation\":0,\"value\":{{{}}}}}",
      annotation.id, outlined ? "polygonlabels" : "rectanglelabels", image.width, image.height, value);
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  std::vector<std::string> results(set.images.size());
  for (const Annotation& annotation : set.annotations) {
    auto& text = results[annotation.image];
    text += (text.empty() ? "\n  " : ",\n  ") + result_of(set, annotation);
  }
  AtomicFile file(path);
  std::string text = "[";
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    text += fmt::format("{}\n{{\"id\":{},\"data\":{{\"image\":{}}},\"annotations\":[{{\"result\":[{}]}}]}}",
                        k > 0 ? "," : "", image.id, json_text(file_of(image)), results[k]);
    if (text.size() > (std::size_t{1} << 20)) {
      file.write(text);
      text.clear();
    }
  }
  file.write(text + "]\n");
  file.commit();
  return losses_in(format, set, path);
}

}  // namespace

const Format format = {"label_studio", "Label Studio's JSON and JSON-MIN exports", recognises, read, write};

}  // namespace graft::detection::label_studio
