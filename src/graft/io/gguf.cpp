#include "graft/io/gguf.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>
#include <set>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"

namespace graft::io {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint64_t kLeastEntry = 8 + 1 + 4 + 1;           // a key of a letter, a kind, a byte
constexpr std::uint64_t kLeastTensor = 8 + 1 + 4 + 0 + 4 + 8;  // a name of a letter, no dimensions, type and offset
constexpr std::uint64_t kMostDimensions = 4, kMostName = 63, kUsualAlignment = 32;

constexpr const char* kKinds[] = {"u8",   "i8",   "u16",  "i16", "u32", "i32", "f32",
                                  "bool", "text", "list", "u64", "i64", "f64"};

std::size_t bytes_of(GgufKind kind) {
  switch (kind) {
    case GgufKind::u8:
    case GgufKind::i8:
    case GgufKind::boolean:
      return 1;
    case GgufKind::u16:
    case GgufKind::i16:
      return 2;
    case GgufKind::u32:
    case GgufKind::i32:
    case GgufKind::f32:
      return 4;
    default:
      return 8;
  }
}

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at = 0) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// As it may stand in a message.
std::string shown(std::string_view name) {
  std::string safe;
  for (const char c : name.substr(0, 80))
    safe += c >= ' ' && c <= '~' ? c : '?';
  return safe;
}

std::optional<std::int64_t> integer_at(GgufKind kind, std::span<const std::byte> bytes) {
  switch (kind) {
    case GgufKind::u8:
      return load<std::uint8_t>(bytes);
    case GgufKind::i8:
      return load<std::int8_t>(bytes);
    case GgufKind::u16:
      return load<std::uint16_t>(bytes);
    case GgufKind::i16:
      return load<std::int16_t>(bytes);
    case GgufKind::u32:
      return load<std::uint32_t>(bytes);
    case GgufKind::i32:
      return load<std::int32_t>(bytes);
    case GgufKind::i64:
      return load<std::int64_t>(bytes);
    case GgufKind::u64: {
      const auto value = load<std::uint64_t>(bytes);
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {};
      return static_cast<std::int64_t>(value);
    }
    default:
      return {};
  }
}

std::optional<double> number_at(GgufKind kind, std::span<const std::byte> bytes) {
  if (kind == GgufKind::f32) return load<float>(bytes);
  if (kind == GgufKind::f64) return load<double>(bytes);
  const auto whole = integer_at(kind, bytes);
  return whole ? std::optional<double>(static_cast<double>(*whole)) : std::nullopt;
}

}  // namespace

// The file from front to back.
class GgufParser {
 public:
  GgufParser(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes) { file_.name_ = name; }

  GgufFile parse() {
    read_header();
    file_.metadata_.file_ = file_.name_;
    for (std::uint64_t i = 0; i < entries_; ++i)
      read_entry(i);
    check_whole();
    read_alignment();
    std::vector<Info> infos;
    for (std::uint64_t i = 0; i < tensors_; ++i)
      infos.push_back(read_info(i));
    place(infos);
    return std::move(file_);
  }

