// CVAT's XML 1.1 "for images": the labels of the task, then each image with its size, boxes and polygons in pixels.
// Its ids begin at 0. The variant "for video" holds tracks and is refused by name.
#include <algorithm>

#include "graft/core/atomic_file.h"
#include "graft/core/read_file.h"
#include "graft/detection/foreign_xml.h"
#include "graft/detection/format.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
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
    for (const auto& image : root.children("image"))
      add_image(image);
    if (builder_.set().images.empty()) throw DataError("detection", "{}: has no <image>.", file.string());
  }
  Set take() { return builder_.take(); }

 private:
  void add_image(const pugi::xml_node& node) {
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
    if (kind.empty()) return;  // text between
    const std::string label(text::trimmed(node.attribute("label").value()));
    if (kind != "box" && kind != "polygon" && kind != "mask") {
      findings_.add("shape-unread", Severity::note, "{}: <{}> is not read", place_, printable(kind));
      return;
    }
    if (label.empty() || !is_utf8(label)) {
      findings_.add("label-missing", Severity::left_out, "{}: a <{}> without a label in UTF-8", place_, kind);
      return;
    }
    if (kind == "polygon") return add_polygon(node, label);
    Box box;
    if (kind == "mask") {
      const auto left = number_of(node, "left"), top = number_of(node, "top"), width = number_of(node, "width"),
                 height = number_of(node, "height");
      if (!left || !top || !width || !height) return tell_form(node);
      box = {*left, *top, *width, *height};
      findings_.add("mask-unread", Severity::suspicion, "{}: of a mask the box round it is read", place_);
    } else {
      const auto left = number_of(node, "xtl"), top = number_of(node, "ytl"), right = number_of(node, "xbr"),
                 bottom = number_of(node, "ybr");
      if (!left || !top || !right || !bottom) return tell_form(node);
      box = {*left, *top, *right - *left, *bottom - *top};
      if (number_of(node, "rotation").value_or(0) != 0)
        findings_.add("box-turned", Severity::suspicion, "{}: a box that is turned is read as if it were not", place_);
    }
    finish(builder_.box(image_, builder_.category(label), box), node);
  }

  void add_polygon(const pugi::xml_node& node, const std::string& label) {
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
    findings_.add("shape-form", Severity::left_out, "{}: a <{}> whose places are no numbers", place_, node.name());
  }

  void finish(Annotation& annotation, const pugi::xml_node& node) {
    std::string rest, attributes;
    if (number_of(node, "occluded").value_or(0) > 0) rest = "\"occluded\":1";
    for (const auto& attribute : node.children("attribute")) {
      const std::string_view name = attribute.attribute("name").value(), value = attribute.child_value();
      if (!is_utf8(name) || !is_utf8(value) || name.empty()) continue;
      attributes += fmt::format("{}{}:{}", attributes.empty() ? "" : ",", json_text(name), json_text(value));
    }
    if (!attributes.empty()) rest += fmt::format("{}\"attributes\":{{{}}}", rest.empty() ? "" : ",", attributes);
    builder_.rest(annotation, rest);
  }

  Findings& findings_;
  SetBuilder builder_;
  Index image_ = 0;
  std::string place_;
};

Set read(const fs::path& path, const ReadOptions&, Findings& findings) {
  return Reader(path, findings).take();
}

std::string shape_of(const Set& set, const Annotation& annotation) {
  const std::string rest = "{" + set.carried->at(annotation.rest) + "}";
  int occluded = 0;
  std::string attributes;
  for (const auto& [key, value] : members_of(rest)) {
    if (key == "\"occluded\"") occluded = value == "1" || value == "true";
    if (key != "\"attributes\"" || !value.starts_with('{')) continue;
    for (const auto& [name, text] : members_of(value))
      if (text.size() >= 2 && text.front() == '"' && text.find('\\') == std::string_view::npos)
        attributes += fmt::format("<attribute name=\"{}\">{}</attribute>", xml_text(name.substr(1, name.size() - 2)),
                                  xml_text(text.substr(1, text.size() - 2)));
  }
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
  const Box& box = annotation.box;
  return fmt::format(
      "    <box label=\"{}\" source=\"manual\" occluded=\"{}\" xtl=\"{}\" ytl=\"{}\" xbr=\"{}\" ybr=\"{}\" "
      "z_order=\"0\">{}</box>\n",
      label, occluded, json_number(box.x), json_number(box.y), json_number(box.x + box.width),
      json_number(box.y + box.height), attributes);
}

Lost write(const Set& set, const fs::path& path) {
  std::vector<std::string> shapes(set.images.size());
  for (const Annotation& annotation : set.annotations)
    shapes[annotation.image] += shape_of(set, annotation);
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
