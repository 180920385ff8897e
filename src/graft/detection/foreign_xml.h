// XML that other programs wrote: read by pugixml, with what is wrong told by line.
#pragma once

#include <algorithm>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/detection/foreign_text.h"
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

inline std::string text_in(const pugi::xml_node& node, const char* child) {
  return std::string(text::trimmed(node.child_value(child)));
}
inline std::optional<double> number_in(const pugi::xml_node& node, const char* child) {
  return number_in(text::trimmed(node.child_value(child)));
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
