// Texts that are carried along and seldom looked at, such as the masks of a million objects: beyond a bound they lie in
// a file without a name, so that a set's memory is that of its boxes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace graft::detection {

using Text = std::uint64_t;  // a place among carried texts
constexpr Text kNoText = 0;

class CarriedText {
 public:
  static constexpr std::size_t kInMemory = std::size_t{16} << 20;  // bytes, by default
  explicit CarriedText(std::size_t in_memory = kInMemory) : in_memory_(in_memory) {}
  ~CarriedText();
  CarriedText(const CarriedText&) = delete;
  CarriedText& operator=(const CarriedText&) = delete;

  // kNoText for an empty text. FileError where the temporary folder is full.
  Text add(std::string_view text);
  // Empty for kNoText. Several threads may read at once, while none adds.
  std::string at(Text place) const;

  // For whoever reads all texts about in the order in which they came: one fetches the next ones with it. Nothing may
  // be added while it reads.
  class InOrder {
   public:
    explicit InOrder(const CarriedText& carried) : carried_(carried) {}
    std::string_view at(Text place);  // until the next

   private:
    const CarriedText& carried_;
    std::string window_;      // of the file
    std::uint64_t from_ = 0;  // where it begins
  };

 private:
  using Length = std::uint32_t;  // stands before each text
  void spill();
  void read(std::uint64_t from, char* to, std::size_t count) const;
  // Up to `count` bytes, as many as there are in the file or behind it.
  std::size_t read_some(std::uint64_t from, char* to, std::size_t count) const;

  std::size_t in_memory_;
  std::string recent_;         // what is not in the file yet
  std::uint64_t written_ = 1;  // bytes before it; the first is nobody's
  int file_ = -1;
};

}  // namespace graft::detection
