#include "graft/io/npy.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/io/mapped_file.h"
#include "graft/io/numbers.h"
#include "tests/io/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

const std::filesystem::path kFolder = source_dir() / "tests/golden/npy";

NpyArray parse(std::string_view bytes) {
  return parse_npy(std::as_bytes(std::span(bytes)), "f");
}

// A file of version 1 with that header.
std::string npy_of(std::string header, std::string_view values = "") {
  header += '\n';
  std::string bytes = "\x93NUMPY\x01";
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  return bytes + header + std::string(values);
}

std::string header_of(std::string_view shape, std::string_view descr = "'<f4'") {
  return fmt::format("{{'descr': {}, 'fortran_order': False, 'shape': {}, }}", descr, shape);
}

TEST(Npy, HoldsWhatNumPySaved) {
  std::ifstream stream(source_dir() / "tests/golden/npy.json");
  const auto expected = nlohmann::json::parse(stream);
  int read = 0, refused = 0;
  for (const auto& [name, row] : expected.items()) {
    const auto bytes = content_of(kFolder / name);
    if (row.is_string()) {
      EXPECT_ERROR(parse(bytes), FileError, row.get<std::string>()) << name;
      ++refused;
      continue;
    }
    const auto array = parse(bytes);
    EXPECT_EQ(array.shape, row[1].get<std::vector<std::int64_t>>()) << name;
    const auto& values = row[2];
    if (array.dtype && is_floats(*array.dtype)) {
      const auto numbers = floats_of(*array.dtype, array.values);
      ASSERT_EQ(numbers.size(), values.size()) << name;
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        EXPECT_EQ(numbers[i], values[i].get<float>()) << name << " " << i;
        EXPECT_EQ(std::signbit(numbers[i]), std::signbit(values[i].get<float>())) << name << " " << i;
      }
    } else {
      std::vector<std::string> texts;
      for (const auto& value : values)
        texts.push_back(value.is_string() ? value.get<std::string>() : value.dump());
      EXPECT_EQ(texts_of(array), texts) << name;
    }
    ++read;
  }
  EXPECT_EQ(read, 12);
  EXPECT_EQ(refused, 7);
}

TEST(Npy, RefusesAFileThatIsCutAnywhereAndOneThatGoesOn) {
  const auto whole = content_of(kFolder / "f4.npy");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(parse(std::string_view(whole).substr(0, size)), FileError) << size;
  EXPECT_ERROR(parse(whole.substr(0, whole.size() - 1)), FileError, "23 bytes of values, where its shape asks for 24");
  EXPECT_ERROR(parse(whole + '\0'), FileError, "25 bytes of values, where its shape asks for 24");
  EXPECT_ERROR(parse(whole.substr(0, 60)), FileError, "ends within its header");
}

TEST(Npy, RefusesWhatIsNoArrayByName) {
  EXPECT_ERROR(parse("PK\x03\x04 and so on"), FileError, "an archive of arrays: call it .npz");
  EXPECT_ERROR(parse("file,label\n"), FileError, "does not begin with NumPy's mark");
  EXPECT_ERROR(parse(std::string("\x93NUMPY\x04\0\x02\0\n\n", 12)), FileError, "format version 4.0");
}

TEST(Npy, ReadsAHeaderAsLiteralsAndNothingElse) {
  EXPECT_THAT(parse(npy_of(header_of("(1,)"), "abcd")).shape, testing::ElementsAre(1));
  EXPECT_THAT(parse(npy_of(header_of("(1L, 1L)"), "abcd")).shape, testing::ElementsAre(1, 1));  // of Python 2
  EXPECT_THAT(parse(npy_of("{'shape':(),'fortran_order':False,'descr':'<f4'}", "abcd")).shape, testing::IsEmpty());
  for (const std::string& header :
       {header_of("(-1,)"), header_of("(1.5,)"), header_of("1"), header_of("(os.getpid(),)"), header_of("(1,)") + "x",
        std::string("{'descr': '<f4', 'shape': (1,)}"),
        std::string("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': (1,)}"),
        std::string("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}"), std::string("[]")})
    EXPECT_ERROR(parse(npy_of(header, "abcd")), FileError, "its header is not what NumPy writes") << header;
}

TEST(Npy, RefusesAShapeThatOverflows) {
  EXPECT_ERROR(parse(npy_of(header_of("(4611686018427387904, 4611686018427387904)"))), FileError,
               "more than there can be");
  EXPECT_ERROR(parse(npy_of(header_of("(99999999999999999999,)"))), FileError, "not what NumPy writes");
  EXPECT_ERROR(parse(npy_of(header_of("(9223372036854775807,)", "'<U4'"))), FileError, "more than there can be");
}

TEST(Npy, RefusesTextsThatAreNoUnicode) {
  const auto text = [](std::string_view values) { return texts_of(parse(npy_of(header_of("(1,)", "'<U2'"), values))); };
  using std::string_view_literals::operator""sv;
  EXPECT_THAT(text("a\0\0\0b\0\0\0"sv), testing::ElementsAre("ab"));
  EXPECT_ERROR(text("\0\xD8\0\0b\0\0\0"sv), FileError, "0xd800, which is no code point");
  EXPECT_ERROR(text("\0\0\x11\0b\0\0\0"sv), FileError, "0x110000, which is no code point");
  EXPECT_ERROR(text("\0\0\0\0b\0\0\0"sv), FileError, "has an end within it");
}

TEST(Npy, TakesWholeNumbersAndNoOthersForTexts) {
  EXPECT_ERROR(texts_of(parse(content_of(kFolder / "f4.npy"))), FileError, "holds F32 numbers: expected whole numbers");
}

}  // namespace
}  // namespace graft::io
