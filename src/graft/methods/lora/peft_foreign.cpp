// LoRA adapters that PEFT wrote: what is adapted and at which rank is read off the tensors.
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "graft/core/error.h"
#include "graft/methods/lora/peft.h"
#include "graft/methods/lora/peft_settings.h"
#include "graft/methods/peft_names.h"
#include "graft/tensor/resting.h"

namespace graft::methods::lora::peft {

using namespace methods::peft;
namespace {

constexpr size_t kMostUnread = 20;  // named; the rest is counted

// The tensors of one adapted module.
struct Update {
  std::string module;  // as the file calls it
  Place place;
  bool inside = false;  // out_proj, adapted with its nn.MultiheadAttention
  at::Tensor a, b, bias, magnitude;
};

std::string last_word(const std::string& module) {
  return module.substr(module.rfind('.') + 1);  // npos + 1 is 0
}

// Modules behind the features, which no feature depends on.
bool is_behind_features(const std::string& module) {
  for (const char* head : {"classifier.", "pre_classifier.", "lm_head.", "cls."}) {
    if (module.starts_with(head) || module.find(std::string(".") + head) != module.npos) return true;
  }
  const auto word = last_word(module);
  if (word == "dense" && module.ends_with("pooler.dense")) return true;
  return word.find("head") != word.npos || word.find("classif") != word.npos || word == "fc" || word == "score";
}

bool is_saved(const Settings& settings, const std::string& module) {
  return std::any_of(settings.saved.begin(), settings.saved.end(), [&](const std::string& saved) {
    return module == saved || module.ends_with("." + saved) || module.starts_with(saved + ".") ||
           module.find("." + saved + ".") != module.npos;
  });
}

ForeignHead find_head(const Settings& settings, const nn::NamedTensors& tensors) {
  ForeignHead head;
  for (const auto& [name, tensor] : tensors) {
    const Key key = parse_key(name);
    if (key.of_base || key.part != "weight" || tensor.dim() != 2 || !is_saved(settings, key.module) ||
        !is_behind_features(key.module) || key.module.ends_with("pooler.dense")) {
      continue;
    }
    if (head.weight.defined()) return {};  // a classifier of several layers
    head.module = key.module;
    head.weight = tensor.to(at::kFloat);
    head.bias = at::zeros({tensor.size(0)}, head.weight.options());
  }
  for (const auto& [name, tensor] : tensors) {
    const Key key = parse_key(name);
    if (head.weight.defined() && !key.of_base && key.module == head.module && key.part == "bias" &&
        tensor.sizes() == head.bias.sizes()) {
      head.bias = tensor.to(at::kFloat);
    }
  }
  return head;
}

class Reader {
 public:
  Reader(const io::JsonObject& config, models::Model& model)
      : settings_(read_settings(config)), model_(model), places_(model, settings_.base_class) {
    for (const auto& parameter : model.named_parameters())
      known_[parameter.key()] = parameter.value();
  }

  ForeignAdapter read(const nn::NamedTensors& tensors) {
    if (!tells_tokens()) foreign_.head = find_head(settings_, tensors);
    for (const auto& [name, tensor] : tensors)
      sort_in(name, tensor);
    for (auto& [path, update] : updates_) {
      if (update.place.path == "vision.patch") {
        add_to_patches(update);
      } else {
        add_branch(path, update);
      }
    }
    refuse_wrong(tensors.size());
    if (updates_.empty() && foreign_.parameters.empty()) {
      throw ModelError("lora", "{}: no tensor of the adapter changes {}.", settings_.file, model_.info().source);
    }
    for (const auto& [name, value] : foreign_.parameters)
      foreign_.adaptation.trained.push_back(name);
    judge_head();
    tell();
    std::string target;
    for (const auto& [path, update] : updates_)
      target += (target.empty() ? "" : ",") + path;
    foreign_.method = entry.parse({{"rank", std::to_string(settings_.rank)},
                                   {"alpha", option::print(settings_.alpha)},
                                   {"dropout", option::print(settings_.dropout)},
                                   {"rslora", option::print(settings_.rslora)},
                                   {"dora", option::print(settings_.dora)},
                                   {"target", target.empty() ? "*" : target},
                                   {"tower", "both"}});
    return std::move(foreign_);
  }

