// Pascal VOC's XML, a file a photo (Everingham et al. 2010, doi:10.1007/s11263-009-0275-4). VOC's own corners count
// pixels from 1 and take in the last: [xmin, xmax] covers x = xmin - 1 to xmax. Programs that borrow the layout
// (LabelImg, CVAT, Datumaro) write corners from 0. Which it is a file does not say: here "VOC" in its <folder> or
// <source><database> is taken for VOC's own. What is written counts from 1 and says so.
#include <algorithm>
#include <set>

#include "graft/core/read_file.h"
#include "graft/detection/foreign_xml.h"
#include "graft/detection/format.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/json_text.h"
#include "graft/detection/losses.h"
#include "graft/detection/new_folder.h"
#include "graft/detection/set_builder.h"

namespace graft::detection::voc {
extern const Format format;
namespace {

namespace fs = std::filesystem;

constexpr const char* kFlags[] = {"truncated", "difficult", "occluded"};

fs::path annotations_of(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path / "Annotations", error) ? path / "Annotations" : path;
}

std::vector<fs::path> files_of(const fs::path& path) {
  std::vector<fs::path> files;
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  const auto folder = annotations_of(path);
  for (auto entry = fs::recursive_directory_iterator(folder, error); entry != fs::end(entry); entry.increment(error))
    if (entry->path().extension() == ".xml" && entry->is_regular_file(error)) files.push_back(entry->path());
  std::ranges::sort(files);
  return files;
}

bool is_annotation(const fs::path& file) {
  try {
    const auto text = read_file("detection", file);
    // LabelImg writes <annotation verified="yes"> of what was looked at twice; <annotations> is CVAT's.
    return text.find("<annotation>") != std::string::npos || text.find("<annotation ") != std::string::npos;
  } catch (const FileError&) {
    return false;
  }
}

bool recognises(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path.extension() == ".xml" && is_annotation(path);
  const auto files = files_of(path);
  return !files.empty() && is_annotation(files.front());
}

class Reader {
 public:
  Reader(const fs::path& path, const ReadOptions& options, Findings& findings)
      : findings_(findings), builder_(path, "voc"), sizes_(options, path / "JPEGImages") {
    std::error_code error;
    const auto folder = fs::is_directory(path, error) ? annotations_of(path) : path.parent_path();
    for (const auto& list : {path / "labelmap.txt", path / "labels.txt"}) {
      if (!fs::is_regular_file(list, error)) continue;
      for (const auto& line : text::trimmed_lines(text::read_text_file(list)))
        if (!line.starts_with('#')) builder_.category(std::string(text::trimmed(line.substr(0, line.find("::")))));
      break;
    }
    for (const auto& file : files_of(path)) {
      try {
        pugi::xml_document document;
        const std::string text = read_file("detection", file);
        parse_xml(document, text, file.string(), "annotation");
        add(document.document_element(), with_slashes(file.lexically_relative(folder).string()));
      } catch (const Error& bad) {
        findings_.add("file-unreadable", Severity::left_out, "{}", bad.what());
      }
    }
    unknown_.note(findings_, "unread-elements", "is not looked at");
    read_lists(path / "ImageSets" / "Main");
    if (builder_.set().images.empty())
      throw DataError("detection", "{}: no file of it is an XML of Pascal VOC's <annotation>.", path.string());
  }
  Set take() { return builder_.take(); }

 private:
  // Photos of the splits that have no XML, as those without objects of some programs.
  void read_lists(const fs::path& folder) {
    std::error_code error;
    for (const char* split : {"train", "val", "test", "trainval"}) {
      const auto list = folder / (std::string(split) + ".txt");
      if (!fs::is_regular_file(list, error)) continue;
      for (const auto& id : text::trimmed_lines(text::read_text_file(list))) {
        if (builder_.has_image(id + ".jpg") || ids_.contains(id)) continue;
        Image& image = builder_.set().images[builder_.image(id + ".jpg")];
        sizes_.find(image);
        findings_.add("xml-missing", Severity::note, "{} of {} has no XML: a photo without objects", printable(id),
                      list.filename().string());
      }
    }
  }

