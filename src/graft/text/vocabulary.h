// The tokens of a model by spelling and by id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace graft::text {

class Vocabulary {
 public:
  // A token that comes again takes the later id. `from` is what a refusal of the id calls the file.
  void add(std::string token, int64_t id, std::string_view from);

  std::optional<int32_t> find(std::string_view token) const;
  const std::string* token(int32_t id) const;  // null: no token has it
  size_t count() const { return ids_.size(); }
  int32_t end() const { return static_cast<int32_t>(tokens_.size()); }  // the highest id plus 1
  size_t longest() const { return longest_; }                           // bytes of the longest token

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view token) const { return std::hash<std::string_view>()(token); }
  };
  std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> ids_;
  std::vector<std::optional<std::string>> tokens_;  // [id]
  size_t longest_ = 0;
};

}  // namespace graft::text
