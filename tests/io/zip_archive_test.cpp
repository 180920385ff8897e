#include "graft/io/zip_archive.h"

#include "tests/io/expect_error.h"

namespace graft::io {
namespace {

using namespace std::string_literals;

struct Entry {
  std::string name, content;
  int method = 0;
};

template <class Integer>
std::string raw(Integer value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// Written field by field after APPNOTE 4.3; with `zip64`, sizes and positions stand in the 64-bit fields only.
std::string zip(const std::vector<Entry>& entries, bool zip64 = false) {
  std::string file, directory;
  const auto narrow = [&](std::size_t value) { return raw(zip64 ? 0xffffffffu : static_cast<std::uint32_t>(value)); };
  const auto wide = [](std::size_t value) { return raw(std::uint64_t{value}); };
  for (const auto& [name, content, method] : entries) {
    const std::size_t at = file.size();
    const std::string extra =
        zip64 ? raw(std::uint16_t{1}) + raw(std::uint16_t{24}) + wide(content.size()) + wide(content.size()) + wide(at)
              : "";
    const std::string common = raw(std::uint16_t{45}) + raw(std::uint16_t{0}) +
                               raw(static_cast<std::uint16_t>(method)) + raw(std::uint32_t{0}) + raw(std::uint32_t{0}) +
                               narrow(content.size()) + narrow(content.size()) +
                               raw(static_cast<std::uint16_t>(name.size()));
    file += "PK\3\4" + common + raw(std::uint16_t{0}) + name + content;
    directory += "PK\1\2" + raw(std::uint16_t{45}) + common + raw(static_cast<std::uint16_t>(extra.size())) +
                 raw(std::uint16_t{0}) + raw(std::uint16_t{0}) + raw(std::uint16_t{0}) + raw(std::uint32_t{0}) +
                 narrow(at) + name + extra;
  }
  const std::size_t at = file.size(), count = entries.size();
  file += directory;
  if (zip64) {
    const std::size_t end64 = file.size();
    file += "PK\6\6" + wide(44) + raw(std::uint16_t{45}) + raw(std::uint16_t{45}) + raw(std::uint32_t{0}) +
            raw(std::uint32_t{0}) + wide(count) + wide(count) + wide(directory.size()) + wide(at);
    file += "PK\6\7" + raw(std::uint32_t{0}) + wide(end64) + raw(std::uint32_t{1});
  }
  const auto short_count = raw(static_cast<std::uint16_t>(zip64 ? 0xffff : count));
  return file + "PK\5\6" + raw(std::uint32_t{0}) + short_count + short_count + narrow(directory.size()) + narrow(at) +
         raw(std::uint16_t{0});
}

ZipArchive open(std::string_view bytes) {
  return {std::as_bytes(std::span(bytes)), "f"};
}

std::string text(std::optional<std::span<const std::byte>> bytes) {
  return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : "(absent)";
}

TEST(ZipArchive, FindsStoredRecords) {
  for (const bool zip64 : {false, true}) {
    const std::string bytes = zip({{"a/one", "first"}, {"a/two", ""}}, zip64);
    EXPECT_TRUE(ZipArchive::looks_like(std::as_bytes(std::span(bytes))));
    const auto archive = open(bytes);
    EXPECT_EQ(archive.records().size(), 2u);
    EXPECT_EQ(text(archive.find("a/one")), "first");
    EXPECT_EQ(text(archive.find("a/two")), "");
    EXPECT_EQ(text(archive.find("a/three")), "(absent)");
  }
}

TEST(ZipArchive, RefusesACompressedRecordOnlyWhenItIsAskedFor) {
  const std::string bytes = zip({{"packed", "xxx", 8}, {"plain", "y"}});
  const auto archive = open(bytes);
  EXPECT_EQ(text(archive.find("plain")), "y");
  EXPECT_ERROR(archive.find("packed"), FileError, "'packed' is compressed");
}

TEST(ZipArchive, RefusesEveryTruncation) {
  for (const bool zip64 : {false, true}) {
    const std::string bytes = zip({{"a", "first"}, {"b", "second"}}, zip64);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_THROW(open(std::string_view(bytes).substr(0, length)), FileError) << length;
    }
  }
}

TEST(ZipArchive, RefusesANameThatStandsTwice) {
  EXPECT_ERROR(open(zip({{"a", "1"}, {"a", "2"}})), FileError, "the archive is damaged");
}

}  // namespace
}  // namespace graft::io
