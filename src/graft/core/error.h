// The errors of graft. One base class, caught once, in cli/main.cpp; a kind of error has one exit code.
// A message is for the person at the keyboard: what is wrong, what was expected, what came, what to do. Quote their
// words, offer the nearest known name, collect all that is wrong, then throw once.
//
//   throw DataError("safetensors", "{}: the header claims {} bytes, the file has {}. Is the download complete?", ...);
//   -> [safetensors] model.safetensors: the header claims ...
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace graft {

class Error : public std::runtime_error {
 public:
  int exit_code() const { return exit_code_; }

 protected:
  Error(int exit_code, std::string_view where, const std::string& message)
      : std::runtime_error(fmt::format("[{}] {}", where, message)), exit_code_(exit_code) {}

 private:
  int exit_code_;
};

template <int kExitCode>
class ErrorOf : public Error {
 public:
  template <class... Args>
  ErrorOf(std::string_view where, fmt::format_string<Args...> format, Args&&... args)
      : Error(kExitCode, where, fmt::format(format, std::forward<Args>(args)...)) {}
};

// A kind is a type of its own (not an alias), so that a test or a caller can tell a bad file from bad data.
struct UsageError : ErrorOf<2> {
  using ErrorOf::ErrorOf;
};  // an unknown command, option or name
struct ConfigError : ErrorOf<2> {
  using ErrorOf::ErrorOf;
};  // a value out of range, options that contradict
struct DataError : ErrorOf<3> {
  using ErrorOf::ErrorOf;
};  // a data set is not what it says
struct FileError : ErrorOf<3> {
  using ErrorOf::ErrorOf;
};  // a file cannot be read, written or parsed
struct ModelError : ErrorOf<4> {
  using ErrorOf::ErrorOf;
};  // a model or adapter file does not fit
struct ShapeError : ErrorOf<4> {
  using ErrorOf::ErrorOf;
};  // a tensor has the wrong shape or type
struct DivergenceError : ErrorOf<5> {
  using ErrorOf::ErrorOf;
};  // the loss is not finite
struct InternalError : ErrorOf<70> {
  using ErrorOf::ErrorOf;
};  // a bug of ours

}  // namespace graft

// Ours to keep: failing is a bug of graft, never the user's fault. Always on.
#define GRAFT_ASSERT(condition)                                                                             \
  do {                                                                                                      \
    if (!(condition)) {                                                                                     \
      throw ::graft::InternalError("bug", "{}:{}: {} does not hold. Please report it.", __FILE__, __LINE__, \
                                   #condition);                                                             \
    }                                                                                                       \
  } while (false)
