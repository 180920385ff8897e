// CVAT's XML 1.1 "for images": the labels of the task, then each image with its size, boxes, polygons and masks in
// pixels. Its ids begin at 0. The variant "for video" holds tracks and is refused by name.
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "graft/core/atomic_file.h"
#include "graft/core/read_file.h"
#include "graft/detection/box_rules.h"
#include "graft/detection/foreign_xml.h"
#include "graft/detection/format.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
#include "graft/detection/row_runs.h"
#include "graft/detection/set_builder.h"

namespace graft::detection::cvat {
extern const Format format;
namespace {

namespace fs = std::filesystem;

fs::path file_of_export(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? path / "annotations.xml" : path;
}

bool recognises(const fs::path& path) {
  const auto file = file_of_export(path);
  std::error_code error;
  if (file.extension() != ".xml" || !fs::is_regular_file(file, error)) return false;
  try {
    return read_file("detection", file).find("<annotations>") != std::string::npos;
  } catch (const FileError&) {
    return false;
  }
}

constexpr std::string_view kShapes[] = {"box", "polygon", "mask", "ellipse"};
constexpr std::string_view kUnread[] = {"points", "polyline", "tag", "cuboid", "skeleton"};

std::optional<double> number_of(const pugi::xml_node& node, const char* attribute) {
  return number_in(text::trimmed(node.attribute(attribute).value()));
}

class Reader {
 public:
  Reader(const fs::path& path, Findings& findings) : findings_(findings), builder_(path, "cvat") {
    const auto file = file_of_export(path);
    pugi::xml_document document;
    const std::string text = read_file("detection", file);
    parse_xml(document, text, file.string(), "annotations");
    const auto root = document.document_element();
    if (root.child("track"))
      throw DataError("detection", "{}: is CVAT's XML for video (tracks). Export it as \"CVAT for images\".",
                      file.string());
    for (const char* of : {"task", "job", "project"}) {
      for (const auto& label : root.child("meta").child(of).child("labels").children("label")) {
        const auto name = text_in(label, "name");
        if (!name.empty() && is_utf8(name)) builder_.category(name);
      }
    }
    see_unknown(root, {"version", "meta", "image"}, {}, unknown_);
    for (const auto& image : root.children("image"))
      add_image(image);
    unknown_.note(findings_, "unread-elements", "is not looked at");
    if (builder_.set().images.empty()) throw DataError("detection", "{}: has no <image>.", file.string());
  }
  Set take() { return builder_.take(); }

 private:
  void add_image(const pugi::xml_node& node) {
    see_unknown(node, {"box", "polygon", "mask", "points", "polyline", "tag", "cuboid", "ellipse", "skeleton"},
                {"id", "name", "width", "height"}, unknown_);
    const auto file = with_slashes(node.attribute("name").value());
    place_ = printable(file);
    if (file.empty() || !is_utf8(file)) {
      findings_.add("field-missing", Severity::left_out, "image {}: no name in UTF-8",
                    printable(node.attribute("id").value()));
      return;
    }
    if (builder_.has_image(file))
      findings_.add("image-again", Severity::suspicion, "{} is there twice: its boxes are added", place_);
    image_ = builder_.image(file);
    Image& image = builder_.set().images[image_];
    if (const auto id = whole_in(node.attribute("id").value())) image.id = *id;
    const auto width = number_of(node, "width"), height = number_of(node, "height");
    if (width && height && *width >= 1 && *height >= 1 && *width <= 1e6 && *height <= 1e6) {
      image.width = static_cast<std::int32_t>(*width);
      image.height = static_cast<std::int32_t>(*height);
    } else {
      findings_.add("size-form", Severity::suspicion, "{}: its size is {} x {}", place_,
                    printable(node.attribute("width").value()), printable(node.attribute("height").value()));
    }
    for (const auto& shape : node.children())
      add_shape(shape);
  }

  void add_shape(const pugi::xml_node& node) {
    const std::string_view kind = node.name();
    if (std::ranges::find(kUnread, kind) != std::end(kUnread))
      findings_.add("shape-unread", Severity::note, "{}: <{}> is not read", place_, kind);
    if (std::ranges::find(kShapes, kind) == std::end(kShapes)) return;
    const std::string label(text::trimmed(node.attribute("label").value()));
    if (label.empty() || !is_utf8(label)) {
      findings_.add("label-missing", Severity::left_out, "{}: a <{}> without a label in UTF-8", place_, kind);
      return;
    }
    if (kind == "polygon")
      add_polygon(node, label);
    else if (kind == "mask")
      add_mask(node, label);
    else if (kind == "ellipse")
      add_ellipse(node, label);
    else
      add_box(node, label);
  }

