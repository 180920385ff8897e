#include "graft/data/photo_findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace graft::data {
namespace {

namespace fs = std::filesystem;

// The photos that one finding is about, and the first by name.
struct Found {
  size_t count = 0;
  std::vector<std::string> first;

  void add(std::string text) {
    constexpr size_t kShown = 3;
    if (++count <= kShown) first.push_back(std::move(text));
  }
  std::string names() const { return fmt::format("{}{}", fmt::join(first, "; "), count > first.size() ? "; ..." : ""); }
};

}  // namespace

void report_findings(const std::vector<fs::path>& photos, const ImageCache& images, Reporter& report) {
  Found damaged, whitened;
  size_t read = 0, tagged = 0;
  for (const auto& path : photos) {
    const auto* seen = images.seen(path);
    if (seen == nullptr) continue;
    ++read;
    tagged += seen->findings.orientation != 1;
    if (!seen->findings.damage.empty())
      damaged.add(fmt::format("{}: {}", path.filename().string(), seen->findings.damage));
    if (seen->findings.whitened) whitened.add(path.filename().string());
  }
  if (damaged.count > 0) {
    report.note({fmt::format("{} {} damaged, and read as Pillow reads {} ({})", damaged.count,
                             damaged.count == 1 ? "photo is" : "photos are", damaged.count == 1 ? "it" : "them",
                             damaged.names())});
  }
  if (whitened.count > 0) {
    report.note({fmt::format("{} {} grey of 16 bits: all above 255 becomes white, as in Pillow ({})", whitened.count,
                             whitened.count == 1 ? "photo has" : "photos have", whitened.names())});
  }
  if (tagged > 0) {
    const bool turns = images.exif() == Exif::turn;
    report.note({fmt::format("{} of {} photos {} an orientation tag{}", tagged, read, tagged == 1 ? "has" : "have",
                             turns ? ": turned upright" : " that is not applied: --exif turn turns them upright")});
  }
}

void report_workers(int64_t started, int64_t asked, Reporter& report) {
  if (started >= asked) return;
  report.note({.text = fmt::format("--workers {}: the system grants {} threads, and photos are read with those", asked,
                                   started),
               .numbers = false});
}

}  // namespace graft::data
