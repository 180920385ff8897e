// What a tensor of an adapter file is of: one of our modules, by whichever library's and version's name. The names of
// timm, open_clip and transformers (4 on disk, 5 in memory) lead to the same places, whatever wraps the model.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/models/model.h"

namespace graft::methods::peft {

// What to do with an adapter that is not read.
inline constexpr const char* kWayOn =
    "In PEFT, merge it into its base (merge_and_unload), save that, and give graft the merged model.";

// Whose names a file gives to the modules of transformers' ViT and DINOv2: 5 renamed them in memory.
enum class Names { transformers_5, transformers_4 };
std::vector<std::pair<Names, std::string>> choices(Names);

struct Spelling;

// A tensor's name taken apart: "base_model.model.vit.layers.0.attention.q_proj.lora_A.default.weight".
struct Key {
  std::string module;    // "vit.layers.0.attention.q_proj"
  std::string part;      // "lora_A", "lora_B", "lora_B.bias", "lora_magnitude_vector"; else the last word, "weight"
  std::string adapter;   // "default" where the name says one
  bool inside = false;   // of an out_proj: adapted with its nn.MultiheadAttention, not by itself
  bool of_base = false;  // the base's own copy of a module that was saved beside it
};
Key parse_key(const std::string& name);

struct Place {
  std::string path;     // ours: "vision.blocks.0.attn.qkv.q", "vision.norm", "vision.patch"
  std::string wrapper;  // what stood before a name that is known: "vit."
  int64_t block = -1;
  bool multihead = false;  // part of an nn.MultiheadAttention there
};

class Places {
 public:
  // `base_class`: what the file says that it was trained on. CLIP's towers have the same names when they stand alone.
  explicit Places(models::Model& model, const std::string& base_class = "");
  std::optional<Place> find(const std::string& module) const;

 private:
  void add(const std::string& name, Place place);
  std::map<std::string, Place> names_;
};

// The modules that a file is to name for a site or slice, by its path.
class WrittenNames {
 public:
  WrittenNames(models::Model& model, Names names);
  std::string operator()(const std::string& path) const;

 private:
  models::Model& model_;
  const Spelling* spelling_ = nullptr;  // none: the checkpoint's own names
  std::string prefix_;
};

bool is_known_wrapper(const std::string& wrapper);

}  // namespace graft::methods::peft