 private:
  struct Info {
    std::string name;
    GgufTensor tensor;
    std::uint64_t offset, bytes;
  };

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    throw FileError("gguf", "{}: {}", file_.name_, fmt::format(format, std::forward<Args>(args)...));
  }

  std::uint64_t left() const { return bytes_.size() - at_; }

  std::span<const std::byte> take(std::uint64_t count, std::string_view what) {
    if (count > left()) {
      refuse("{} at byte {} needs {} bytes, {} are left. Is the download complete?", what, at_, count, left());
    }
    const auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  template <class T>
  T take_number(std::string_view what) {
    return load<T>(take(sizeof(T), what));
  }
  std::span<const std::byte> take_text(std::string_view what) { return take(take_number<std::uint64_t>(what), what); }

  void read_header() {
    if (!is_gguf(bytes_)) refuse("expected a file that begins with GGUF. The file is damaged, or another.");
    at_ = kMagic.size();
    file_.version_ = take_number<std::uint32_t>("the version");
    if ((file_.version_ & 0xffffu) == 0 && file_.version_ != 0)
      refuse("its numbers are big-endian: graft reads little-endian files. Convert the model anew on this machine.");
    if (file_.version_ != 2 && file_.version_ != 3)
      refuse("version {}: graft reads 2 and 3. Convert the model anew with a recent llama.cpp.", file_.version_);
    tensors_ = take_number<std::uint64_t>("the number of tensors");
    entries_ = take_number<std::uint64_t>("the number of metadata entries");
    if (tensors_ > left() / kLeastTensor)
      refuse("{} tensors are said to follow in {} bytes. The file is damaged or cut short.", tensors_, left());
    if (entries_ > left() / kLeastEntry)
      refuse("{} metadata entries are said to follow in {} bytes. The file is damaged or cut short.", entries_, left());
  }

  GgufKind take_kind(const std::string& of) {
    const auto kind = take_number<std::uint32_t>("a kind of value");
    if (kind >= std::size(kKinds)) refuse("metadata {}: kind {} of value: expected 0 to 12.", of, kind);
    return static_cast<GgufKind>(kind);
  }

  void read_entry(std::uint64_t index) {
    const auto place = at_;
    const std::string key(as_text(take_text("a metadata key")));
    const auto of = fmt::format("'{}'", shown(key));
    if (key.empty()) refuse("metadata entry {} at byte {} has no key.", index, place);
    auto kind = take_kind(of);
    GgufValue value;
    value.kind = kind;
    if (kind == GgufKind::list) {
      value.is_list = true;
      value.kind = take_kind(of);
      if (value.kind == GgufKind::list) refuse("metadata {}: a list of lists: expected a list of values.", of);
      value.count = take_number<std::uint64_t>("the length of a list");
    }
    value.data = take_values(value, of);
    if (!file_.metadata_.values_.emplace(key, value).second) refuse("metadata {} stands there twice.", of);
  }

  std::span<const std::byte> take_values(const GgufValue& value, const std::string& of) {
    const auto begin = at_;
    const auto least = value.kind == GgufKind::text ? 8 : bytes_of(value.kind);
    if (value.count > left() / least)
      refuse("metadata {} at byte {}: {} values in the {} bytes that are left. Is the download complete?", of, begin,
             value.count, left());
    if (value.kind != GgufKind::text) {
      const auto data = take(value.count * least, "metadata " + of);
      if (value.kind == GgufKind::boolean) check_flags(data, of);
      return data;
    }
    for (std::uint64_t i = 0; i < value.count; ++i)
      take_text("metadata " + of);
    return bytes_.subspan(begin, at_ - begin);
  }

  void check_flags(std::span<const std::byte> data, const std::string& of) const {
    for (const auto flag : data) {
      if (std::to_integer<int>(flag) > 1)
        refuse("metadata {}: a bool that is {}: expected 0 or 1.", of, std::to_integer<int>(flag));
    }
  }

  void check_whole() const {
    const auto parts = file_.metadata_.integer("split.count").value_or(1);
    if (parts > 1) {
      refuse("one of {} parts of a model: join them first, llama-gguf-split --merge FIRST-PART WHOLE.gguf.", parts);
    }
  }

  void read_alignment() {
    const auto found = file_.metadata_.values_.find("general.alignment");
    if (found == file_.metadata_.values_.end()) return;
    if (found->second.kind != GgufKind::u32 || found->second.is_list)
      file_.metadata_.refuse("general.alignment", "a number of kind u32");
    alignment_ = load<std::uint32_t>(found->second.data);
    if (!std::has_single_bit(alignment_)) refuse("general.alignment = {}: expected a power of two.", alignment_);
  }

  Info read_info(std::uint64_t index) {
    const auto place = at_;
    Info info;
    info.name = as_text(take_text("a tensor's name"));
    const auto of = shown(info.name);
    if (info.name.empty() || info.name.size() > kMostName)
      refuse("tensor {} at byte {} has a name of {} bytes: expected 1 to {}.", index, place, info.name.size(),
             kMostName);
    const auto dimensions = take_number<std::uint32_t>("a tensor's dimensions");
    if (dimensions > kMostDimensions)
      refuse("tensor '{}' has {} dimensions: expected at most {}.", of, dimensions, kMostDimensions);
    std::uint64_t count = 1;
    auto& shape = info.tensor.shape;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      const auto size = take_number<std::uint64_t>("a tensor's dimensions");
      const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (size > most || (size != 0 && count > most / size)) refuse("tensor '{}': its dimensions overflow.", of);
      count *= size;
      shape.insert(shape.begin(), static_cast<std::int64_t>(size));
    }
    const auto type = take_number<std::uint32_t>("a tensor's type");
    const auto* format = find_format(type);
    if (format == nullptr) {
      refuse("tensor '{}' is of type {}, which graft does not read. Quantise the model as Q4_K_M, Q8_0 or F16.", of,
             name_of_other(type));
    }
    info.tensor.type = format->type;
    const auto width = shape.empty() ? 1 : static_cast<std::uint64_t>(shape.back());
    if (width % format->numbers != 0)
      refuse("tensor '{}': rows of {} numbers are no whole blocks of {}'s {}.", of, width, format->name,
             format->numbers);
    if (count / format->numbers > std::numeric_limits<std::int64_t>::max() / format->bytes)
      refuse("tensor '{}': its bytes overflow.", of);
    info.bytes = count / format->numbers * format->bytes;
    info.offset = take_number<std::uint64_t>("a tensor's offset");
    return info;
  }

  std::uint64_t padded(std::uint64_t bytes, const std::string& of) const {
    const auto most = std::numeric_limits<std::uint64_t>::max();
    if (bytes > most - alignment_) refuse("tensor '{}': its place overflows.", of);
    return (bytes + alignment_ - 1) / alignment_ * alignment_;
  }

  // Each tensor lies right behind the last: no bytes that belong to none, and none that belong to two.
  void place(std::vector<Info>& infos) {
    const auto begin = padded(at_, "");
    std::uint64_t expected = 0;
    for (auto& info : infos) {
      const auto of = shown(info.name);
      if (info.offset != expected)
        refuse("tensor '{}' is said to lie at {}: expected {}, right behind the one before.", of, info.offset,
               expected);
      if (begin > bytes_.size() || info.offset > bytes_.size() - begin ||
          info.bytes > bytes_.size() - begin - info.offset) {
        refuse("tensor '{}' needs {} bytes from byte {} on, the file has {}. Is the download complete?", of, info.bytes,
               begin + info.offset, bytes_.size());
      }
      info.tensor.data = bytes_.subspan(begin + info.offset, info.bytes);
      if (!file_.tensors_.emplace(info.name, std::move(info.tensor)).second)
        refuse("tensor '{}' stands there twice.", of);
      expected += padded(info.bytes, of);
      if (expected > bytes_.size() + alignment_) expected = bytes_.size() + alignment_;  // what follows lies outside
    }
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  std::uint64_t tensors_ = 0, entries_ = 0, alignment_ = kUsualAlignment;
  GgufFile file_;
};