 private:
  // Of a language model nothing lies behind the features: the map to its vocabulary is part of what it answers.
  bool tells_tokens() const { return model_.info().family == "decoder"; }

  void wrong(const std::string& name, const std::string& why) { wrong_.push_back(fmt::format("  {}: {}", name, why)); }

  // Whether the file has one adapter alone: two would be one after the other in the same modules.
  bool is_one_adapter(const std::string& name, const std::string& adapter) {
    if (adapter.empty()) return true;
    if (adapter_.empty()) adapter_ = adapter;
    if (adapter == adapter_) return true;
    wrong(name, fmt::format("of the adapter '{}', beside '{}' in one file", adapter, adapter_));
    return false;
  }

  void sort_in(const std::string& name, const at::Tensor& tensor) {
    const Key key = parse_key(name);
    if (key.of_base || !is_one_adapter(name, key.adapter)) return;
    if (foreign_.head.weight.defined() && key.module == foreign_.head.module) return;
    if (!tensor.is_floating_point()) return wrong(name, "expected floating-point numbers");
    const auto place = places_.find(key.module);
    if (!place) {
      if (is_behind_features(key.module) && !tells_tokens()) {
        left_aside_.insert(key.module);
      } else {
        wrong(name, fmt::format("no such place in {}", model_.info().source));
      }
      return;
    }
    if (place->block >= 0) wrappers_.insert(place->wrapper);
    if (key.part == "weight" || key.part == "bias" || key.part == "in_proj_weight" || key.part == "in_proj_bias") {
      if (place->block < 0) {
        outside_.emplace_back(name, *place);
      }
      return set_parameter(name, *place, key.part.ends_with("weight") ? "weight" : "bias", tensor);
    }
    const std::string path = place->path;
    auto [at, is_new] = updates_.try_emplace(path);
    Update& update = at->second;
    if (is_new) {
      update.module = key.module;
      update.place = *place;
      update.inside = key.inside;
    } else if (update.module != key.module || update.inside != key.inside) {
      return wrong(name, fmt::format("a second update of {}, which {} changes too", path, update.module));
    }
    at::Tensor* part = key.part == "lora_A"                  ? &update.a
                       : key.part == "lora_B"                ? &update.b
                       : key.part == "lora_B.bias"           ? &update.bias
                       : key.part == "lora_magnitude_vector" ? &update.magnitude
                                                             : nullptr;
    if (part == nullptr) {
      wrong(name, fmt::format("{} is not read", key.part));
    } else if (part->defined()) {
      wrong(name, "there twice");
    } else {
      *part = tensor.to(at::kFloat);
    }
  }

  // A module saved whole, or a trained bias. A slice is written into the rows that are its own.
  void set_parameter(const std::string& name, const Place& place, const std::string& leaf, const at::Tensor& tensor) {
    std::string path = place.path;
    int64_t begin = 0, rows = -1;
    if (!known_.contains(path + "." + leaf)) {  // a slice, perhaps
      for (const auto* joint : model_.joints()) {
        for (const auto& slice : joint->site().slices) {
          if (joint->site().path + "." + slice.name != path) continue;
          begin = slice.begin;
          rows = slice.end - slice.begin;
        }
      }
      if (rows > 0) path = path.substr(0, path.rfind('.'));
    }
    const std::string ours = path + "." + leaf;
    const auto found = known_.find(ours);
    if (found == known_.end()) return wrong(name, fmt::format("{} has no {} there", model_.info().source, leaf));
    if (!foreign_.parameters.contains(ours)) {
      foreign_.parameters[ours] = tensor::numbers_of(found->second.detach()).to(at::kFloat).clone();
    }
    at::Tensor value = foreign_.parameters.at(ours);
    if (rows > 0) value = value.narrow(0, begin, rows);
    if (tensor.numel() != value.numel() || tensor.dim() == 0 || tensor.size(0) != value.size(0)) {
      return wrong(name, fmt::format("shape [{}], here it is [{}]", fmt::join(tensor.sizes(), ", "),
                                     fmt::join(value.sizes(), ", ")));
    }
    value.copy_(tensor.to(at::kFloat).reshape(value.sizes()));
  }

