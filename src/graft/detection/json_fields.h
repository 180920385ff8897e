// One object of a file of lists, field by field: what is well-formed, typed, and told once. What is amiss is a finding
// at the piece's place, and the object is left out.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/json_pieces.h"

namespace graft::detection {

using Value = simdjson::dom::element;

// "a text", "a number", "null": for messages.
std::string_view kind_of(const Value& value);
// A whole number, or a float that is one.
std::optional<std::int64_t> whole_number(const Value& value);
std::optional<double> number(const Value& value);

class JsonFields {
 public:
  // What a field's handler says: the field was read, is not known here (carried), or is wrong ("expected ...").
  struct Answer {
    enum class Kind { read, unknown, wrong } kind = Kind::read;
    std::string expected;
  };
  static Answer read() { return {}; }
  static Answer unknown() { return {Answer::Kind::unknown, {}}; }
  static Answer wrong(std::string expected) { return {Answer::Kind::wrong, std::move(expected)}; }
  static Answer expect(bool fits, std::string_view expected) { return fits ? read() : wrong(std::string(expected)); }

  // Calls `field` with key, value and the value's place among the members. False, with a finding, where the piece is no
  // object, is not well-formed, has a key twice or has a field that is wrong. Null counts as absent.
  bool each(const JsonPieces& pieces, Findings& findings,
            const std::function<Answer(std::string_view key, const Value& value, std::size_t place)>& field);
  // Of the object that each() saw last: a member's value as it stands there, and all that were not known, with keys and
  // commas.
  std::string_view raw(std::size_t place);
  const std::string& rest() const { return rest_; }
  const std::vector<std::string>& unknown_keys() const { return unknown_keys_; }

 private:
  simdjson::dom::parser parser_;
  std::string_view text_;
  std::vector<std::pair<std::string_view, std::string_view>> members_;
  bool split_ = false;
  std::vector<std::string_view> seen_;
  std::vector<std::size_t> unknown_;
  std::vector<std::string> unknown_keys_;
  std::string rest_;
};

}  // namespace graft::detection
