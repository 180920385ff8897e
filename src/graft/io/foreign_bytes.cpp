#include "graft/io/foreign_bytes.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace graft::io {
namespace {

using namespace std::string_view_literals;

struct Beginning {
  std::string_view bytes;
  const char* what;
};

constexpr Beginning kBeginnings[] = {
    {"version https://git-lfs.github.com/spec"sv,
     "is a Git LFS pointer and not the weights. Fetch them with `git lfs pull`."},
    {"\x89HDF\r\n\x1a\n"sv, "is an HDF5 file (Keras, TensorFlow). Save the model as safetensors."},
    {"\x93NUMPY"sv, "is a NumPy array (.npy). Save the weights as safetensors."},
    {"\x1f\x8b"sv, "is packed with gzip. Unpack it first."},
    {"7z\xbc\xaf\x27\x1c"sv, "is a 7-Zip archive. Unpack it first."},
    {"\xfd\x37zXZ"sv, "is packed with xz. Unpack it first."},
    {"BZh"sv, "is packed with bzip2. Unpack it first."},
    {"\x28\xb5\x2f\xfd"sv, "is packed with zstd. Unpack it first."},
    {"Rar!"sv, "is a RAR archive. Unpack it first."},
    {"\xff\xd8\xff"sv, "is a photo (JPEG) and no model. Photos are named with --data."},
    {"\x89PNG"sv, "is a picture (PNG) and no model. Photos are named with --data."},
    {"%PDF"sv, "is a PDF and no model."},
};

struct Ending {
  std::string_view ending;
  const char* what;
};
constexpr Ending kEndings[] = {
    {".onnx",
     "is an ONNX graph, which holds no model to adapt. Use the model's safetensors or state_dict; a graph as it stands "
     "runs under graft segment predict and --saliency model:FILE."},
    {".msgpack", "is a Flax checkpoint. Save the model for PyTorch, as safetensors."},
    {".h5", "is a Keras or TensorFlow checkpoint. Save the model for PyTorch, as safetensors."},
    {".keras", "is a Keras model. Save it for PyTorch, as safetensors."},
    {".pb", "is a TensorFlow graph. Save the model for PyTorch, as safetensors."},
    {".index", "is an index of a TensorFlow checkpoint. Save the model for PyTorch, as safetensors."},
    {".tflite", "is a TensorFlow Lite model. Use the model's safetensors."},
    {".npz", "is an archive of NumPy arrays (.npz). Save them as safetensors."},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool is_web_page(std::string_view start) {
  const auto text = start.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (text == start.npos || start[text] != '<') return false;
  const auto tag = lower(std::string(start.substr(text, 64)));
  return tag.starts_with("<!doctype") || tag.starts_with("<html") || tag.starts_with("<head") ||
         tag.starts_with("<?xml");
}

}  // namespace

std::optional<std::string> foreign_bytes(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  constexpr size_t kTar = 257;  // where a tar archive says what it is
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto start = all.substr(0, 512);
  if (all.empty()) return "is empty. Is the download complete?";
  if (all.find_first_not_of('\0') == all.npos || (all.size() > 16 && start.find_first_not_of('\0') == start.npos))
    return "begins with zeros alone. Is the download complete?";
  for (const auto& beginning : kBeginnings)
    if (start.starts_with(beginning.bytes)) return beginning.what;
  if (is_web_page(start))
    return "is a web page and not the weights (a login or error page, perhaps). Download the file itself.";
  if (all.size() > kTar + 5 && all.substr(kTar, 5) == "ustar") return "is a tar archive. Unpack it first.";
  const bool zip = start.starts_with("PK\x03\x04"), safetensors = all.size() > 8 && all[8] == '{';
  const auto ending = lower(path.extension().string());
  for (const auto& known : kEndings)
    if (ending == known.ending && !(zip && ending != ".npz" && ending != ".keras") && !safetensors) return known.what;
  if (!safetensors && (start.front() == '{' || start.front() == '['))
    return "is JSON text and no weights. Name the weights, or the folder that they lie in.";
  return std::nullopt;
}

}  // namespace graft::io