  double scale_of(const Update& update, int64_t rank) const {
    // out_proj is adapted at its attention's alpha
    const auto& module = update.module;
    const double alpha = peft::alpha_of(settings_, update.inside ? module.substr(0, module.rfind('.')) : module);
    return alpha / (settings_.rslora ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank));
  }

  bool fits(const std::string& what, const at::Tensor& tensor, const std::vector<int64_t>& shape) {
    if (!tensor.defined() || tensor.sizes() == at::IntArrayRef(shape)) return true;
    wrong(what, fmt::format("shape [{}], expected [{}]", fmt::join(tensor.sizes(), ", "), fmt::join(shape, ", ")));
    return false;
  }

  bool is_plain(const Update& update) const {
    return !update.bias.defined() && !update.magnitude.defined() && settings_.start == Start::plain;
  }

  bool is_pair(const Update& update, size_t dimensions) {
    for (const auto& [part, tensor] : {std::pair{"lora_A", update.a}, std::pair{"lora_B", update.b}}) {
      const auto name = update.module + "." + part;
      if (!tensor.defined()) return wrong(name, "missing"), false;
      if (static_cast<size_t>(tensor.dim()) != dimensions || tensor.numel() == 0) {
        wrong(name, fmt::format("shape [{}]: expected {} dimensions, none of them 0", fmt::join(tensor.sizes(), ", "),
                                dimensions));
        return false;
      }
    }
    return true;
  }

  // The rows of a parameter as they will be when the adapter is in place.
  at::Tensor value_of(const std::string& path, const char* leaf, const nn::Slice* slice) {
    const std::string ours = path + "." + leaf;
    const auto set = foreign_.parameters.find(ours);
    at::Tensor value;
    if (set != foreign_.parameters.end()) {
      value = set->second;
    } else if (known_.contains(ours)) {
      value = tensor::numbers_of(known_.at(ours).detach()).to(at::kFloat);
    }
    return value.defined() && slice ? value.narrow(0, slice->begin, slice->end - slice->begin) : value;
  }

  void add_branch(const std::string& path, const Update& update) {
    const auto located = find_site(path);
    if (!located) return wrong(update.module, fmt::format("no linear map or convolution in {}", model_.info().source));
    const auto [joint, slice] = *located;
    const int64_t in = joint->site().in, out = slice ? slice->end - slice->begin : joint->site().out;
    const auto& window = joint->site().window;
    if (!is_pair(update, 2 + window.sides.size())) return;
    if (!window.sides.empty() && !is_plain(update))
      return wrong(update.module, "a convolution is read with plain LoRA alone");
    const int64_t rank = update.a.size(0);
    std::vector<int64_t> of_a = {rank, in}, of_b = {out, rank};
    of_a.insert(of_a.end(), window.sides.begin(), window.sides.end());
    of_b.resize(of_a.size(), 1);
    bool fit = fits(update.module + ".lora_A", update.a, of_a);
    fit = fits(update.module + ".lora_B", update.b, of_b) && fit;
    fit = fits(update.module + ".lora_B.bias", update.bias, {out}) && fit;
    fit = fits(update.module + ".lora_magnitude_vector", update.magnitude, {out}) && fit;
    if (settings_.dora != update.magnitude.defined()) {
      wrong(update.module + ".lora_magnitude_vector",
            settings_.dora ? "missing, with \"use_dora\": true" : "there without \"use_dora\": true");
      return;
    }
    if (!fit || !runs_in_peft(update)) return;
    BranchParts parts{
        .a = update.a, .b = update.b, .scale = scale_of(update, rank), .dropout = settings_.dropout, .window = window};
    if (update.place.multihead && update.inside) parts.b = parts.b * times_of_out_proj(update);
    if (update.place.multihead && update.bias.defined()) {
      return wrong(update.module, "lora_bias on an nn.MultiheadAttention is not read");
    }
    if (settings_.start != Start::plain) {
      if (update.place.multihead) {
        return wrong(update.module, "init_lora_weights that change the base do not work on an nn.MultiheadAttention");
      }
      take_start_back(value_of(joint->site().path, "weight", slice), parts);
    }
    if (update.bias.defined()) parts.shift = parts.scale * update.bias;
    if (update.magnitude.defined() && !update.bias.defined()) {
      parts.squares = value_of(joint->site().path, "weight", slice).square().sum(1);
      parts.magnitude = update.magnitude.clone();
    } else if (update.magnitude.defined()) {
      const auto weight = value_of(joint->site().path, "weight", slice) + parts.scale * at::mm(parts.b, parts.a);
      parts.gain = update.magnitude / weight.norm(2, /*dim=*/1);
      const auto bias = value_of(joint->site().path, "bias", slice);
      if (bias.defined()) parts.shift = (1 - parts.gain) * bias;  // the bias is not scaled
    }
    foreign_.adaptation.bindings.push_back({std::make_shared<Branch>(std::move(parts)), {path}, entry.name});
  }

