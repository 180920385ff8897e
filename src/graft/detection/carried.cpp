#include "graft/detection/carried.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "graft/core/error.h"

namespace graft::detection {

CarriedText::~CarriedText() {
  if (file_ >= 0) ::close(file_);
}

Text CarriedText::add(std::string_view text) {
  if (text.empty()) return kNoText;
  const std::uint64_t place = written_ + recent_.size();
  const auto length = static_cast<std::uint32_t>(text.size());
  if (length != text.size()) throw DataError("detection", "a text of {} bytes is too long to carry.", text.size());
  recent_.append(reinterpret_cast<const char*>(&length), sizeof(length));
  recent_.append(text);
  if (recent_.size() > in_memory_) spill();
  return place;
}

void CarriedText::spill() {
  if (file_ < 0) {
    const std::string folder = std::filesystem::temp_directory_path().string();
    file_ = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file_ < 0) {  // a file system that knows no files without names
      std::string name = folder + "/graft-XXXXXX";
      file_ = ::mkstemp(name.data());
      if (file_ >= 0) ::unlink(name.c_str());
    }
    if (file_ < 0)
      throw FileError("detection", "{}: no temporary file can be made ({}). TMPDIR names another folder.", folder,
                      std::strerror(errno));
  }
  for (std::size_t done = 0; done < recent_.size();) {
    const auto count =
        ::pwrite(file_, recent_.data() + done, recent_.size() - done, static_cast<off_t>(written_ - 1 + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      throw FileError("detection", "{}: cannot hold what is carried along ({}). TMPDIR names another folder.",
                      std::filesystem::temp_directory_path().string(), std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
  written_ += recent_.size();
  recent_.clear();
}

void CarriedText::read(std::uint64_t from, char* to, std::size_t count) const {
  if (from >= written_) {
    std::memcpy(to, recent_.data() + (from - written_), count);
    return;
  }
  for (std::size_t done = 0; done < count;) {
    const auto got = ::pread(file_, to + done, count - done, static_cast<off_t>(from - 1 + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw FileError("detection", "what was carried along cannot be read back ({}).", std::strerror(errno));
    done += static_cast<std::size_t>(got);
  }
}

std::string CarriedText::at(Text place) const {
  if (place == kNoText) return "";
  std::uint32_t length = 0;
  read(place, reinterpret_cast<char*>(&length), sizeof(length));
  std::string text(length, '\0');
  read(place + sizeof(length), text.data(), length);
  return text;
}

}  // namespace graft::detection
