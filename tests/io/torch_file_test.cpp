#include "graft/io/torch_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/io/expect_error.h"
#include "tests/io/golden_hash.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

const std::filesystem::path kGolden = source_dir() / "tests/golden";

TorchFile parse(std::string_view bytes) {
  return TorchFile::parse(std::as_bytes(std::span(bytes)), nullptr, "f");
}

TEST(TorchFile, HoldsTheTensorsThatPyTorchReads) {
  std::ifstream stream(kGolden / "torch_files.json");
  const auto expected = nlohmann::json::parse(stream);
  ASSERT_EQ(expected.size(), 8u);
  for (const auto& [name, tensors] : expected.items()) {
    const auto file = TorchFile::open(kGolden / "torch" / name);
    EXPECT_EQ(file.tensors.size(), tensors.size()) << name;
    for (const auto& [key, row] : tensors.items()) {
      const auto found = file.tensors.find(key);
      ASSERT_NE(found, file.tensors.end()) << name << " " << key;
      const auto& view = found->second;
      EXPECT_EQ(name_of(view.dtype), row[0].get<std::string>()) << name << " " << key;
      EXPECT_EQ(view.shape, row[1].get<std::vector<std::int64_t>>()) << name << " " << key;
      EXPECT_EQ(golden_hash({view.data, view.bytes}), row[2].get<std::string>()) << name << " " << key;
    }
  }
}

TEST(TorchFile, TellsWhichKeysWrapTensors) {
  EXPECT_THAT(TorchFile::open(kGolden / "torch/training.pt").groups, testing::ElementsAre("state_dict", "optimizer"));
  EXPECT_THAT(TorchFile::open(kGolden / "torch/plain.pt").groups, testing::IsEmpty());
  EXPECT_THAT(TorchFile::open(kGolden / "torch/torchscript.pt").groups, testing::IsEmpty());
}

TEST(TorchFile, KeepsTheMappingAliveThroughAView) {
  TensorView view;
  { view = TorchFile::open(kGolden / "torch/plain.pt").tensors.at("b"); }
  EXPECT_EQ(view.bytes, 7 * sizeof(float));
  EXPECT_GE(std::to_integer<int>(view.data[view.bytes - 1]), 0);
}

TEST(TorchFile, RefusesAPickleThatWantsToCallSomethingAndNamesIt) {
  EXPECT_ERROR(TorchFile::open(kGolden / "torch/malice.pt"), FileError,
               "malice.pt wants to call posix.system: refused, and nothing was run. Convert the file to safetensors.");
}

TEST(TorchFile, AWholeObjectIsNoStateDict) {
  EXPECT_ERROR(
      TorchFile::open(kGolden / "torch/object.pt"), FileError,
      "object.pt holds objects of torch.nn.modules.linear.Linear and no plain tensors: nothing of them was run. "
      "Save model.state_dict() instead of the object.");
}

TEST(TorchFile, RefusesEveryTruncation) {
  for (const auto* name : {"plain.pt", "legacy.pt"}) {
    const std::string bytes = content_of(kGolden / "torch" / name);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_THROW(parse(std::string_view(bytes).substr(0, length)), FileError) << name << " " << length;
    }
  }
}

// Whatever a byte is turned into: a file that still makes sense or a FileError, and no view out of bounds.
TEST(TorchFile, SurvivesEveryDamagedByteOfItsPickle) {
  const std::string good = content_of(kGolden / "torch/plain.pt");
  const auto begin = good.find("data.pkl"), end = good.find("PK", begin + 1);
  for (std::size_t at = begin; at < end; ++at) {
    for (const char damage : {'\0', '\x7f', '\xff', '.'}) {
      std::string bytes = good;
      bytes[at] = damage;
      try {
        for (const auto& [name, view] : parse(bytes).tensors) {
          ASSERT_TRUE(view.bytes == 0 || view.owner != nullptr ||
                      (view.data >= reinterpret_cast<const std::byte*>(bytes.data()) &&
                       view.data + view.bytes <= reinterpret_cast<const std::byte*>(bytes.data()) + bytes.size()));
        }
      } catch (const FileError&) {
      }
    }
  }
}

TEST(TorchFile, RefusesWhatTorchSaveDidNotWrite) {
  EXPECT_ERROR(parse("\x80\x02}q\x01."), FileError, "not a file of torch.save");
  EXPECT_ERROR(parse("hello"), FileError, "not a file of torch.save");
  const std::string empty_zip = "PK\x03\x04 cut";
  EXPECT_ERROR(parse(empty_zip), FileError, "damaged or cut short");
}

}  // namespace
}  // namespace graft::io