  void add(const pugi::xml_node& root, const std::string& name) {
    const auto slash = name.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : name.substr(0, slash + 1);
    auto file = with_slashes(text_in(root, "filename"));
    if (file.empty()) {
      file = without_ending(name) + ".jpg";
      findings_.add("filename-missing", Severity::note, "{}: names no photo, {} is taken", printable(name),
                    printable(file));
    } else {
      file = file.substr(file.rfind('/') + 1);
      if (file.find('.') == std::string::npos) file += ".jpg";  // LabelImg leaves it off
      file = folder + file;
    }
    if (!is_utf8(file) || builder_.has_image(file)) {
      findings_.add("image-again", Severity::left_out, "{}: {}", printable(name),
                    is_utf8(file) ? "its photo has an XML already" : "its photo's name is not UTF-8");
      return;
    }
    see_unknown(root, {"folder", "filename", "path", "source", "owner", "size", "segmented", "object"}, {"verified"},
                unknown_);
    const Index place = builder_.image(file);
    ids_.insert(without_ending(file));
    Image& image = builder_.set().images[place];
    const auto size = root.child("size");
    see_unknown(size, {"width", "height", "depth"}, {}, unknown_);
    const auto width = number_in(size, "width"), height = number_in(size, "height");
    if (width && height && *width >= 1 && *height >= 1 && *width <= 1e6 && *height <= 1e6) {
      image.width = static_cast<std::int32_t>(*width);
      image.height = static_cast<std::int32_t>(*height);
    } else if (!sizes_.find(image)) {
      findings_.add("size-form", Severity::suspicion, "{}: its size is {} x {}", printable(name),
                    printable(text_in(size, "width")), printable(text_in(size, "height")));
    }
    const double first = from_one(root) ? 1 : 0;
    if (first == 0)
      findings_.add("corners-from-0", Severity::note,
                    "{}: neither <folder> nor <database> says VOC: corners are read from 0", printable(name));
    for (const auto& object : root.children("object"))
      add_object(object, place, first, name);
  }

  static bool from_one(const pugi::xml_node& root) {
    return text_in(root, "folder").find("VOC") != std::string::npos ||
           text_in(root.child("source"), "database").find("VOC") != std::string::npos;
  }

  void add_object(const pugi::xml_node& object, Index image, double first, const std::string& name) {
    const std::string called = text_in(object, "name");
    const auto corners = object.child("bndbox");
    see_unknown(object, {"name", "pose", "truncated", "difficult", "occluded", "bndbox", "part", "attributes"}, {},
                unknown_);
    see_unknown(corners, {"xmin", "ymin", "xmax", "ymax"}, {}, unknown_);
    const auto left = number_in(corners, "xmin"), top = number_in(corners, "ymin"), right = number_in(corners, "xmax"),
               bottom = number_in(corners, "ymax");
    if (called.empty() || !is_utf8(called) || !left || !top || !right || !bottom) {
      findings_.add("object-form", Severity::left_out, "{}: object '{}' with corners '{}' '{}' '{}' '{}'",
                    printable(name), printable(called), printable(text_in(corners, "xmin")),
                    printable(text_in(corners, "ymin")), printable(text_in(corners, "xmax")),
                    printable(text_in(corners, "ymax")));
      return;
    }
    auto& annotation = builder_.box(image, builder_.category(called),
                                    {*left - first, *top - first, *right - *left + first, *bottom - *top + first});
    std::string rest;
    for (const char* flag : kFlags) {
      const auto value = number_in(object, flag);
      if (value && *value != 0) rest += fmt::format("{}\"{}\":1", rest.empty() ? "" : ",", flag);
    }
    const auto pose = text_in(object, "pose");
    if (!pose.empty() && pose != "Unspecified" && is_utf8(pose))
      rest += fmt::format("{}\"pose\":{}", rest.empty() ? "" : ",", json_text(pose));
    AttributeMembers attributes;  // CVAT's
    for (const auto& attribute : object.child("attributes").children("attribute")) {
      const auto told = text_in(attribute, "name"), value = text_in(attribute, "value");
      attributes.add(told, value);
      if (told == "rotation" && number_in(value).value_or(0) != 0)
        findings_.add("box-turned", Severity::suspicion, "{}: '{}' is turned by {} degrees: its corners are not",
                      printable(name), printable(called), printable(value));
    }
    attributes.append_to(rest);
    builder_.rest(annotation, rest);
    if (object.child("part"))
      findings_.add("parts-unread", Severity::note, "{}: the parts of '{}' are not read", printable(name),
                    printable(called));
  }

