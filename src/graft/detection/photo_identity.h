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

#include "graft/detection/findings.h"
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

// What is known of one photo.
struct PhotoMarks {
  std::string content;  // hash of its bytes; empty: there is no file
  std::optional<std::uint64_t> looks;
  std::vector<std::string> urls;
};
// `folder` empty, or without the image's file: its URLs alone. A file is read and decoded; one that is no whole picture
// is told by its bytes alone, and found.
PhotoMarks marks_of(const Set& set, const Image& image, const std::filesystem::path& folder, Findings& findings);
// Of each image, for whoever asks more than once.
struct MarkedSet {
  const Set& set;
  std::filesystem::path folder;
  std::vector<PhotoMarks> marks;
};
MarkedSet marked(const Set& set, const std::filesystem::path& folder, Findings& findings);

class PhotoIdentities {
 public:
  void add(const PhotoMarks& marks, std::size_t place);
  // The surest that there is; by looks the first that is near.
  std::optional<SamePhoto> find(const PhotoMarks& marks) const;

 private:
  std::unordered_map<std::string, std::size_t> by_content_, by_url_;
  std::unordered_multimap<std::uint32_t, std::size_t> by_band_;  // of 16 bits: near hashes share one of four
  std::vector<std::pair<std::uint64_t, std::size_t>> looks_;
};

}  // namespace graft::detection
