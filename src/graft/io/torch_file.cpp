#include "graft/io/torch_file.h"

#include <cstring>
#include <map>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"
#include "graft/io/torch_pickle.h"
#include "graft/io/zip_archive.h"

namespace graft::io {
namespace {

using Bytes = std::span<const std::byte>;

// Strided tensors are copied; real files hold few, so that all of them are about as large as the file at most.
std::size_t copy_budget(Bytes file) {
  return 4 * file.size() + (std::size_t{64} << 20);
}

Bytes first(Bytes storage, const StorageId& id, std::string_view name) {
  if (id.elements > storage.size() / id.element_bytes()) {
    throw FileError("torch file", "{}: storage '{}' has {} bytes, {} elements of {} were expected.", name, id.key,
                    storage.size(), id.elements, id.element_bytes());
  }
  return storage.first(id.elements * id.element_bytes());
}

// The folder in the archive: its name is the file's when it was saved, so it can be anything.
std::string find_folder(const ZipArchive& archive, std::string_view name) {
  constexpr std::string_view kPickle = "/data.pkl";
  for (const auto& [record, contents] : archive.records()) {
    if (record.ends_with(kPickle) && record.find('/') == record.size() - kPickle.size()) {
      return record.substr(0, record.size() - kPickle.size());
    }
  }
  for (const auto& [record, contents] : archive.records()) {
    if (record.ends_with(".npy")) {
      throw FileError("torch file", "{} is an archive of NumPy arrays (.npz). Save them as safetensors.", name);
    }
  }
  throw FileError("torch file", "{}: a zip archive without data.pkl: torch.save did not write it.", name);
}

TorchFile parse_zip(Bytes bytes, std::shared_ptr<const void> owner, std::string_view name) {
  const ZipArchive archive(bytes, name);
  const std::string folder = find_folder(archive, name);
  if (const auto order = archive.find(folder + "/byteorder")) {
    if (std::string_view(reinterpret_cast<const char*>(order->data()), order->size()) != "little") {
      throw FileError("torch file", "{}: it was written on a big-endian machine. Convert it to safetensors.", name);
    }
  }
  const Pickle pickle = parse_pickle(*archive.find(folder + "/data.pkl"), name, may_stand_in_torch_file);
  const auto find_storage = [&](const StorageId& id) {
    const auto storage = archive.find(fmt::format("{}/data/{}", folder, id.key));
    if (!storage) throw FileError("torch file", "{}: storage '{}' is missing.", name, id.key);
    return first(*storage, id, name);
  };
  return collect_tensors(*pickle.root, name, find_storage, std::move(owner), copy_budget(bytes));
}

// Before PyTorch 1.6: pickles of a magic number, a version, the machine's sizes, the object and the list of storage
// keys, then for each key the number of elements (int64) and their bytes.
constexpr std::string_view kLegacyMagic{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15};

bool is_legacy(Bytes bytes) {
  return bytes.size() >= kLegacyMagic.size() &&
         std::memcmp(bytes.data(), kLegacyMagic.data(), kLegacyMagic.size()) == 0;
}

TorchFile parse_legacy(Bytes bytes, std::shared_ptr<const void> owner, std::string_view name) {
  Bytes rest = bytes.subspan(kLegacyMagic.size());
  const auto next = [&] {
    Pickle pickle = parse_pickle(rest, name, may_stand_in_torch_file);
    rest = rest.subspan(pickle.bytes);
    return pickle;
  };
  next();  // protocol version, always 1001
  const Pickle machine = next();
  for (std::size_t i = 0; i + 1 < machine.root->items.size(); i += 2) {
    if (machine.root->items[i]->text == "little_endian" && machine.root->items[i + 1]->integer == 0) {
      throw FileError("torch file", "{}: it was written on a big-endian machine. Convert it to safetensors.", name);
    }
  }
  const Pickle object = next();
  const Pickle keys = next();

  // A storage's width is only told where the object refers to it.
  std::map<std::string, std::size_t, std::less<>> widths;
  for (const auto& node : object.nodes) {
    if (!node.is(PickleNode::Kind::persistent)) continue;
    const auto id = read_storage_id(node, name);
    widths.emplace(id.key, id.element_bytes());
  }
  std::map<std::string, Bytes, std::less<>> storages;
  for (const auto* key : keys.root->items) {
    std::uint64_t elements = 0;
    const auto width = widths.find(key->text);
    if (width == widths.end() || rest.size() < sizeof elements) {
      throw FileError("torch file", "{}: storage '{}' is missing. Is the download complete?", name, key->text);
    }
    std::memcpy(&elements, rest.data(), sizeof elements);
    rest = rest.subspan(sizeof elements);
    if (elements > rest.size() / width->second) {
      throw FileError("torch file", "{}: storage '{}' is cut short. Is the download complete?", name, key->text);
    }
    storages[key->text] = rest.first(elements * width->second);
    rest = rest.subspan(elements * width->second);
  }
  const auto find_storage = [&](const StorageId& id) {
    const auto storage = storages.find(id.key);
    if (storage == storages.end()) throw FileError("torch file", "{}: storage '{}' is missing.", name, id.key);
    return first(storage->second, id, name);
  };
  return collect_tensors(*object.root, name, find_storage, std::move(owner), copy_budget(bytes));
}

}  // namespace

TorchFile TorchFile::open(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return parse(bytes, std::move(file), path.string());
}

TorchFile TorchFile::parse(Bytes bytes, std::shared_ptr<const void> owner, std::string_view name) {
  if (ZipArchive::looks_like(bytes)) return parse_zip(bytes, std::move(owner), name);
  if (is_legacy(bytes)) return parse_legacy(bytes, std::move(owner), name);
  throw FileError("torch file", "{}: not a file of torch.save: neither its zip archive nor its older pickle.", name);
}

}  // namespace graft::io
