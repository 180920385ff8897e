#include "graft/prompting/generated_text.h"

#include <algorithm>

#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

// The length of the longest end of `text` that is a beginning of `stop`, but not all of it.
size_t begun(std::string_view text, std::string_view stop) {
  for (size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
    if (text.ends_with(stop.substr(0, length))) return length;
  }
  return 0;
}

// The length of an unfinished character at the end: at most three bytes that more bytes could complete.
size_t unfinished(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

GeneratedText::GeneratedText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase(stops_, "");
}

std::string GeneratedText::show(size_t bytes) {
  std::string now = text::encode_utf8(text::decode_utf8(std::string_view(held_).substr(0, bytes)));
  held_.erase(0, bytes);
  shown_ += now;
  return now;
}

std::string GeneratedText::add(std::string_view bytes) {
  if (stopped_ || finished_) return "";
  held_ += bytes;
  size_t stop = std::string::npos;
  for (const auto& one : stops_)
    stop = std::min(stop, held_.find(one));
  if (stop != std::string::npos) {
    stopped_ = true;
    held_.resize(stop);
    return show(held_.size());
  }
  size_t back = unfinished(held_);
  for (const auto& one : stops_)
    back = std::max(back, begun(held_, one));
  return show(held_.size() - back);
}

std::string GeneratedText::finish() {
  finished_ = true;
  return show(held_.size());
}

}  // namespace graft::prompting
