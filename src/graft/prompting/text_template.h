// A text with places for an item's fields: "Q: {{question}}\nA:". Of Jinja, which lm-evaluation-harness writes these
// in, only `{{field}}` is read, with the filters trim, lower and upper behind `|`; everything else is refused by name.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/prompting/items.h"

namespace graft::prompting {

class TextTemplate {
 public:
  TextTemplate() = default;
  // `where` is for messages: "kinds.yaml: doc_to_text". ConfigError for what is not understood.
  TextTemplate(std::string_view text, std::string_view where);

  // As lm-evaluation-harness: a text that is the name of a field is that field.
  std::string of(const Item& item) const;
  // The same with other words in place of each field.
  std::string with(const Item& item, const std::function<std::string(const std::string& field)>& value) const;
  const std::string& written() const { return written_; }
  bool empty() const { return written_.empty(); }

 private:
  struct Piece {
    std::string text;  // of a field its name
    bool is_field = false;
    std::vector<std::string> filters = {};
  };
  std::string written_;
  std::vector<Piece> pieces_;
};

}  // namespace graft::prompting
