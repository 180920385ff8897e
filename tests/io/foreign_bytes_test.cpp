#include "graft/io/foreign_bytes.h"

#include "graft/io/model_folder.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 605247071\n";

void put_tensor(const TempFolder& folder, const std::string& name) {
  const std::byte value[1] = {};
  write_safetensors(folder.path() / name, {{"w", Dtype::u8, {1}, value}});
}

TEST(ForeignBytes, EachHasASentenceOfItsOwn) {
  const TempFolder folder;
  const auto refused = [&](const char* name, std::string_view bytes, const char* says) {
    const auto path = folder.put(name, bytes);
    EXPECT_ERROR(Weights::open(path), FileError, says);
  };
  refused("model.safetensors", kPointer, "is a Git LFS pointer and not the weights. Fetch them with `git lfs pull`.");
  refused("pytorch_model.bin", kPointer, "is a Git LFS pointer");
  refused("empty.pt", "", "is empty. Is the download complete?");
  refused("empty.safetensors", "", "is empty.");
  refused("zeros.bin", std::string(100, '\0'), "begins with zeros alone");
  refused("page.pth", "\n<!DOCTYPE html><html>", "is a web page and not the weights");
  refused("page.safetensors", "<HTML><head>", "is a web page");
  refused("model.onnx", "\x08\x07\x12\x07pytorch"sv, "is an ONNX graph");
  refused("renamed.bin", "GGUF\x03\0\0\0"sv, "the number of tensors at byte 8 needs 8 bytes, 0 are left");
  refused("model.gguf", "something else", "expected a file that begins with GGUF");
  refused("tf_model.h5", "\x89HDF\r\n\x1a\n"sv, "is an HDF5 file");
  refused("flax_model.msgpack", "\xde\0\x01\xa5"sv, "is a Flax checkpoint");
  refused("weights.pt", "\x1f\x8b\x08\0"sv, "is packed with gzip");
  refused("config.pt", R"({"model_type": "vit"})", "is JSON text and no weights");
  refused("photo.pt", "\xff\xd8\xff\xe0"sv, "is a photo (JPEG)");
  refused("model.ckpt.index", "abcdefgh", "is an index of a TensorFlow checkpoint");
}

TEST(ForeignBytes, AShardThatIsAPointerIsNamed) {
  const TempFolder folder;
  put_tensor(folder, "model-1.safetensors");
  folder.put("model-2.safetensors", kPointer);
  folder.put("model.safetensors.index.json",
             R"({"weight_map": {"w": "model-1.safetensors", "v": "model-2.safetensors"}})");
  EXPECT_ERROR(ModelFolder::at(folder.path()).open(), FileError, "model-2.safetensors is a Git LFS pointer");
}

TEST(ForeignBytes, ATruncatedHeaderIsCutShort) {
  const TempFolder folder;
  put_tensor(folder, "whole.safetensors");
  const auto bytes = content_of(folder.path() / "whole.safetensors");
  EXPECT_ERROR(Weights::open(folder.put("cut.safetensors", std::string_view(bytes).substr(0, 20))), FileError,
               "cut short");
}

TEST(ForeignFolder, AnAdapterARunAndPhotosAreNoModels) {
  const TempFolder adapter, run, photos, foreign;
  adapter.put("adapter_config.json", "{}");
  put_tensor(adapter, "adapter_model.safetensors");
  EXPECT_ERROR(ModelFolder::at(adapter.path()), FileError, "is an adapter and no model.");
  run.put("config.yaml", "method: lora\n");
  run.put("adapter_config.json", "{}");
  put_tensor(run, "adapter_model.safetensors");
  put_tensor(run, "head.safetensors");
  EXPECT_ERROR(ModelFolder::at(run.path()), FileError, "is a run of graft's and no model.");
  photos.put("cat/1.JPG", "x");
  EXPECT_ERROR(ModelFolder::at(photos.path()), FileError, "holds photos and no model. Photos are named with --data.");
  foreign.put("model.onnx", "x");
  EXPECT_ERROR(ModelFolder::at(foreign.path()), FileError, "holds model.onnx, which graft does not read");
}

}  // namespace
}  // namespace graft::io
