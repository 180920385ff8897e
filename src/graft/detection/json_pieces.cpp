#include "graft/detection/json_pieces.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "graft/core/error.h"

namespace graft::detection {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20, kFirst = std::size_t{1} << 16;  // small files need no more

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Where the string that begins at `from` (behind its first quote) ends, behind its last quote; npos: not in `text`.
std::size_t end_of_string(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    const auto* quote = static_cast<const char*>(std::memchr(text.data() + from, '"', text.size() - from));
    if (quote == nullptr) return std::string_view::npos;
    const std::size_t at = static_cast<std::size_t>(quote - text.data());
    std::size_t slashes = 0;
    while (at - slashes > from && text[at - slashes - 1] == '\\')
      ++slashes;
    if (slashes % 2 == 0) return at + 1;
    from = at + 1;  // no slash before it belongs to a pair that began earlier
  }
  return std::string_view::npos;
}

}  // namespace

struct JsonPieces::Input {
  gzFile file = nullptr;
  ~Input() {
    if (file != nullptr) gzclose(file);
  }
};

JsonPieces::JsonPieces(const std::filesystem::path& path) : path_(path), input_(std::make_unique<Input>()) {
  if (std::error_code error; std::filesystem::is_directory(path, error))
    throw FileError("json", "{}: is a folder, expected a file.", path.string());
  input_->file = gzopen(path.c_str(), "rb");
  if (input_->file == nullptr) throw FileError("json", "{}: cannot be opened. Is the path right?", path.string());
  gzbuffer(input_->file, 1 << 17);
  fill();
  begin();
}

JsonPieces::JsonPieces(std::string text, const std::string& name)
    : path_(name), input_(std::make_unique<Input>()), buffer_(std::move(text)), end_(buffer_.size()) {
  buffer_.resize(end_ + kPadding);
  begin();
}

void JsonPieces::begin() {
  if (std::string_view(buffer_).substr(0, end_).starts_with("\xEF\xBB\xBF")) at_ = 3;
  const int begin = peek();
  if (begin == -1) throw FileError("json", "{}: is empty.", path_.string());
  if (begin != '{' && begin != '[')
    throw FileError("json", "{}: is no JSON: expected an object or a list, and it begins with byte 0x{:02x}.",
                    path_.string(), begin);
  in_object_ = begin == '{';
  in_list_ = !in_object_;
  index_ = in_list_ ? 0 : kWhole;
  ++at_;
}

JsonPieces::~JsonPieces() = default;

void JsonPieces::fail(std::string_view what) const {
  throw FileError("json", "{}: byte {}, {}: {}", path_.string(), base_ + at_, place(), what);
}

std::string JsonPieces::place() const {
  if (key_.empty() && index_ == kWhole) return "at its outer level";
  return index_ == kWhole ? key_ : fmt::format("{}[{}]", key_, index_);
}

std::string_view JsonPieces::text() const {
  return std::string_view(buffer_).substr(piece_, piece_end_ - piece_);
}

std::uint64_t JsonPieces::offset() const {
  return base_ + piece_;
}

// Adds to the buffer's end; what lies before at_ may be dropped by next() alone.
bool JsonPieces::fill() {
  if (input_->file == nullptr) return false;
  if (end_ > kLargest + kChunk)
    fail(fmt::format("a value of more than {} MiB. Is a quote or a bracket missing?", kLargest >> 20));
  const std::size_t chunk = buffer_.empty() ? kFirst : kChunk;
  if (buffer_.size() < end_ + chunk + kPadding) buffer_.resize(std::max(2 * end_, end_ + chunk) + kPadding);
  const int got = gzread(input_->file, buffer_.data() + end_, static_cast<unsigned>(chunk));
  if (got < 0) {
    int code = 0;
    fail(fmt::format("cannot be read on ({}).", gzerror(input_->file, &code)));
  }
  end_ += static_cast<std::size_t>(got);
  return got > 0;
}

