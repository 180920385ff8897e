// XML that other programs wrote: read by pugixml, with what is wrong told by line.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/detection/foreign_text.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/json_text.h"
#include "graft/detection/unknown_names.h"
#include "graft/text/text_file.h"

namespace graft::detection {

// DataError with file and line for text that is no XML whose outer element is `root`.
inline void parse_xml(pugi::xml_document& document, std::string_view text, std::string_view name, const char* root) {
  const auto result = document.load_buffer(text.data(), text.size());
  if (!result) {
    const auto at = std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(result.offset, 0)), text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    throw DataError("detection", "{}:{}: is no XML: {}.", name, line, result.description());
  }
  if (std::string_view(document.document_element().name()) != root)
    throw DataError("detection", "{}: its outer element is <{}>, expected <{}>.", name,
                    printable(document.document_element().name()), root);
}

// The elements in `node` and its attributes that are not among those that are understood.
inline void see_unknown(const pugi::xml_node& node, std::initializer_list<std::string_view> elements,
                        std::initializer_list<std::string_view> attributes, UnknownNames& unknown) {
  const auto is_in = [](std::initializer_list<std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  const std::string of = std::string("<").append(node.name()).append(">");
  for (const auto& child : node.children())
    if (child.type() == pugi::node_element && !is_in(elements, child.name()))
      unknown.see(of, std::string("<").append(child.name()).append(">"));
  for (const auto& attribute : node.attributes())
    if (!is_in(attributes, attribute.name())) unknown.see(of + " ", std::string(attribute.name()).append("="));
}

inline std::string text_in(const pugi::xml_node& node, const char* child) {
  return std::string(text::trimmed(node.child_value(child)));
}
inline std::optional<double> number_in(const pugi::xml_node& node, const char* child) {
  return number_in(text::trimmed(node.child_value(child)));
}

// What people told of an object in words of their own, as a member of its other keys: "attributes":{"age":"3"}.
class AttributeMembers {
 public:
  void add(std::string_view name, std::string_view value) {
    if (!is_utf8(name) || !is_utf8(value) || name.empty()) return;
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : ",", json_text(name), json_text(value));
  }
  void append_to(std::string& members) const {
    if (!text_.empty()) members += fmt::format("{}\"attributes\":{{{}}}", members.empty() ? "" : ",", text_);
  }

 private:
  std::string text_;
};
// Those that an object's other keys have, {"attributes":{"age":"3"}}; texts that stand as they are alone.
inline std::vector<std::pair<std::string_view, std::string_view>> attributes_in(std::string_view object) {
  std::vector<std::pair<std::string_view, std::string_view>> attributes;
  for (const auto& [key, value] : members_of(object)) {
    if (key != "\"attributes\"" || !value.starts_with('{')) continue;
    for (const auto& [name, text] : members_of(value))
      if (text.size() >= 2 && text.front() == '"' && text.find('\\') == std::string_view::npos)
        attributes.emplace_back(name.substr(1, name.size() - 2), text.substr(1, text.size() - 2));
  }
  return attributes;
}

inline std::string xml_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\n':
        safe += "&#10;";
        break;
      case '\r':
        safe += "&#13;";
        break;
      case '\t':
        safe += "&#9;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

}  // namespace graft::detection
