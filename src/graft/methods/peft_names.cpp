#include "graft/methods/peft_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "graft/methods/places.h"

namespace graft::methods::peft {

// What a library calls the modules of a block.
struct Spelling {
  const char* vision;  // before a block's number
  const char* text;
  const char* norm1;
  const char* norm2;
  const char* qkv;
  const char* q;
  const char* k;
  const char* v;
  const char* proj;
  const char* fc1;
  const char* fc2;
  bool multihead = false;
};

namespace {

constexpr Spelling kTimm = {"blocks.", nullptr, "norm1",     "norm2",   "attn.qkv", nullptr,
                            nullptr,   nullptr, "attn.proj", "mlp.fc1", "mlp.fc2"};
constexpr Spelling kVit4 = {"encoder.layer.",
                            nullptr,
                            "layernorm_before",
                            "layernorm_after",
                            nullptr,
                            "attention.attention.query",
                            "attention.attention.key",
                            "attention.attention.value",
                            "attention.output.dense",
                            "intermediate.dense",
                            "output.dense"};
constexpr Spelling kVit5 = {"layers.",
                            nullptr,
                            "layernorm_before",
                            "layernorm_after",
                            nullptr,
                            "attention.q_proj",
                            "attention.k_proj",
                            "attention.v_proj",
                            "attention.o_proj",
                            "mlp.fc1",
                            "mlp.fc2"};
constexpr Spelling kDinov24 = {"encoder.layer.",
                               nullptr,
                               "norm1",
                               "norm2",
                               nullptr,
                               "attention.attention.query",
                               "attention.attention.key",
                               "attention.attention.value",
                               "attention.output.dense",
                               "mlp.fc1",
                               "mlp.fc2"};
constexpr Spelling kDinov25 = {"encoder.layer.",
                               nullptr,
                               "norm1",
                               "norm2",
                               nullptr,
                               "attention.q_proj",
                               "attention.k_proj",
                               "attention.v_proj",
                               "attention.o_proj",
                               "mlp.fc1",
                               "mlp.fc2"};
constexpr Spelling kClip = {"vision_model.encoder.layers.",
                            "text_model.encoder.layers.",
                            "layer_norm1",
                            "layer_norm2",
                            nullptr,
                            "self_attn.q_proj",
                            "self_attn.k_proj",
                            "self_attn.v_proj",
                            "self_attn.out_proj",
                            "mlp.fc1",
                            "mlp.fc2"};
constexpr Spelling kOpenClip = {"visual.transformer.resblocks.",
                                "transformer.resblocks.",
                                "ln_1",
                                "ln_2",
                                "attn",
                                nullptr,
                                nullptr,
                                nullptr,
                                "attn.out_proj",
                                "mlp.c_fc",
                                "mlp.c_proj",
                                true};

// One tower of transformers' CLIP by itself, as transformers 5 holds it.
constexpr Spelling one_tower(bool text) {
  Spelling spelling = kClip;
  spelling.vision = text ? nullptr : "encoder.layers.";
  spelling.text = text ? "encoder.layers." : nullptr;
  return spelling;
}
constexpr Spelling kClipVision = one_tower(false), kClipText = one_tower(true);

constexpr Spelling kBert = {nullptr,
                            "encoder.layer.",
                            "attention.output.LayerNorm",
                            "output.LayerNorm",
                            nullptr,
                            "attention.self.query",
                            "attention.self.key",
                            "attention.self.value",
                            "attention.output.dense",
                            "intermediate.dense",
                            "output.dense"};
constexpr Spelling kDistilBert = {
    nullptr,           "transformer.layer.", "sa_layer_norm",     "output_layer_norm", nullptr,   "attention.q_lin",
    "attention.k_lin", "attention.v_lin",    "attention.out_lin", "ffn.lin1",          "ffn.lin2"};

struct Outside {
  const char* path;
  const char* name;
};
constexpr Outside kOutside[] = {
    {"vision.norm", "norm"},
    {"vision.norm", "fc_norm"},
    {"vision.norm", "layernorm"},
    {"vision.norm", "vision_model.post_layernorm"},
    {"vision.norm", "visual.ln_post"},
    {"vision.norm_pre", "norm_pre"},
    {"vision.norm_pre", "vision_model.pre_layrnorm"},
    {"vision.norm_pre", "visual.ln_pre"},
    {"vision.patch", "patch_embed.proj"},
    {"vision.patch", "embeddings.patch_embeddings.projection"},
    {"vision.patch", "vision_model.embeddings.patch_embedding"},
    {"vision.patch", "visual.conv1"},
    {"vision.proj", "visual_projection"},
    {"text.norm", "text_model.final_layer_norm"},
    {"text.norm", "ln_final"},
    {"text.proj", "text_projection"},
    {"text.norm_pre", "embeddings.LayerNorm"},
};
constexpr Outside kOutsideVision[] = {{"vision.norm", "post_layernorm"},
                                      {"vision.norm_pre", "pre_layrnorm"},
                                      {"vision.patch", "embeddings.patch_embedding"}};
constexpr Outside kOutsideText[] = {{"text.norm", "final_layer_norm"}};

// Ours and theirs of a block's modules; null where the spelling has none.
std::vector<std::pair<const char*, const char*>> parts_of(const Spelling& s) {
  return {{"norm1", s.norm1},  {"norm2", s.norm2},    {"attn.qkv", s.qkv}, {"attn.qkv.q", s.q}, {"attn.qkv.k", s.k},
          {"attn.qkv.v", s.v}, {"attn.proj", s.proj}, {"mlp.fc1", s.fc1},  {"mlp.fc2", s.fc2}};
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    words.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

bool is_number(const std::string& word) {
  return !word.empty() && word.find_first_not_of("0123456789") == word.npos;
}

// A wrapper that names the other tower than the one the rest of the name leads to.
bool of_other_tower(const std::string& wrapper, const std::string& path) {
  const bool text = wrapper.find("text") != wrapper.npos || wrapper.find("language") != wrapper.npos ||
                    wrapper.find("decoder") != wrapper.npos;
  const bool vision = wrapper.find("vis") != wrapper.npos || wrapper.find("image") != wrapper.npos;
  return path.starts_with("text.") ? vision : text;
}

}  // namespace

std::vector<std::pair<Names, std::string>> choices(Names) {
  return {{Names::transformers_5, "transformers-5"}, {Names::transformers_4, "transformers-4"}};
}

Key parse_key(const std::string& name) {
  static const std::set<std::string> kNothing = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"};
  Key key;
  std::vector<std::string> words;
  for (auto& word : words_of(name)) {
    if (!kNothing.contains(word)) words.push_back(std::move(word));
  }
  if (words.size() > 2 && words[0] == "base_model" && words[1] == "model")
    words.erase(words.begin(), words.begin() + 2);
  std::vector<std::string> module;
  size_t i = 0;
  for (; i < words.size() && !words[i].starts_with("lora_"); ++i) {
    if (words[i] == "base_layer") {
      key.inside = true;
    } else if (words[i] == "original_module") {
      key.of_base = true;
    } else if (words[i] == "modules_to_save" && i + 1 < words.size()) {
      if (i + 2 < words.size()) key.adapter = words[++i];
    } else {
      module.push_back(words[i]);
    }
  }
  key.inside = key.inside && i < words.size() && !module.empty() && module.back() == "out_proj";
  if (i == words.size()) {
    key.part = module.empty() ? name : module.back();
    if (!module.empty()) module.pop_back();
  } else {
    key.part = words[i];
    std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
    if (!rest.empty() && (rest.back() == "weight" || rest.back() == "bias")) {
      if (rest.back() == "bias") key.part += ".bias";
      rest.pop_back();
    }
    key.adapter = fmt::format("{}", fmt::join(rest, "."));
  }
  key.module = fmt::format("{}", fmt::join(module, "."));
  return key;
}

Places::Places(models::Model& model, const std::string& base_class) {
  std::map<nn::Tower, int64_t> blocks;
  for (const auto* joint : model.joints()) {
    const nn::Site& site = joint->site();
    if (site.kind != nn::SiteKind::linear) continue;
    blocks[site.tower] = std::max(blocks[site.tower], site.block + 1);
  }
  const bool text_alone = base_class.starts_with("CLIPText");
  for (const auto* spelling : {&kTimm, &kVit4, &kVit5, &kDinov24, &kDinov25, &kClip,
                               text_alone ? &kClipText : &kClipVision, &kOpenClip, &kBert, &kDistilBert}) {
    for (const auto& [tower, count] : blocks) {
      const char* before = tower == nn::Tower::vision ? spelling->vision : spelling->text;
      if (before == nullptr) continue;
      for (int64_t k = 0; k < count; ++k) {
        for (const auto& [ours, theirs] : parts_of(*spelling)) {
          if (theirs == nullptr) continue;
          const bool attention = std::string_view(ours).starts_with("attn");
          add(fmt::format("{}{}.{}", before, k, theirs),
              {fmt::format("{}.blocks.{}.{}", to_string(tower), k, ours), "", k, spelling->multihead && attention});
        }
      }
    }
  }
  for (const auto& [path, name] : kOutside)
    add(name, {path, "", -1});
  if (text_alone) {
    for (const auto& [path, name] : kOutsideText)
      add(name, {path, "", -1});
  } else {
    for (const auto& [path, name] : kOutsideVision)
      add(name, {path, "", -1});
  }
  // What the checkpoint calls them, where no spelling above is the end of that.
  const auto add_own = [&](const std::string& name, const std::string& path, int64_t block) {
    const auto found = find(name);
    if (!name.empty() && (!found || found->path != path)) add(name, {path, "", block});
  };
  for (const auto* joint : model.joints()) {
    const nn::Site& site = joint->site();
    if (site.kind != nn::SiteKind::linear && site.kind != nn::SiteKind::convolution) continue;
    if (site.path == "text.pooler") add("pooler.dense", {site.path, "", -1});
    add_own(site.checkpoint, site.path, site.block);
    for (const auto& slice : site.slices)
      add_own(slice.checkpoint, site.path + "." + slice.name, site.block);
  }
}

void Places::add(const std::string& name, Place place) {
  names_[name] = std::move(place);
}

std::optional<Place> Places::find(const std::string& module) const {
  for (size_t begin = 0;;) {
    if (const auto found = names_.find(module.substr(begin)); found != names_.end()) {
      Place place = found->second;
      place.wrapper = module.substr(0, begin);
      const auto words = words_of(place.wrapper);
      // The first of a Sequential's parts may be the model; a number further inside is a block's.
      if (std::any_of(words.begin() + 1, words.end(), is_number) || of_other_tower(place.wrapper, place.path)) {
        return std::nullopt;
      }
      return place;
    }
    const size_t dot = module.find('.', begin);
    if (dot == module.npos) return std::nullopt;
    begin = dot + 1;
  }
}

bool is_known_wrapper(const std::string& wrapper) {
  static const std::set<std::string> kKnown = {
      "",     "vit",    "dinov2", "dinov2_with_registers", "deit",    "model", "module",  "backbone",
      "clip", "visual", "trunk",  "vision_model",          "encoder", "bert",  "roberta", "distilbert"};
  for (const auto& word : words_of(wrapper)) {
    if (!kKnown.contains(word)) return false;
  }
  return true;
}

WrittenNames::WrittenNames(models::Model& model, Names names) : model_(model) {
  if (model.info().layout != "hf" || !model.tower(nn::Tower::vision)) return;
  // Names in memory differ where q, k and v are apart; a fused map is called as in the file (TimeSformer).
  if (!model.joint("vision.blocks.0.attn.qkv").site().checkpoint.empty()) return;
  const std::string& fc1 = model.joint("vision.blocks.0.mlp.fc1").site().checkpoint;
  const bool old = names == Names::transformers_4;
  const struct {
    const char* end;
    const Spelling* spelling;
  } kKinds[] = {{"encoder.layer.0.intermediate.dense", old ? &kVit4 : &kVit5},
                {"encoder.layer.0.mlp.fc1", old ? &kDinov24 : &kDinov25},
                {"layers.0.mlp.fc1", old ? &kVit4 : &kVit5}};
  for (const auto& kind : kKinds) {
    if (!fc1.ends_with(kind.end) || fc1.ends_with("encoder.layers.0.mlp.fc1")) continue;
    spelling_ = kind.spelling;
    prefix_ = fc1.substr(0, fc1.size() - std::string_view(kind.end).size());
    return;
  }
}

std::string WrittenNames::operator()(const std::string& path) const {
  const nn::Site& site = locate(model_, nullptr, path).joint->site();
  if (spelling_ != nullptr && site.block >= 0) {
    const std::string before = fmt::format("{}.blocks.{}.", to_string(site.tower), site.block);
    for (const auto& [ours, theirs] : parts_of(*spelling_)) {
      if (path == before + ours) return fmt::format("{}{}{}.{}", prefix_, spelling_->vision, site.block, theirs);
    }
  }
  return checkpoint_path(model_, path);
}

}  // namespace graft::methods::peft