int JsonPieces::peek() {
  while (true) {
    while (at_ < end_ && is_space(buffer_[at_]))
      ++at_;
    if (at_ < end_) return static_cast<unsigned char>(buffer_[at_]);
    if (!fill()) return -1;
  }
}

std::string JsonPieces::take_key() {
  if (peek() != '"') fail(peek() == -1 ? "ends too soon. Is the file truncated?" : "expected a key in quotes.");
  std::size_t end = 0;
  while ((end = end_of_string(std::string_view(buffer_).substr(0, end_), at_ + 1)) == std::string_view::npos)
    if (!fill()) fail("ends inside a key. Is the file truncated?");
  std::string key = buffer_.substr(at_ + 1, end - at_ - 2);
  at_ = end;
  if (peek() != ':') fail("expected a colon behind a key.");
  ++at_;
  return key;
}

void JsonPieces::take_value() {
  const int begin = peek();
  if (begin == -1) fail("ends too soon. Is the file truncated?");
  piece_ = at_;
  std::size_t depth = 0, at = at_;
  while (true) {
    if (at >= end_ && !fill()) {
      if (depth == 0 && at > piece_) break;  // a number or a word at the very end: the frame says what is missing
      at_ = at;
      fail("ends too soon. Is the file truncated?");
    }
    const char c = buffer_[at];
    if (c == '"') {
      std::size_t end = 0;
      while ((end = end_of_string(std::string_view(buffer_).substr(0, end_), at + 1)) == std::string_view::npos) {
        if (!fill()) {
          at_ = end_;
          fail("ends inside a text. Is the file truncated?");
        }
      }
      at = end;
      if (depth == 0) break;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) break;  // behind a number
      if (--depth == 0) {
        ++at;
        break;
      }
    } else if (depth == 0 && (c == ',' || is_space(c))) {
      break;
    }
    ++at;
  }
  if (at == piece_) fail("expected a value.");
  piece_end_ = at_ = at;
}

bool JsonPieces::next() {
  if (done_) return false;
  if (at_ > kChunk) {  // what was read may go
    buffer_.erase(0, at_);
    base_ += at_;
    end_ -= at_;
    at_ = 0;
  }
  while (true) {
    const int c = peek();
    if (c == -1) fail("ends too soon. Is the file truncated?");
    const char close = in_list_ ? ']' : '}';
    if (c == close) {
      ++at_;
      if (in_list_ && in_object_) {  // back to the object
        in_list_ = first_ = false;
        index_ = kWhole;
        key_.clear();
        continue;
      }
      key_.clear();
      index_ = kWhole;
      done_ = true;
      if (peek() != -1) fail("goes on behind its end.");
      return false;
    }
    if (!first_) {
      if (c != ',') fail(fmt::format("expected a comma or {}.", close));
      ++at_;
      if (in_list_) ++index_;
    }
    first_ = false;
    if (!in_list_) {
      key_ = take_key();
      if (std::ranges::find(keys_, key_) != keys_.end()) fail("the key is there twice.");
      keys_.push_back(key_);
      if (peek() == '[') {
        ++at_;
        in_list_ = first_ = true;
        index_ = 0;
        continue;
      }
    }
    take_value();
    return true;
  }
}

std::vector<std::pair<std::string_view, std::string_view>> members_of(std::string_view object) {
  std::vector<std::pair<std::string_view, std::string_view>> members;
  std::size_t at = 1;  // behind the brace
  const auto skip = [&] {
    while (at < object.size() && (is_space(object[at]) || object[at] == ',' || object[at] == ':'))
      ++at;
  };
  for (skip(); at < object.size() && object[at] == '"'; skip()) {
    const std::size_t key = at;
    at = end_of_string(object, at + 1);
    const auto name = object.substr(key, at - key);
    skip();
    const std::size_t value = at;
    for (std::size_t depth = 0; at < object.size();) {
      const char c = object[at];
      if (c == '"') {
        at = end_of_string(object, at + 1);
        if (depth == 0) break;
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || is_space(c))) break;
      ++at;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) break;
    }
    members.emplace_back(name, object.substr(value, at - value));
  }
  return members;
}

}  // namespace graft::detection
