#include "graft/detection/carried.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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
  const auto length = static_cast<Length>(text.size());
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

std::size_t CarriedText::read_some(std::uint64_t from, char* to, std::size_t count) const {
  const std::uint64_t end = from < written_ ? written_ : written_ + recent_.size();
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, end - from));
  read(from, to, count);
  return count;
}

std::string CarriedText::at(Text place) const {
  if (place == kNoText) return "";
  constexpr std::size_t kMostAreShorter = 256;
  std::array<char, kMostAreShorter> begin;
  const std::size_t got = read_some(place, begin.data(), begin.size());
  Length length = 0;
  std::memcpy(&length, begin.data(), sizeof(length));
  std::string text(length, '\0');
  const std::size_t here = std::min<std::size_t>(length, got - sizeof(length));
  std::memcpy(text.data(), begin.data() + sizeof(length), here);
  if (here < length) read(place + got, text.data() + here, length - here);
  return text;
}

std::string_view CarriedText::InOrder::at(Text place) {
  if (place == kNoText) return {};
  constexpr std::size_t kWindow = std::size_t{64} << 10;
  const auto hold = [&](std::size_t count) {  // that many bytes from the place on
    if (place >= from_ && place - from_ + count <= window_.size()) return;
    window_.resize(std::max(count, kWindow));
    window_.resize(carried_.read_some(place, window_.data(), window_.size()));
    from_ = place;
  };
  Length length = 0;
  hold(sizeof(length));
  std::memcpy(&length, window_.data() + (place - from_), sizeof(length));
  hold(sizeof(length) + length);
  return std::string_view(window_).substr(place - from_ + sizeof(length), length);
}

}  // namespace graft::detection
