#include "graft/methods/lora/peft.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <deque>
#include <regex>

#include "graft/methods/disk.h"

namespace graft::methods::lora::peft {
namespace {

// One branch in a module's pair: its rows of A and columns of B from `rank`, its rows of B from `row`.
struct Part {
  const Branch* branch;
  int64_t rank;
  int64_t row;
};

// A pair of the file.
struct Pair {
  std::string key;     // "blocks.3.attn.qkv": the file's name between prefix and ".lora_A.weight"
  std::string target;  // the module that PEFT is told of; not the key for an nn.MultiheadAttention's out_proj
  int64_t in = 0, out = 0, rank = 0;
  double times = 1;  // how often PEFT adds the pair's update
  std::vector<Part> parts;
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// open_clip and OpenAI hold attention in an nn.MultiheadAttention, whose in_proj_weight and out_proj PEFT adapts as one
// target: always both, at one rank. PEFT 0.21 adds out_proj's update twice (merge() writes it into the weight, then
// calls out_proj's own merge()), in training as in use, so its adapters mean twice what out_proj's pair says.
bool is_multihead(const models::Model& model, const nn::Site& site) {
  const auto& layout = model.info().layout;
  return (layout == "open_clip" || layout == "openai") &&
         (ends_with(site.path, ".attn.qkv") || ends_with(site.path, ".attn.proj"));
}

std::string attention_of(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}

// The module that holds an attention's in_proj_weight.
std::string multihead_module(models::Model& model, const std::string& attention) {
  const auto& proj = locate(model, nullptr, attention + ".proj").joint->site().checkpoint;  // "....attn.out_proj"
  return proj.substr(0, proj.rfind('.'));
}

class Pairs {
 public:
  Pairs(models::Model& model, const Adaptation& adaptation) : model_(model) {
    for (const auto& binding : adaptation.bindings)
      add(binding);
    for (const auto& attention : multiheads_)
      complete(attention);
  }

  const std::deque<Pair>& all() const { return pairs_; }

 private:
  void add(const Binding& binding) {
    const auto* branch = dynamic_cast<const Branch*>(binding.insert.get());
    GRAFT_ASSERT(branch && binding.sites.size() == 1);
    const auto [joint, slice] = locate(model_, nullptr, binding.sites.front());
    const nn::Site& site = joint->site();
    Pair* pair;
    int64_t row = 0;
    if (is_multihead(model_, site)) {
      const std::string attention = attention_of(site.path);
      if (std::find(multiheads_.begin(), multiheads_.end(), attention) == multiheads_.end()) {
        multiheads_.push_back(attention);
      }
      pair = &of_site(site);
      row = slice ? slice->begin : 0;
    } else if (slice && !slice->checkpoint.empty()) {
      pair = &of(slice->checkpoint, slice->checkpoint, site.in, slice->end - slice->begin);
    } else {
      pair = &of_site(site);
      row = slice ? slice->begin : 0;
    }
    const int64_t rank = branch->a().size(0);
    pair->parts.push_back({branch, pair->rank, row});
    pair->rank += rank;
  }

  Pair& of_site(const nn::Site& site) {
    if (!is_multihead(model_, site)) return of(site.checkpoint, site.checkpoint, site.in, site.out);
    const std::string module = multihead_module(model_, attention_of(site.path));
    if (ends_with(site.path, ".qkv")) return of(module, module, site.in, site.out);
    Pair& pair = of(module + ".base_layer.out_proj", module, site.in, site.out);
    pair.times = 2;
    return pair;
  }

  Pair& of(const std::string& key, const std::string& target, int64_t in, int64_t out) {
    for (auto& pair : pairs_) {
      if (pair.key == key) return pair;
    }
    Pair& pair = pairs_.emplace_back();
    pair.key = key;
    pair.target = target;
    pair.in = in;
    pair.out = out;
    return pair;
  }

  // Both pairs of a multi-head attention, at the larger rank of the two; what is not adapted stays zero.
  void complete(const std::string& attention) {
    const auto& qkv = locate(model_, nullptr, attention + ".qkv").joint->site();
    const auto& proj = locate(model_, nullptr, attention + ".proj").joint->site();
    const int64_t rank = std::max(of_site(qkv).rank, of_site(proj).rank);
    of_site(qkv).rank = of_site(proj).rank = rank;
  }

