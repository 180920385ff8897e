#include "graft/prompting/token_windows.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/text/given_text.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::prompting {

namespace {

Window given_prefix(std::vector<int32_t> tokens, int32_t prefix) {
  const bool begins = !tokens.empty() && tokens.front() == prefix;
  if (tokens.size() == (begins ? 1 : 0))
    throw DataError("score", "the continuation has no token: there is nothing to score.");
  if (begins) tokens.erase(tokens.begin());
  return {{prefix}, std::move(tokens)};
}

}  // namespace

Window split_pair(const Encode& encode, std::string_view context, std::string_view continuation, int32_t prefix) {
  const auto characters = text::decode_utf8(context);
  size_t end = characters.size();
  while (end > 0 && text::is_space(characters[end - 1]))
    --end;
  auto whole = encode(std::string(context) + std::string(continuation));
  if (end == 0) return given_prefix(std::move(whole), prefix);
  auto before = encode(text::encode_utf8(std::u32string_view(characters).substr(0, end)));
  if (whole.size() <= before.size())
    throw DataError("score", "behind {} the continuation {} makes no token of its own: there is nothing to score.",
                    text::quoted_start(context), text::quoted_start(continuation));
  const auto border = whole.begin() + static_cast<std::ptrdiff_t>(before.size());
  return {std::move(before), {border, whole.end()}};
}

Window cut_left(Window window, int64_t longest) {
  const auto scored = static_cast<int64_t>(window.scored.size());
  if (scored > longest)
    throw DataError("score", "a continuation of {} tokens is longer than the model reads ({}).", scored, longest);
  const int64_t room = longest + 1 - scored;
  const auto before = static_cast<int64_t>(window.context.size());
  if (before > room) window.context.erase(window.context.begin(), window.context.begin() + (before - room));
  return window;
}

std::vector<Window> rolling_windows(std::span<const int32_t> tokens, int32_t prefix, int64_t longest) {
  GRAFT_ASSERT(longest >= 1);
  std::vector<Window> windows;
  const auto count = static_cast<int64_t>(tokens.size());
  const auto part = [&](int64_t from, int64_t to) {
    return std::vector<int32_t>(tokens.begin() + from, tokens.begin() + to);
  };
  for (int64_t from = 0; from < count; from += longest) {
    const int64_t to = std::min(count, from + longest);
    if (from == 0) {
      windows.push_back({{prefix}, part(0, to)});
    } else {
      // A window's input is the `longest` tokens before the last that is scored.
      windows.push_back({part(std::max<int64_t>(0, to - 1 - longest), from), part(from, to)});
    }
  }
  return windows;
}

}  // namespace graft::prompting
