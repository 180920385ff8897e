#include "graft/detection/photo_identity.h"

#include <algorithm>
#include <bit>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/data/resize.h"
#include "graft/detection/json_fields.h"
#include "graft/io/mapped_file.h"

namespace graft::detection {

std::optional<std::uint64_t> difference_hash(const io::Image& photo) {
  constexpr int kWide = 9, kHigh = 8;
  const auto small = data::resize(photo, data::Size{kHigh, kWide}, data::Filter::box);
  const auto grey = [&](int y, int x) {  // ITU-R 601-2, as Pillow's "L"
    const auto* pixel = small.rgb.data() + 3 * (y * kWide + x);
    return 19595 * pixel[0] + 38470 * pixel[1] + 7471 * pixel[2];
  };
  std::uint64_t hash = 0;
  int darkest = grey(0, 0), lightest = darkest;
  for (int y = 0; y < kHigh; ++y) {
    for (int x = 0; x < kWide; ++x) {
      darkest = std::min(darkest, grey(y, x));
      lightest = std::max(lightest, grey(y, x));
      if (x + 1 < kWide) hash = hash << 1 | (grey(y, x) > grey(y, x + 1) ? 1u : 0u);
    }
  }
  constexpr int kOneGrey = 8 << 16;  // of 256 << 16
  if (lightest - darkest < kOneGrey) return std::nullopt;
  return hash;
}

namespace {

// Of an object, and of what it says of the sets that it came from.
void add_urls(std::string_view object, std::vector<std::string>& urls) {
  for (const auto& [key, value] : members_of(object)) {
    if (key == "\"coco_url\"" || key == "\"flickr_url\"" || key == "\"url\"") {
      if (value.size() > 4 && value.front() == '"') urls.emplace_back(value.substr(1, value.size() - 2));
    } else if (key == "\"rest\"") {
      add_urls(value, urls);
    } else if (key == "\"sources\"" && value.starts_with('[')) {
      JsonPieces entries(std::string(value), "sources");
      while (entries.next())
        if (entries.text().starts_with('{')) add_urls(entries.text(), urls);
    }
  }
}

}  // namespace

std::vector<std::string> published_at(const Set& set, const Image& image) {
  std::vector<std::string> urls;
  const std::string rest = set.carried->at(image.rest);
  if (rest.find("url\"") != std::string::npos) add_urls("{" + rest + "}", urls);
  return urls;
}

PhotoMarks marks_of(const Set& set, const Image& image, const std::filesystem::path& folder, Findings& findings) {
  PhotoMarks marks;
  marks.urls = published_at(set, image);
  const auto file = folder / image.file;
  std::error_code error;
  if (folder.empty() || image.file.empty() || !std::filesystem::is_regular_file(file, error)) return marks;
  const auto bytes = io::MappedFile::open(file);
  marks.content = Hash().add(bytes->bytes()).hex();
  try {
    marks.looks = difference_hash(io::decode_image(bytes->bytes(), file.string()));
  } catch (const DataError& bad) {
    findings.add("photo-unreadable", Severity::suspicion, "{} It is told from others by its bytes alone.", bad.what());
  }
  return marks;
}

MarkedSet marked(const Set& set, const std::filesystem::path& folder, Findings& findings) {
  MarkedSet result{set, folder, {}};
  for (const Image& image : set.images)
    result.marks.push_back(marks_of(set, image, folder, findings));
  return result;
}

void PhotoIdentities::add(const PhotoMarks& marks, std::size_t place) {
  if (!marks.content.empty()) by_content_.try_emplace(marks.content, place);
  for (const auto& url : marks.urls)
    by_url_.try_emplace(url, place);
  if (!marks.looks) return;
  for (std::uint32_t band = 0; band < 4; ++band)
    by_band_.emplace(band << 16 | static_cast<std::uint32_t>(*marks.looks >> (16 * band) & 0xffff), looks_.size());
  looks_.emplace_back(*marks.looks, place);
}

std::optional<SamePhoto> PhotoIdentities::find(const PhotoMarks& marks) const {
  if (const auto found = by_content_.find(marks.content); !marks.content.empty() && found != by_content_.end())
    return SamePhoto{SamePhoto::By::content, found->second};
  for (const auto& url : marks.urls) {
    if (const auto found = by_url_.find(url); found != by_url_.end())
      return SamePhoto{SamePhoto::By::url, found->second};
  }
  if (!marks.looks) return std::nullopt;
  std::optional<std::size_t> nearest;
  for (std::uint32_t band = 0; band < 4; ++band) {
    const auto key = band << 16 | static_cast<std::uint32_t>(*marks.looks >> (16 * band) & 0xffff);
    const auto [begin, end] = by_band_.equal_range(key);
    for (auto at = begin; at != end; ++at) {
      if (std::popcount(looks_[at->second].first ^ *marks.looks) <= kNearBits)
        nearest = std::min(nearest.value_or(at->second), at->second);
    }
  }
  if (!nearest) return std::nullopt;
  return SamePhoto{SamePhoto::By::looks, looks_[*nearest].second};
}

}  // namespace graft::detection