bool is_gguf(std::span<const std::byte> bytes) {
  return bytes.size() >= kMagic.size() && as_text(bytes.first(kMagic.size())) == kMagic;
}

GgufFile GgufFile::open(const std::filesystem::path& path) {
  auto mapped = MappedFile::open(path);
  auto file = parse(mapped->bytes(), mapped, path.string());
  file.file_ = std::move(mapped);
  return file;
}

GgufFile GgufFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name) {
  auto file = GgufParser(bytes, name).parse();
  file.owner_ = std::move(owner);
  return file;
}

std::int64_t GgufTensor::width() const {
  return shape.empty() ? 1 : shape.back();
}

std::int64_t GgufTensor::rows() const {
  std::int64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i)
    rows *= shape[i];
  return rows;
}

std::span<const std::byte> GgufTensor::row(std::int64_t i) const {
  const auto bytes = data.size() / static_cast<std::size_t>(rows());
  return data.subspan(static_cast<std::size_t>(i) * bytes, bytes);
}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::vector<std::string> GgufMetadata::keys() const {
  std::vector<std::string> all;
  for (const auto& [key, value] : values_)
    all.push_back(key);
  return all;
}

void GgufMetadata::refuse(std::string_view key, std::string_view expected) const {
  const auto* value = find(key);
  const auto got = value == nullptr ? "nothing"
                   : value->is_list ? fmt::format("a list of {} of kind {}", value->count,
                                                  kKinds[static_cast<std::size_t>(value->kind)])
                                    : fmt::format("a {}", kKinds[static_cast<std::size_t>(value->kind)]);
  throw FileError("gguf", "{}: metadata '{}': expected {}, got {}.", file_, shown(key), expected, got);
}

