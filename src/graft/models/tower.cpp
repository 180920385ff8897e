#include "graft/models/tower.h"

#include <charconv>

#include "graft/core/error.h"

namespace graft::models {

nn::Place Tower::place_named(std::string_view where, const std::string& name) const {
  constexpr std::string_view kBlock = "block.";
  if (name == input_) return 0;
  if (name == "tokens") return 1;
  if (name == "pooled") return pooled();
  if (name == "projected") return last();
  int64_t block = -1;
  if (name.starts_with(kBlock)) {
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kBlock.size(), end, block);
    if (parsed.ec != std::errc() || parsed.ptr != end) block = -1;
  }
  if (blocks_ == 0) {
    throw UsageError(where, "no place '{}': expected {}, pooled or projected; there are no blocks.", name, input_);
  }
  if (block < 0 || block >= blocks_) {
    throw UsageError(where, "no place '{}': expected {}, tokens, block.0 to block.{}, pooled or projected.", name,
                     input_, blocks_ - 1);
  }
  return 2 + block;
}

std::string Tower::name_of(nn::Place place) const {
  if (place == last() && last() != pooled()) return "projected";
  if (place == pooled()) return "pooled";
  return place <= 1 ? (place == 0 ? input_ : "tokens") : fmt::format("block.{}", place - 2);
}

nn::Place Tower::place_of(const std::string& name) const {
  if (name.starts_with("proj.")) return pooled();
  if (name.starts_with("norm.") || name.starts_with("pooler.")) return 1 + blocks();
  if (name.starts_with("blocks.")) return 1 + std::stoll(name.substr(7));
  return 0;
}

at::Tensor Tower::map(const nn::Value&, nn::Place) const {
  throw InternalError("model", "the {} tower gives no maps", to_string(name()));
}

at::Tensor Tower::embed_words(const at::Tensor&) const {
  throw InternalError("model", "the {} tower reads no text", to_string(name()));
}

TextReader Tower::text_reader() const {
  throw InternalError("model", "the {} tower reads no text", to_string(name()));
}

at::Tensor Tower::positions_at(data::Size) const {
  throw InternalError("model", "the {} tower reads no images", to_string(name()));
}

void Tower::check_way(nn::Place from, nn::Place to) const {
  if (from > to || from < 0 || to > last()) {
    throw ConfigError("model", "no way from place {} to place {}: expected 0 <= from <= to <= {}.", from, to, last());
  }
}

}  // namespace graft::models
