// What is wrong with a set of boxes, by kind and place: all of it counted, the first of each kind shown. A reader adds
// what it leaves out and goes on with the good rest; whoever needs a whole set asks refuse().
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft::detection {

enum class Severity {
  left_out,   // a record that cannot be used: the reader left it out
  wrong,      // a record that is used and is wrong (a box outside its image)
  suspicion,  // looks like a known mistake, and may be right
  note,       // changes no number
};

struct Finding {
  Severity severity = Severity::note;
  std::size_t count = 0;
  std::vector<std::string> examples;  // "annotations[12] (id 340): ...": the first five
};

class Findings {
 public:
  static constexpr std::size_t kShown = 5;

  // `kind` is a short name with dashes, "box-outside", the same in the page, in JSON and in tests.
  template <class... Args>
  void add(std::string_view kind, Severity severity, fmt::format_string<Args...> format, Args&&... args) {
    Finding& finding = count(kind, severity);
    if (finding.examples.size() < kShown) finding.examples.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  const std::map<std::string, Finding, std::less<>>& kinds() const { return kinds_; }
  std::size_t total(Severity severity) const;
  bool empty() const { return kinds_.empty(); }
  void add_all(const Findings& others);

  // DataError that lists what was left out or is wrong, if anything was; `file` begins it, and it says that
  // `graft data check FILE --fix` mends what can be mended.
  void refuse(std::string_view file, bool wrong_too = false) const;

 private:
  Finding& count(std::string_view kind, Severity severity);
  std::map<std::string, Finding, std::less<>> kinds_;
};

}  // namespace graft::detection
