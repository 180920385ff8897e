// Names of classes as sets write them, made comparable: "Cabinet/shelf", "bat_(animal)", "Wine glasses ".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace graft::detection {

struct NameForms {
  std::string plain;      // lower case, words with one blank between, without what stands in parentheses: "bat"
  std::string qualifier;  // what stood there: "animal"
  std::string singular;   // plain, its last word in the singular: "wine glass"
  std::vector<std::string> parts;  // of a name with slashes or "or": "cabinet", "shelf"; else empty
  std::string head;                // the last word of several, in the singular: "glass"; else empty

  // The whole name: "bat (animal)".
  std::string whole() const { return qualifier.empty() ? plain : plain + " (" + qualifier + ")"; }
};

NameForms name_forms(std::string_view name);
// Of an English word. Those that are told in the plural alone ("glasses", "scissors") stay.
std::string singular_of(std::string_view word);

}  // namespace graft::detection
