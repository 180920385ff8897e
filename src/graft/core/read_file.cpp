#include "graft/core/read_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/file_handle.h"
#include "graft/core/printable.h"

namespace graft {

std::string read_file(std::string_view where, const std::filesystem::path& file, int64_t most_bytes) {
  const auto refuse = [&](std::string_view why) {
    throw FileError(where, "{}: cannot be read: {}. Is the path right?", printable(file.string()), why);
  };
  const FileHandle handle(file.c_str());
  if (handle.get() < 0) refuse(std::strerror(errno));
  struct stat status {};
  if (::fstat(handle.get(), &status) == 0 && S_ISDIR(status.st_mode)) refuse("it is a folder");
  std::string text;
  std::vector<char> block(1 << 16);
  for (;;) {
    const auto count = ::read(handle.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(std::strerror(errno));
    if (count == 0) return text;
    text.append(block.data(), static_cast<size_t>(count));
    if (static_cast<int64_t>(text.size()) > most_bytes) refuse(fmt::format("it has more than {} bytes", most_bytes));
  }
}

}  // namespace graft
