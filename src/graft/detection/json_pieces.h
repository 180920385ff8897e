// A JSON file of lists, piece by piece, so that gigabytes need the memory of one piece: {"images": [{...}, {...}],
// "info": {...}} gives images[0], images[1], info; [{...}, {...}] gives [0], [1]. Gzip is read as it lies. Only the
// frame is understood here; what a piece says is for simdjson to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft::detection {

class JsonPieces {
 public:
  static constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t kLargest = std::size_t{256} << 20;  // bytes of one piece
  static constexpr std::size_t kPadding = 64;                      // readable bytes behind a piece, as simdjson wants

  // FileError where it cannot be opened, or begins like neither an object nor a list.
  explicit JsonPieces(const std::filesystem::path& path);
  // The same of a text in memory, which messages call `name`.
  JsonPieces(std::string text, const std::string& name);
  ~JsonPieces();
  JsonPieces(const JsonPieces&) = delete;
  JsonPieces& operator=(const JsonPieces&) = delete;

  // False at the end. FileError where the frame is broken, ends too soon, has a key twice, goes on behind its end, or a
  // piece is larger than kLargest: with the place, and what was read stands.
  bool next();
  const std::string& key() const { return key_; }                 // "annotations"; empty for a file that is a list
  std::size_t index() const { return index_; }                    // in its list; kWhole for a value that is no list
  std::string_view text() const;                                  // valid until next()
  std::uint64_t offset() const;                                   // of the piece in the (unpacked) file
  std::string place() const;                                      // "annotations[12]", "info"
  const std::vector<std::string>& keys() const { return keys_; }  // so far, those of empty lists too

 private:
  struct Input;
  void begin();
  int peek();  // the next byte behind white space; -1 at the end
  bool fill();
  void take_value();
  std::string take_key();
  [[noreturn]] void fail(std::string_view what) const;

  std::filesystem::path path_;
  std::unique_ptr<Input> input_;
  std::string buffer_;  // [kept | at_ ... end_ | padding]
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t base_ = 0;  // of buffer_[0] in the file
  std::size_t piece_ = 0, piece_end_ = 0;
  bool in_object_ = false, in_list_ = false, first_ = true, done_ = false;
  std::string key_;
  std::size_t index_ = kWhole;
  std::vector<std::string> keys_;
};

// The members of an object as they stand in its text, in order: key with its quotes, value. Of well-formed JSON.
std::vector<std::pair<std::string_view, std::string_view>> members_of(std::string_view object);

}  // namespace graft::detection