  void add_box(const pugi::xml_node& node, const std::string& label) {
    see_unknown(node, {"attribute"}, {"label", "source", "occluded", "z_order", "xtl", "ytl", "xbr", "ybr", "rotation"},
                unknown_);
    const auto left = number_of(node, "xtl"), top = number_of(node, "ytl"), right = number_of(node, "xbr"),
               bottom = number_of(node, "ybr");
    if (!left || !top || !right || !bottom) return tell_form(node);
    add_turned(node, label, {*left, *top, *right - *left, *bottom - *top});
  }

  void add_ellipse(const pugi::xml_node& node, const std::string& label) {
    see_unknown(node, {"attribute"}, {"label", "source", "occluded", "z_order", "cx", "cy", "rx", "ry", "rotation"},
                unknown_);
    const auto x = number_of(node, "cx"), y = number_of(node, "cy"), across = number_of(node, "rx"),
               down = number_of(node, "ry");
    if (!x || !y || !across || !down) return tell_form(node);
    findings_.add("ellipse-box", Severity::suspicion, "{}: of an ellipse the box round it is taken", place_);
    add_turned(node, label, {*x - *across, *y - *down, 2 * *across, 2 * *down});
  }

  // About its middle.
  void add_turned(const pugi::xml_node& node, const std::string& label, Box box) {
    if (const double turn = number_of(node, "rotation").value_or(0); turn != 0) {
      box = round_turned(box, turn, box.x + box.width / 2, box.y + box.height / 2);
      findings_.add("box-turned", Severity::suspicion, "{}: a box that is turned: the one round it is taken", place_);
    }
    finish(builder_.box(image_, builder_.category(label), box), node);
  }

  void add_mask(const pugi::xml_node& node, const std::string& label) {
    see_unknown(node, {"attribute"},
                {"label", "source", "occluded", "z_order", "rle", "left", "top", "width", "height"}, unknown_);
    RowRuns rows;
    std::string_view runs = text::trimmed(node.attribute("rle").value());
    bool good = whole_of(node, "left", rows.left) && whole_of(node, "top", rows.top) &&
                whole_of(node, "width", rows.width) && whole_of(node, "height", rows.height);
    while (good && !runs.empty()) {
      const auto end = std::min(runs.find(','), runs.size());
      good = as_pixels(whole_in(text::trimmed(runs.substr(0, end))), rows.counts.emplace_back());
      runs.remove_prefix(std::min(end + 1, runs.size()));
    }
    if (!good) return tell_form(node);
    const Image& image = builder_.set().images[image_];
    try {
      const auto mask =
          runs_of_rows(rows, static_cast<std::uint32_t>(image.height), static_cast<std::uint32_t>(image.width));
      if (mask.area() == 0) return tell_form(node);
      finish(builder_.mask(image_, builder_.category(label), mask), node);
    } catch (const DataError& bad) {
      findings_.add("shape-form", Severity::left_out, "{}: {}", place_, bad.what());
    }
  }

  static bool as_pixels(std::optional<std::int64_t> number, std::uint32_t& pixels) {
    if (!number || *number < 0 || *number > std::int64_t{0xffffffff}) return false;
    pixels = static_cast<std::uint32_t>(*number);
    return true;
  }
  static bool whole_of(const pugi::xml_node& node, const char* attribute, std::uint32_t& pixels) {
    return as_pixels(whole_in(text::trimmed(node.attribute(attribute).value())), pixels);
  }

  void add_polygon(const pugi::xml_node& node, const std::string& label) {
    see_unknown(node, {"attribute"}, {"label", "source", "occluded", "z_order", "points"}, unknown_);
    Polygon polygon;
    std::string_view points = text::trimmed(node.attribute("points").value());
    while (!points.empty()) {
      const auto end = std::min(points.find_first_of(",;"), points.size());
      const auto value = number_in(text::trimmed(points.substr(0, end)));
      if (!value) return tell_form(node);
      polygon.push_back(*value);
      points.remove_prefix(std::min(end + 1, points.size()));
    }
    if (!is_polygon(polygon)) return tell_form(node);
    finish(builder_.outline(image_, builder_.category(label), {polygon}), node);
  }

