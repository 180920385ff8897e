// How an answer is cut out of what a model wrote: lm-evaluation-harness's filters, each a function of all responses to
// one item.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/prompting/pattern.h"

namespace graft::prompting {

inline constexpr const char* kInvalid = "[invalid]";  // what stands where nothing was found

struct Filter {
  enum class Kind { regex, take_first, take_first_k, majority_vote, remove_whitespace, lowercase, uppercase, map };
  Kind kind = Kind::take_first;
  std::optional<Pattern> pattern = {};              // of regex
  int64_t group_select = 0;                         // of regex: which match, from the end where it is negative
  std::string fallback = kInvalid;                  // of regex
  int64_t k = 1;                                    // of take_first_k
  std::map<std::string, std::string> mapping = {};  // of map
  std::optional<std::string> default_value = {};    // of map

  bool selects() const { return kind == Kind::take_first || kind == Kind::take_first_k || kind == Kind::majority_vote; }
};

struct FilterPipeline {
  std::string name = "none";
  std::vector<Filter> steps = {{}};

  // From the responses to one item its one answer; kInvalid where an expression found nothing.
  struct Answer {
    std::string text;
    int64_t invalid = 0;  // responses from which nothing could be cut
  };
  Answer answer(std::vector<std::string> responses) const;
  // The same pipeline with a vote over all responses in place of what it selects (self-consistency, Wang et al. 2022,
  // arXiv:2203.11171).
  FilterPipeline with_vote() const;
};

// The most frequent response, of equally frequent ones the first that was seen. Unlike lm-evaluation-harness's,
// kInvalid has no vote, unless there is nothing else.
std::string majority(const std::vector<std::string>& responses);

}  // namespace graft::prompting
