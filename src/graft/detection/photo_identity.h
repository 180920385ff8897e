// Whether two images of sets are one photo: by content, by where it was published, or by what it looks like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graft/detection/set.h"
#include "graft/io/image.h"

namespace graft::detection {

// A difference hash of 64 bits: the photo in grey at 9 x 8, each pixel against its right neighbour. Photos that differ
// in size, compression or a little light differ in few bits. Nothing for a photo of one grey, which is like all such.
std::optional<std::uint64_t> difference_hash(const io::Image& photo);
constexpr int kNearBits = 3;  // photos are near up to so many bits

// What an image's other keys say of where it was published: coco_url, flickr_url, url; empty where nothing.
std::vector<std::string> published_at(const Set& set, const Image& image);

struct SamePhoto {
  enum class By { content, url, looks } by = By::content;
  std::size_t place = 0;  // as add() was told
};

class PhotoIdentities {
 public:
  // What is known of one photo. `file` empty, or not there: its URLs alone.
  struct Marks {
    std::string content;  // hash of its bytes
    std::optional<std::uint64_t> looks;
    std::vector<std::string> urls;
  };
  static Marks marks_of(const std::filesystem::path& file, std::vector<std::string> urls);

  void add(const Marks& marks, std::size_t place);
  // The surest that there is; by looks the first that is near.
  std::optional<SamePhoto> find(const Marks& marks) const;

 private:
  std::unordered_map<std::string, std::size_t> by_content_, by_url_;
  std::unordered_multimap<std::uint32_t, std::size_t> by_band_;  // of 16 bits: near hashes share one of four
  std::vector<std::pair<std::uint64_t, std::size_t>> looks_;
};

}  // namespace graft::detection
