#include "graft/data/file_walk.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <string_view>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/video/clip.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPhotoEndings[] = {".jpg", ".jpeg", ".jpe",  ".jfif", ".jif", ".pjpeg",
                                              ".pjp", ".png",  ".webp", ".bmp",  ".dib"};
constexpr std::string_view kOtherImages[] = {".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k",
                                             ".svg", ".psd", ".ppm",  ".pgm",  ".pbm",  ".pnm",  ".tga", ".ico", ".dng",
                                             ".cr2", ".cr3", ".nef",  ".arw",  ".orf",  ".rw2",  ".raf", ".exr"};
// In lower case. macOS, Synology, QNAP, Windows, NetApp, ext4 and Linux's file managers.
constexpr std::string_view kShadows[] = {
    "__macosx",   "@eadir",       "#recycle",  "$recycle.bin",       "recycler",    "system volume information",
    "lost+found", "@recycle",     "@__thumb",  "@recently-snapshot", "@tmp",        "#snapshot",
    "~snapshot",  ".appledouble", "thumbs.db", "ehthumbs.db",        "desktop.ini", "@syno",
    "icon\r"};

std::string lower_ascii(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string ending_of(const fs::path& file) {
  return lower_ascii(file.extension().string());
}

template <class List>
bool holds(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != std::end(list);
}

bool is_shadow(const std::string& name) {
  return name.starts_with("._") || holds(kShadows, lower_ascii(name));
}

// The first bytes of what graft decodes.
bool begins_as_photo(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 12> head{};
  stream.read(head.data(), head.size());
  const std::string_view text(head.data(), static_cast<std::size_t>(stream.gcount()));
  return text.starts_with("\xff\xd8\xff") || text.starts_with("\x89PNG\r\n\x1a\n") ||
         (text.starts_with("RIFF") && text.substr(8) == "WEBP");
}

struct Identity {
  dev_t device;
  ino_t inode;
  bool operator==(const Identity&) const = default;
};

class Walker {
 public:
  Walker(fs::path root, Reads reads) : root_(std::move(root)) { walk_.reads = reads; }

  Walk walk() {
    struct stat status {};
    if (::stat(root_.c_str(), &status) == 0) above_.push_back({status.st_dev, status.st_ino});
    std::error_code error;
    const auto names = list(root_, error);
    if (error) throw FileError("data", "{} cannot be listed: {}.", root_.string(), error.message());
    enter("", names, Aside::none);
    return std::move(walk_);
  }

 private:
  // Below a folder that is left, all is left for its reason, and counted.
  enum class Aside { none, hidden, shadow };

  // In the order of the names' bytes.
  std::vector<std::string> list(const fs::path& folder, std::error_code& error) const {
    std::vector<std::string> names;
    fs::directory_iterator entry(folder, error);
    while (!error && entry != fs::directory_iterator()) {
      names.push_back(entry->path().filename().string());
      entry.increment(error);
    }
    std::ranges::sort(names);
    return names;
  }

  void enter(const std::string& folder, const std::vector<std::string>& names, Aside aside) {
    for (const std::string& name : names) {
      stop_if_asked();
      visit(folder.empty() ? name : folder + "/" + name, name, aside);
    }
  }

  void visit(const std::string& file, const std::string& name, Aside aside) {
    const bool shadow = is_shadow(name);
    if (aside == Aside::none && shadow) {
      aside = Aside::shadow;
      shadow_ = name.starts_with("._") ? "._*" : name;
    }
    if (aside == Aside::none && name.starts_with('.')) aside = Aside::hidden;
    struct stat status {};
    const fs::path path = root_ / file;
    if (::stat(path.c_str(), &status) != 0) {
      if (aside != Aside::none) return leave(aside);
      if (errno == ELOOP) return walk_.left.add(LeftReason::link_loop, file);
      if (is_looked_for(name)) {
        walk_.files.push_back(file);  // reading it says that it is not there
      } else {
        walk_.left.add(LeftReason::dangling_link, file);
      }
      return;
    }
    if (S_ISDIR(status.st_mode)) return visit_folder(file, {status.st_dev, status.st_ino}, aside);
    if (aside != Aside::none) return leave(aside);
    take(file, path, S_ISREG(status.st_mode));
  }

  void visit_folder(const std::string& folder, Identity identity, Aside aside) {
    if (std::ranges::find(above_, identity) != above_.end()) return walk_.left.add(LeftReason::link_loop, folder);
    std::error_code error;
    const auto names = list(root_ / folder, error);
    if (error) return walk_.left.add(LeftReason::unreadable_folder, folder);
    if (aside == Aside::none && walk_.reads == Reads::clip && video::is_frame_folder(root_ / folder)) {
      walk_.files.push_back(folder);
      return;
    }
    if (aside == Aside::none) walk_.folders.push_back(folder);
    above_.push_back(identity);
    enter(folder, names, aside);
    above_.pop_back();
  }

  bool is_looked_for(const fs::path& file) const {
    switch (walk_.reads) {
      case Reads::photo:
        return is_photo_name(file);
      case Reads::text:
        return is_text_name(file);
      case Reads::clip:
        return video::is_clip_name(file);
      case Reads::features:
        break;
    }
    return false;
  }

  void take(const std::string& file, const fs::path& path, bool regular) {
    const std::string ending = ending_of(path);
    const bool photos = walk_.reads == Reads::photo;
    const LeftReason other = photos                       ? LeftReason::no_photo
                             : walk_.reads == Reads::text ? LeftReason::no_text
                                                          : LeftReason::no_clip;
    if (is_looked_for(path)) {
      if (regular) {
        walk_.files.push_back(file);
      } else {
        walk_.left.add(other, "no regular file");
      }
    } else if (photos && holds(kOtherImages, ending)) {
      walk_.left.add(LeftReason::not_readable, ending);
    } else if (photos && regular && begins_as_photo(path)) {
      walk_.left.add(LeftReason::unknown_ending, ending.empty() ? "none" : ending);
    } else {
      walk_.left.add(other, ending.empty() ? path.filename().string() : ending);
    }
  }

  void leave(Aside aside) {
    if (aside == Aside::hidden) return walk_.left.add(LeftReason::hidden, "");
    walk_.left.add(LeftReason::shadow, shadow_);
  }

  fs::path root_;
  Walk walk_;
  std::vector<Identity> above_;  // the folders on the way to here
  std::string shadow_;           // the name that put aside what is counted
};

std::string words_of(LeftReason reason, std::size_t count) {
  const bool one = count == 1;
  switch (reason) {
    case LeftReason::hidden:
      return "hidden";
    case LeftReason::shadow:
      return "of the system's own";
    case LeftReason::not_readable:
      return one ? "image of a kind that graft does not read" : "images of a kind that graft does not read";
    case LeftReason::unknown_ending:
      return one ? "photo without a photo's ending" : "photos without a photo's ending";
    case LeftReason::no_photo:
      return one ? "no photo" : "no photos";
    case LeftReason::no_text:
      return one ? "no text" : "no texts";
    case LeftReason::no_clip:
      return one ? "no clip" : "no clips";
    case LeftReason::dangling_link:
      return one ? "link to nowhere" : "links to nowhere";
    case LeftReason::link_loop:
      return one ? "link in a circle" : "links in a circle";
    case LeftReason::unreadable_folder:
      return one ? "folder that may not be listed" : "folders that may not be listed";
    case LeftReason::no_class_folder:
      return "in no class folder";
    case LeftReason::unlabelled:
      return "unlabelled";
    case LeftReason::no_split:
      return "in folders that are no split";
  }
  return "";
}

}  // namespace

