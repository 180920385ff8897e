#include "graft/prompting/filters.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/text/text_file.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

// As str.strip(): white space alone, none of what is invisible.
std::string stripped(const std::string& written) {
  const auto characters = text::decode_utf8(written);
  size_t begin = 0, end = characters.size();
  while (begin < end && text::is_space(characters[begin]))
    ++begin;
  while (end > begin && text::is_space(characters[end - 1]))
    --end;
  return text::encode_utf8(std::u32string_view(characters).substr(begin, end - begin));
}

std::string found(const Filter& filter, const std::string& response) {
  const auto matches = filter.pattern->find_all(response);
  const auto count = static_cast<int64_t>(matches.size());
  const int64_t place = filter.group_select < 0 ? count + filter.group_select : filter.group_select;
  if (place < 0 || place >= count) return filter.fallback;
  const auto& groups = matches[static_cast<size_t>(place)];
  if (groups.size() == 1) return stripped(groups.front());
  const auto group = std::ranges::find_if(groups, [](const std::string& one) { return !one.empty(); });
  return group == groups.end() ? filter.fallback : stripped(*group);
}

std::string mapped(const Filter& filter, const std::string& response) {
  switch (filter.kind) {
    case Filter::Kind::regex:
      return found(filter, response);
    case Filter::Kind::remove_whitespace:
      return stripped(response);
    case Filter::Kind::lowercase:
      return text::encode_utf8(text::lower_case(text::decode_utf8(response)));
    case Filter::Kind::uppercase:
      return text::encode_utf8(text::upper_case(text::decode_utf8(response)));
    case Filter::Kind::map: {
      const auto place = filter.mapping.find(response);
      return place == filter.mapping.end() ? filter.default_value.value_or(kInvalid) : place->second;
    }
    default:
      return response;
  }
}

}  // namespace

std::string majority(const std::vector<std::string>& responses) {
  std::string best = kInvalid;
  int64_t most = 0;
  for (const auto& one : responses) {
    const auto votes = one == kInvalid ? 0 : std::ranges::count(responses, one);
    if (votes > most) {
      most = votes;
      best = one;
    }
  }
  return best;
}

FilterPipeline::Answer FilterPipeline::answer(std::vector<std::string> responses) const {
  Answer answer;
  for (const auto& step : steps) {
    switch (step.kind) {
      case Filter::Kind::take_first:
        responses.resize(std::min<size_t>(responses.size(), 1));
        break;
      case Filter::Kind::take_first_k:
        if (responses.size() < static_cast<size_t>(step.k))
          throw ConfigError("prompt", "the filter {} takes {} responses to an item, there are {}: raise repeats.", name,
                            step.k, responses.size());
        responses.resize(static_cast<size_t>(step.k));
        break;
      case Filter::Kind::majority_vote:
        answer.invalid = std::ranges::count(responses, kInvalid);
        responses = {majority(responses)};
        break;
      default:
        for (auto& one : responses)
          one = mapped(step, one);
    }
  }
  if (responses.empty()) return {kInvalid, 1};
  const bool voted =
      std::ranges::any_of(steps, [](const Filter& one) { return one.kind == Filter::Kind::majority_vote; });
  if (!voted) answer.invalid = responses.front() == kInvalid ? 1 : 0;
  answer.text = std::move(responses.front());
  return answer;
}

FilterPipeline FilterPipeline::with_vote() const {
  FilterPipeline voting{name, {}};
  for (const auto& step : steps) {
    if (!step.selects()) voting.steps.push_back(step);
  }
  voting.steps.push_back({.kind = Filter::Kind::majority_vote});
  return voting;
}

}  // namespace graft::prompting