  models::Model& model_;
  std::deque<Pair> pairs_;  // references to pairs stay good
  std::vector<std::string> multiheads_;
};

std::string name_a(const Pair& pair) {
  return "base_model.model." + pair.key + ".lora_A.weight";
}
std::string name_b(const Pair& pair) {
  return "base_model.model." + pair.key + ".lora_B.weight";
}

// The rows of A, or rows and columns of B, that are a part's.
at::Tensor part_of_a(const at::Tensor& a, const Part& part) {
  return a.narrow(0, part.rank, part.branch->a().size(0));
}
at::Tensor part_of_b(const at::Tensor& b, const Part& part) {
  return b.narrow(0, part.row, part.branch->b().size(0)).narrow(1, part.rank, part.branch->b().size(1));
}

double alpha_at(const Options& o, int64_t rank) {
  const double ratio = static_cast<double>(rank) / static_cast<double>(o.rank);
  return o.alpha * (o.rslora ? std::sqrt(ratio) : ratio);
}

// Whole numbers without a point, as PEFT's own configurations have them.
nlohmann::json number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<int64_t>(value);
  return value;
}

}  // namespace

nlohmann::json config(const Options& options, models::Model& model, const Adaptation& adaptation) {
  const Pairs pairs(model, adaptation);
  const int64_t rank = pairs.all().front().rank;
  std::vector<std::string> targets;
  nlohmann::json ranks = nlohmann::json::object(), alphas = nlohmann::json::object();
  for (const auto& pair : pairs.all()) {
    if (pair.key == pair.target) targets.push_back(pair.target);  // out_proj comes with its attention
    if (pair.key == pair.target && pair.rank != rank) {
      ranks[pair.target] = pair.rank;
      alphas[pair.target] = number(alpha_at(options, pair.rank));
    }
  }
  return {
      {"peft_type", "LORA"},
      {"task_type", nullptr},
      {"base_model_name_or_path", model.info().source},
      {"inference_mode", true},
      {"r", rank},
      {"lora_alpha", number(alpha_at(options, rank))},
      {"lora_dropout", options.dropout},
      {"use_rslora", options.rslora},
      {"bias", "none"},
      {"fan_in_fan_out", false},
      {"target_modules", targets},
      {"rank_pattern", ranks},
      {"alpha_pattern", alphas},
  };
}

Tensors write(models::Model& model, const Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  Tensors tensors;
  const Pairs pairs(model, adaptation);
  for (const auto& pair : pairs.all()) {
    const auto a = torch::zeros({pair.rank, pair.in}), b = torch::zeros({pair.out, pair.rank});
    for (const auto& part : pair.parts) {
      part_of_a(a, part).copy_(part.branch->a());
      part_of_b(b, part).copy_(part.branch->b() / pair.times);
    }
    tensors[name_a(pair)] = a;
    tensors[name_b(pair)] = b;
  }
  return tensors;
}

void read(models::Model& model, const Tensors& tensors, Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  const Pairs pairs(model, adaptation);
  Tensors wanted;
  for (const auto& pair : pairs.all()) {
    wanted[name_a(pair)] = torch::empty({pair.rank, pair.in});
    wanted[name_b(pair)] = torch::empty({pair.out, pair.rank});
  }
  copy_by_name(entry.name, model, tensors, wanted);

  // Outside its blocks B must be zero, or the file says more than these slices can hold.
  std::vector<std::string> wrong;
  for (const auto& pair : pairs.all()) {
    auto rest = wanted.at(name_b(pair)).clone();
    for (const auto& part : pair.parts)
      part_of_b(rest, part).zero_();
    if (rest.count_nonzero().item<int64_t>() > 0) wrong.push_back("  " + name_b(pair));
  }
  if (!wrong.empty()) {
    throw ModelError("lora", "the adapter also changes outputs that --target does not name, in {} of {} pairs:\n{}",
                     wrong.size(), pairs.all().size(), fmt::join(wrong, "\n"));
  }
  for (const auto& pair : pairs.all()) {
    for (const auto& part : pair.parts) {
      at::Tensor(part.branch->a()).copy_(part_of_a(wanted.at(name_a(pair)), part));
      at::Tensor(part.branch->b()).copy_(part_of_b(wanted.at(name_b(pair)), part) * pair.times);
    }
  }
}

OptionValues options(const nlohmann::json& config, models::Model& model) {
  const auto given = [&](const char* key) {
    const auto found = config.find(key);
    return found != config.end() && !found->is_null() && *found != false && !(found->is_structured() && found->empty());
  };
  for (const char* key : {"use_dora", "lora_bias", "rank_pattern", "alpha_pattern", "fan_in_fan_out", "modules_to_save",
                          "layers_to_transform", "layer_replication", "exclude_modules", "target_parameters",
                          "trainable_token_indices"}) {
    if (given(key))
      throw ModelError("lora", "adapter_config.json has \"{}\": {}, which is not read.", key, config[key].dump());
  }
  if (config.value("bias", "none") != "none") {
    throw ModelError("lora", "adapter_config.json has \"bias\": {}: trained biases are not read.",
                     config["bias"].dump());
  }
  const auto asked = config.find("target_modules");
  if (asked == config.end() || asked->is_null()) {
    throw ModelError("lora", "adapter_config.json has no \"target_modules\".");
  }
  // PEFT's rules: a text is a regular expression for the whole name; an item of a list is a name or its end after a
  // dot.
  const auto named = [&](const std::string& module) {
    if (asked->is_string()) {
      const auto pattern = asked->get<std::string>();
      return pattern == "all-linear" || std::regex_match(module, std::regex(pattern));
    }
    for (const auto& item : *asked) {
      const auto name = item.get<std::string>();
      if (module == name || ends_with(module, "." + name)) return true;
    }
    return false;
  };
  std::string target;
  const auto add = [&](const std::string& path) { target += (target.empty() ? "" : ",") + path; };
  for (const auto* joint : model.joints()) {
    const nn::Site& site = joint->site();
    if (site.kind != nn::SiteKind::linear) continue;
    if (is_multihead(model, site)) {
      if (named(multihead_module(model, attention_of(site.path)))) add(site.path);
    } else if (!site.slices.empty() && !site.slices.front().checkpoint.empty()) {
      for (const auto& slice : site.slices) {
        if (named(slice.checkpoint)) add(site.path + "." + slice.name);
      }
    } else if (named(site.checkpoint)) {
      add(site.path);
    }
  }
  if (target.empty()) {
    throw ModelError("lora", "adapter_config.json's \"target_modules\" {} name no linear map of {}.", asked->dump(),
                     model.info().source);
  }
  return {{"rank", std::to_string(config.value("r", int64_t{8}))},
          {"alpha", option::print(config.value("lora_alpha", 8.0))},
          {"dropout", option::print(config.value("lora_dropout", 0.0))},
          {"rslora", option::print(config.value("use_rslora", false))},
          {"target", target},
          {"tower", "both"}};
}

}  // namespace graft::methods::lora::peft
