// A text as it grows token by token: what of it may be shown already, and where it stops. A stop string may begin in
// one token and end in another, and a character's bytes may too: what could still become part of one is held back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace graft::prompting {

class GeneratedText {
 public:
  explicit GeneratedText(std::vector<std::string> stops);  // empty ones stop nothing

  // Takes more bytes; returns what can be shown now. After a stop nothing is taken.
  std::string add(std::string_view bytes);
  // What was held back, when no more comes; bytes that are no UTF-8 become U+FFFD.
  std::string finish();
  bool stopped() const { return stopped_; }           // by a stop string
  const std::string& text() const { return shown_; }  // all that was returned; without the stop string

 private:
  std::string show(size_t bytes);

  std::vector<std::string> stops_;
  std::string shown_, held_;
  bool stopped_ = false, finished_ = false;
};

}  // namespace graft::prompting
