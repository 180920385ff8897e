#include "graft/detection/json_fields.h"

#include <algorithm>
#include <cmath>

#include "graft/core/printable.h"

namespace graft::detection {

std::string_view kind_of(const Value& value) {
  using simdjson::dom::element_type;
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return "a number";
    case element_type::STRING:
      return "a text";
    case element_type::BOOL:
      return "true or false";
    case element_type::NULL_VALUE:
      return "null";
  }
  return "something else";
}

std::optional<std::int64_t> whole_number(const Value& value) {
  std::int64_t whole = 0;
  if (value.get(whole) == simdjson::SUCCESS) return whole;
  double real = 0;
  if (value.get(real) == simdjson::SUCCESS && std::floor(real) == real && std::abs(real) < 9.0e15)
    return static_cast<std::int64_t>(real);
  return std::nullopt;
}

std::optional<double> number(const Value& value) {
  double real = 0;
  if (value.get(real) != simdjson::SUCCESS) return std::nullopt;
  return real;
}

bool JsonFields::each(const JsonPieces& pieces, Findings& findings,
                      const std::function<Answer(std::string_view, const Value&, std::size_t)>& field) {
  text_ = pieces.text();
  split_ = false;
  seen_.clear();
  unknown_.clear();
  unknown_keys_.clear();
  rest_.clear();
  const auto leave_out = [&](std::string_view kind, std::string_view what) {
    findings.add(kind, Severity::left_out, "{} (byte {}): {}", pieces.place(), pieces.offset(), what);
    return false;
  };
  simdjson::dom::element root;
  if (const auto error = parser_.parse(text_.data(), text_.size(), false).get(root)) {
    const bool words = text_.find("NaN") != std::string_view::npos || text_.find("Infinity") != std::string_view::npos;
    return leave_out(words ? "not-finite" : "not-json",
                     words ? "NaN or Infinity, which JSON does not have" : simdjson::error_message(error));
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS)
    return leave_out("not-an-object", fmt::format("expected an object, got {}", kind_of(root)));
  std::size_t place = 0;
  for (const auto member : object) {
    if (std::ranges::find(seen_, member.key) != seen_.end())
      return leave_out("duplicate-key", fmt::format("'{}' is there twice", printable(member.key)));
    seen_.push_back(member.key);
    const Answer answer = member.value.is_null() ? read() : field(member.key, member.value, place);
    if (answer.kind == Answer::Kind::wrong) {
      const auto got = raw(place);
      return leave_out(fmt::format("{}-form", member.key),
                       fmt::format("'{}' is {}, expected {}", member.key,
                                   printable(got.substr(0, std::min<std::size_t>(got.size(), 60))), answer.expected));
    }
    if (answer.kind == Answer::Kind::unknown) {
      unknown_.push_back(place);
      unknown_keys_.emplace_back(member.key);
    }
    ++place;
  }
  for (const std::size_t at : unknown_) {
    raw(at);
    if (!rest_.empty()) rest_ += ',';
    rest_.append(members_[at].first);
    rest_ += ':';
    rest_.append(members_[at].second);
  }
  return true;
}

std::string_view JsonFields::raw(std::size_t place) {
  if (!split_) {
    members_ = members_of(text_);
    split_ = true;
  }
  return members_.at(place).second;
}

}  // namespace graft::detection