  std::optional<Located> find_site(const std::string& path) {
    for (auto* joint : model_.joints()) {
      const nn::Site& site = joint->site();
      if (site.kind != nn::SiteKind::linear && site.kind != nn::SiteKind::convolution) continue;
      if (site.path == path) return Located{joint, nullptr};
      for (const auto& slice : site.slices) {
        if (site.path + "." + slice.name == path) return Located{joint, &slice};
      }
    }
    return std::nullopt;
  }

  // torch.nn.MultiheadAttention does not call its out_proj, so that PEFT's update of it alone has no effect there.
  bool runs_in_peft(const Update& update) {
    if (!update.place.multihead || update.inside || !update.module.ends_with(".out_proj")) return true;
    if (update.b.count_nonzero().item<int64_t>() == 0) return false;
    wrong(update.module,
          "PEFT does not run an update of an nn.MultiheadAttention's out_proj by itself; target the attention");
    return false;
  }

  double times_of_out_proj(const Update& update) {
    const auto times = out_proj_of(settings_.version);
    if (times != OutProj::twice && update.b.count_nonzero().item<int64_t>() > 0) open_out_proj_ = times;
    return times == OutProj::once_perhaps ? 1 : 2;
  }

  // PEFT starts the pair anew from the base when it loads one, takes that start out of the base, and only then puts the
  // file's pair in. Here the start is subtracted by the branch: rank r more, and the base stays as it is.
  void take_start_back(const at::Tensor& weight, BranchParts& parts) const {
    const auto taken = taken_from(weight, settings_.start, parts.a.size(0), parts.scale);
    parts.a = at::cat({parts.a, taken.a});
    parts.b = at::cat({parts.b, -taken.b}, 1);
  }

  // A convolution of patches is a linear map, but no site: its weight is changed.
  void add_to_patches(const Update& update) {
    const auto name = update.module;
    if (!is_pair(update, 4)) return;
    if (!is_plain(update)) return wrong(name, "a convolution is read with plain LoRA alone");
    const std::string ours = "vision.patch.weight";
    const auto found = known_.find(ours);
    if (found == known_.end()) return wrong(name, "no such place");
    const auto before = value_of("vision.patch", "weight", nullptr);
    const int64_t rank = update.a.size(0);
    if (update.b.size(1) != rank || update.b.size(0) != before.size(0) || update.b.numel() != before.size(0) * rank ||
        update.a.numel() * before.size(0) != before.numel() * rank) {
      return wrong(name, fmt::format("shapes [{}] and [{}] do not fit [{}]", fmt::join(update.a.sizes(), ", "),
                                     fmt::join(update.b.sizes(), ", "), fmt::join(before.sizes(), ", ")));
    }
    const auto change = at::mm(update.b.reshape({-1, rank}), update.a.reshape({rank, -1})).reshape(before.sizes());
    foreign_.parameters[ours] = before + scale_of(update, rank) * change;
  }