  void tell_form(const pugi::xml_node& node) {
    findings_.add("shape-form", Severity::left_out, "{}: a <{}> whose places are not as CVAT writes them", place_,
                  node.name());
  }

  void finish(Annotation& annotation, const pugi::xml_node& node) {
    std::string rest;
    if (number_of(node, "occluded").value_or(0) > 0) rest = "\"occluded\":1";
    AttributeMembers attributes;
    for (const auto& attribute : node.children("attribute"))
      attributes.add(attribute.attribute("name").value(), attribute.child_value());
    attributes.append_to(rest);
    builder_.rest(annotation, rest);
  }

  Findings& findings_;
  SetBuilder builder_;
  UnknownNames unknown_;
  Index image_ = 0;
  std::string place_;
};

Set read(const fs::path& path, const ReadOptions&, Findings& findings) {
  return Reader(path, findings).take();
}

std::string element_of(const Set& set, const Annotation& annotation) {
  const std::string rest = "{" + set.carried->at(annotation.rest) + "}";
  int occluded = 0;
  std::string attributes;
  for (const auto& [key, value] : members_of(rest))
    if (key == "\"occluded\"") occluded = value == "1" || value == "true";
  for (const auto& [name, text] : attributes_in(rest))
    attributes += fmt::format("<attribute name=\"{}\">{}</attribute>", xml_text(name), xml_text(text));
  const auto label = xml_text(set.categories[annotation.category].name);
  const auto polygons = polygons_of(set.carried->at(annotation.shape));
  if (polygons && polygons->size() == 1 && is_polygon(polygons->front())) {
    std::string points;
    const Polygon& polygon = polygons->front();
    for (std::size_t k = 0; k + 1 < polygon.size(); k += 2)
      points += fmt::format("{}{},{}", k > 0 ? ";" : "", json_number(polygon[k]), json_number(polygon[k + 1]));
    return fmt::format(
        "    <polygon label=\"{}\" source=\"manual\" occluded=\"{}\" points=\"{}\" z_order=\"0\">{}"
        "</polygon>\n",
        label, occluded, points, attributes);
  }
  const Image& image = set.images[annotation.image];
  const auto runs = runs_in(set.carried->at(annotation.shape));
  if (runs && runs->area() > 0 && std::cmp_equal(runs->height, image.height) &&
      std::cmp_equal(runs->width, image.width)) {
    const auto rows = rows_of_runs(*runs);
    return fmt::format(
        "    <mask label=\"{}\" source=\"manual\" occluded=\"{}\" rle=\"{}\" left=\"{}\" top=\"{}\" width=\"{}\" "
        "height=\"{}\" z_order=\"0\">{}</mask>\n",
        label, occluded, fmt::join(rows.counts, ", "), rows.left, rows.top, rows.width, rows.height, attributes);
  }
  const Box& box = annotation.box;
  return fmt::format(
      "    <box label=\"{}\" source=\"manual\" occluded=\"{}\" xtl=\"{}\" ytl=\"{}\" xbr=\"{}\" ybr=\"{}\" "
      "z_order=\"0\">{}</box>\n",
      label, occluded, json_number(box.x), json_number(box.y), json_number(box.x + box.width),
      json_number(box.y + box.height), attributes);
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  std::vector<std::string> shapes(set.images.size());
  for (const Annotation& annotation : set.annotations)
    shapes[annotation.image] += element_of(set, annotation);
  AtomicFile file(path);
  file.write(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n  <meta><task>"
      "<labels>\n");
  for (const Category& category : set.categories)
    file.write(fmt::format("    <label><name>{}</name><attributes></attributes></label>\n", xml_text(category.name)));
  file.write("  </labels></task></meta>\n");
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    file.write(fmt::format("  <image id=\"{}\" name=\"{}\" width=\"{}\" height=\"{}\">\n{}  </image>\n", image.id,
                           xml_text(file_of(image)), image.width, image.height, shapes[k]));
  }
  file.write("</annotations>\n");
  file.commit();
  return losses_in(format, set, path);
}

}  // namespace

const Format format = {"cvat", "CVAT's XML 1.1 for images", recognises, read, write};

}  // namespace graft::detection::cvat
