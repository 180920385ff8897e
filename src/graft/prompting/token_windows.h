// Which tokens are scored given which: the cuts of lm-evaluation-harness 0.4 (lm_eval/api/model.py, utils.py), so that
// its numbers are met.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace graft::prompting {

struct Window {
  std::vector<int32_t> context, scored;
};

using Encode = std::function<std::vector<int32_t>(std::string_view)>;

// A continuation behind its context. White space that the context ends with goes over to the continuation, both are
// encoded as one text, and what is scored begins behind as many tokens as the context alone has: where tokens join over
// the border, that is not where the text was cut. Of an empty context `prefix` takes the place, unless the continuation
// begins with it. DataError where nothing is left to score.
Window split_pair(const Encode& encode, std::string_view context, std::string_view continuation, int32_t prefix);

// The last tokens that a model of `longest` positions can read: the continuation's last one is only scored. DataError
// where the continuation alone is longer.
Window cut_left(Window window, int64_t longest);

// A whole text in windows that a model of `longest` positions reads, each token scored once: the first given `prefix`,
// the others given as much before them as goes in.
std::vector<Window> rolling_windows(std::span<const int32_t> tokens, int32_t prefix, int64_t longest);

}  // namespace graft::prompting