bool GgufMetadata::is_list(std::string_view key) const {
  const auto* value = find(key);
  return value != nullptr && value->is_list;
}

std::optional<std::int64_t> GgufMetadata::integer(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  const auto found = value->is_list ? std::nullopt : integer_at(value->kind, value->data);
  if (!found) refuse(key, "an integer");
  return found;
}

std::optional<double> GgufMetadata::number(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  const auto found = value->is_list ? std::nullopt : number_at(value->kind, value->data);
  if (!found) refuse(key, "a number");
  return found;
}

std::optional<bool> GgufMetadata::flag(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (value->is_list || value->kind != GgufKind::boolean) refuse(key, "true or false");
  return value->data.front() != std::byte{0};
}

std::optional<std::string_view> GgufMetadata::text(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (value->is_list || value->kind != GgufKind::text) refuse(key, "a text");
  return as_text(value->data.subspan(sizeof(std::uint64_t)));
}

std::vector<std::int64_t> GgufMetadata::integers(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  std::vector<std::int64_t> all;
  const auto width = bytes_of(value->kind);
  for (std::uint64_t i = 0; value->is_list && i < value->count; ++i) {
    const auto found =
        value->kind == GgufKind::text ? std::nullopt : integer_at(value->kind, value->data.subspan(i * width, width));
    if (!found) refuse(key, "a list of integers");
    all.push_back(*found);
  }
  if (!value->is_list) refuse(key, "a list of integers");
  return all;
}

std::vector<double> GgufMetadata::numbers(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  std::vector<double> all;
  const auto width = bytes_of(value->kind);
  for (std::uint64_t i = 0; value->is_list && i < value->count; ++i) {
    const auto found =
        value->kind == GgufKind::text ? std::nullopt : number_at(value->kind, value->data.subspan(i * width, width));
    if (!found) refuse(key, "a list of numbers");
    all.push_back(*found);
  }
  if (!value->is_list) refuse(key, "a list of numbers");
  return all;
}

std::vector<bool> GgufMetadata::flags(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_list || value->kind != GgufKind::boolean) refuse(key, "a list of true and false");
  std::vector<bool> all;
  for (const auto flag : value->data)
    all.push_back(flag != std::byte{0});
  return all;
}

std::vector<std::string_view> GgufMetadata::texts(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_list || value->kind != GgufKind::text) refuse(key, "a list of texts");
  std::vector<std::string_view> all;
  all.reserve(value->count);
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < value->count; ++i) {
    const auto length = load<std::uint64_t>(value->data, at);
    all.push_back(as_text(value->data.subspan(at + sizeof length, length)));
    at += sizeof length + length;
  }
  return all;
}

}  // namespace graft::io