void LeftOut::add(LeftReason reason, const std::string& example, std::size_t count) {
  Counted& counted = reasons_[reason];
  counted.count += count;
  constexpr std::size_t kKept = 64;
  if (!example.empty() && (counted.examples.size() < kKept || counted.examples.contains(example)))
    counted.examples[example] += count;
}

void LeftOut::add(const LeftOut& other) {
  for (const auto& [reason, counted] : other.reasons_) {
    std::size_t named = 0;
    for (const auto& [example, count] : counted.examples) {
      add(reason, example, count);
      named += count;
    }
    if (counted.count > named) add(reason, "", counted.count - named);
  }
}

std::size_t LeftOut::count(LeftReason reason) const {
  const auto found = reasons_.find(reason);
  return found == reasons_.end() ? 0 : found->second.count;
}

std::size_t LeftOut::count() const {
  std::size_t sum = 0;
  for (const auto& [reason, counted] : reasons_)
    sum += counted.count;
  return sum;
}

std::string LeftOut::words() const {
  constexpr std::size_t kShown = 3;
  std::vector<std::string> parts;
  for (const auto& [reason, counted] : reasons_) {
    std::vector<std::pair<std::string, std::size_t>> examples(counted.examples.begin(), counted.examples.end());
    std::ranges::stable_sort(examples, std::greater<>(), [](const auto& one) { return one.second; });
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(examples.size(), kShown); ++i)
      names.push_back(examples[i].first);
    if (examples.size() > kShown) names.emplace_back("...");
    parts.push_back(fmt::format("{} {}", counted.count, words_of(reason, counted.count)));
    if (!names.empty()) parts.back() += fmt::format(" ({})", fmt::join(names, ", "));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

Walk walk_photos(const fs::path& root) {
  return Walker(root, Reads::photo).walk();
}

Walk walk_clips(const fs::path& root) {
  return Walker(root, Reads::clip).walk();
}

Walk walk_texts(const fs::path& root) {
  return Walker(root, Reads::text).walk();
}

bool is_photo_name(const fs::path& file) {
  return holds(kPhotoEndings, ending_of(file));
}

bool is_text_name(const fs::path& file) {
  const std::string ending = ending_of(file);
  return ending == ".txt" || ending == ".text";
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code gone;
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && !is_shadow(name) && entry->is_regular_file(gone)) files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace graft::data