  void refuse_wrong(size_t tensors) {
    // Outside the blocks a name says little ("norm"): what stands before it must stand before the blocks too.
    for (const auto& [name, place] : outside_) {
      if (!wrappers_.empty() && !wrappers_.contains(place.wrapper)) {
        wrong(name, fmt::format("no such place in {}", model_.info().source));
      }
    }
    if (wrong_.empty()) return;
    const size_t count = wrong_.size();
    if (count > kMostUnread) {
      wrong_.resize(kMostUnread);
      wrong_.push_back(fmt::format("  and {} more", count - kMostUnread));
    }
    throw ModelError("lora", "{}: the adapter does not fit {}, {} of {} tensors:\n{}\n{}", settings_.file,
                     model_.info().source, count, std::max(count, tensors), fmt::join(wrong_, "\n"), kWayOn);
  }

  void judge_head() {
    const auto& head = foreign_.head;
    if (!head.weight.defined()) return;
    const int64_t width = model_.reader().width(model_.reader().last());
    if (settings_.base_class == "CLIPForImageClassification" ||
        (model_.info().layout == "hf" && model_.has_prompts() && head.module == "classifier")) {
      foreign_.headless = fmt::format("its {} reads the mean of the patches, which are no features of {}", head.module,
                                      model_.info().source);
    } else if (head.module == "classifier" && model_.info().family == "bert" && model_.info().pooling != "pooler") {
      // BertForSequenceClassification's; RoBERTa's and DistilBERT's have a layer more
      foreign_.headless =
          fmt::format("its {} reads other numbers than the features of {}", head.module, model_.info().source);
    } else if (head.weight.size(1) != width) {
      foreign_.headless = fmt::format("its {} reads {} numbers, the features of {} are {}", head.module,
                                      head.weight.size(1), model_.info().source, width);
    }
  }

  void tell() {
    const auto& source = settings_.file;
    for (const auto& wrapper : wrappers_) {
      if (!is_known_wrapper(wrapper)) {
        foreign_.notes.push_back({fmt::format(
            "{}: the names of its modules begin with '{}', taken for a wrapper around the model", source, wrapper)});
      }
    }
    if (!left_aside_.empty()) {
      foreign_.notes.push_back(
          {fmt::format("{}: {} lie behind the features and are left aside", source, fmt::join(left_aside_, ", "))});
    }
    if (!foreign_.headless.empty()) {
      foreign_.notes.push_back({fmt::format("{}: its classifier is left aside: {}", source, foreign_.headless)});
    }
    if (open_out_proj_ == OutProj::once_perhaps) {
      foreign_.notes.push_back(
          {fmt::format("{}: peft_version {} is newer than 0.21.2, the last that adds the update of an "
                       "attention's out_proj twice; added once",
                       source, settings_.version)});
    } else if (open_out_proj_ == OutProj::twice_perhaps) {
      foreign_.notes.push_back(
          {fmt::format("{}: no peft_version; the update of an attention's out_proj is added twice, as "
                       "PEFT up to 0.21.2 does",
                       source)});
    }
  }

  Settings settings_;
  models::Model& model_;
  Places places_;
  nn::NamedTensors known_;                 // the model's parameters
  std::map<std::string, Update> updates_;  // by our paths
  std::vector<std::pair<std::string, Place>> outside_;
  std::set<std::string> wrappers_, left_aside_;
  std::string adapter_;
  std::vector<std::string> wrong_;
  OutProj open_out_proj_ = OutProj::twice;
  ForeignAdapter foreign_;
};

}  // namespace

ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model) {
  const torch::NoGradGuard no_grad;
  return Reader(config, model).read(tensors);
}

ForeignHead saved_head(const io::JsonObject& config, const nn::NamedTensors& tensors) {
  return find_head(read_settings(config), tensors);
}

}  // namespace graft::methods::lora::peft
