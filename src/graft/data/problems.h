// What is wrong with somebody's data, collected and thrown once.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/error.h"

namespace graft::data {

// What a reader said, without the room that it begins with.
inline std::string_view words_of(const Error& error) {
  const std::string_view said = error.what();
  const std::size_t room = said.starts_with('[') ? said.find("] ") : std::string_view::npos;
  return room == std::string_view::npos ? said : said.substr(room + 2);
}

class Problems {
 public:
  // `subject` is the file or folder that the problems are of.
  explicit Problems(std::string subject) : subject_(std::move(subject)) {}

  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    if (++count_ <= kShown) lines_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void add_error(const Error& error) { add("{}", words_of(error)); }
  void add_error(std::string_view where, const Error& error) { add("{}: {}", where, words_of(error)); }

  bool empty() const { return count_ == 0; }

  // A DataError with the first twenty, if there are any.
  void throw_if_any() const {
    if (count_ == 0) return;
    if (count_ == 1) throw DataError("data", "{}: {}", subject_, lines_.front());
    const std::string more = count_ > kShown ? fmt::format("\n  and {} more", count_ - kShown) : "";
    throw DataError("data", "{}, {} problems:\n  {}{}", subject_, count_, fmt::join(lines_, "\n  "), more);
  }

 private:
  static constexpr std::size_t kShown = 20;
  std::string subject_;
  std::size_t count_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace graft::data