  Findings& findings_;
  SetBuilder builder_;
  ImageSizes sizes_;
  UnknownNames unknown_;
  std::set<std::string> ids_;  // of photos with an XML
};

Set read(const fs::path& path, const ReadOptions& options, Findings& findings) {
  return Reader(path, options, findings).take();
}

std::string object_of(const Set& set, const Annotation& annotation) {
  const std::string rest = "{" + set.carried->at(annotation.rest) + "}";
  std::string pose = "Unspecified", flags;
  const auto members = members_of(rest);
  for (const char* flag : kFlags) {
    const bool is_set = std::ranges::any_of(members, [&](const auto& member) {
      return member.first == json_text(flag) && (member.second == "1" || member.second == "true");
    });
    flags += fmt::format("<{}>{}</{}>", flag, is_set ? 1 : 0, flag);
  }
  for (const auto& [key, value] : members)
    if (key == "\"pose\"" && value.size() > 2 && value.find('\\') == std::string_view::npos)
      pose = value.substr(1, value.size() - 2);
  std::string attributes;
  for (const auto& [name, value] : attributes_in(rest))
    attributes +=
        fmt::format("<attribute><name>{}</name><value>{}</value></attribute>", xml_text(name), xml_text(value));
  if (!attributes.empty()) attributes = "<attributes>" + attributes + "</attributes>";
  const Box& box = annotation.box;
  return fmt::format(
      "<object><name>{}</name><pose>{}</pose>{}{}<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>"
      "<ymax>{}</ymax></bndbox></object>\n",
      xml_text(set.categories[annotation.category].name), xml_text(pose), flags, attributes, json_number(box.x + 1),
      json_number(box.y + 1), json_number(box.x + box.width), json_number(box.y + box.height));
}

Lost write(const Set& set, const fs::path& path, const WriteOptions&) {
  std::vector<std::string> objects(set.images.size());
  for (const Annotation& annotation : set.annotations)
    objects[annotation.image] += object_of(set, annotation);
  NewFolder folder(path);
  std::string labels = "# label:color_rgb:parts:actions\n";
  for (const Category& category : set.categories)
    labels += category.name + ":::\n";
  folder.put("labelmap.txt", labels);
  std::set<std::string> taken;
  for (std::size_t k = 0; k < set.images.size(); ++k) {
    const Image& image = set.images[k];
    const std::string file = file_of(image);
    refuse_outside(file);
    const std::string name = "Annotations/" + without_ending(file) + ".xml";
    if (!taken.insert(name).second) throw DataError("detection", "two images would share {}.", printable(name));
    folder.put(name, fmt::format("<annotation><folder>JPEGImages</folder><filename>{}</filename>"
                                 "<source><database>graft (corners as VOC's, from 1)</database></source>\n"
                                 "<size><width>{}</width><height>{}</height><depth>3</depth></size>"
                                 "<segmented>0</segmented>\n{}</annotation>\n",
                                 xml_text(file.substr(file.rfind('/') + 1)), image.width, image.height, objects[k]));
  }
  folder.commit();
  return losses_in(format, set, path);
}

}  // namespace

const Format format = {"voc", "Pascal VOC's XML files, a folder of them", recognises, read, write};

}  // namespace graft::detection::voc
