#include "graft/methods/lora/peft.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <deque>

#include "graft/methods/disk.h"
#include "graft/methods/peft_names.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::methods::lora::peft {

using namespace methods::peft;
namespace {

constexpr const char* kPeftVersion = "0.21.2";  // whose format and arithmetic these are

// One branch in a module's pair: its rows of A and columns of B from `rank`, its rows of B from `row`.
struct Part {
  const Branch* branch;
  int64_t rank;
  int64_t row;
};

// A pair of the file.
struct Pair {
  std::string key;     // "blocks.3.attn.qkv": the file's name between prefix and ".lora_A.weight"
  std::string place;   // our path of it
  std::string target;  // the module that PEFT is told of; not the key for an nn.MultiheadAttention's out_proj
  int64_t in = 0, out = 0, rank = 0;
  std::vector<int64_t> sides = {};  // of a convolution's window
  double times = 1;                 // how often PEFT adds the pair's update
  std::vector<Part> parts;
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// Of an attention in an nn.MultiheadAttention (open_clip's, OpenAI's) PEFT adapts in_proj_weight and out_proj as one
// target: always both, at one rank. PEFT 0.21 adds out_proj's update twice (merge() writes it into the weight, then
// calls out_proj's own merge()), in training as in use, so its adapters mean twice what out_proj's pair says.
std::string attention_of(const std::string& path) {
  return path.substr(0, path.rfind('.'));
}

// The module that holds an attention's in_proj_weight.
std::string multihead_module(const WrittenNames& names, const std::string& attention) {
  const auto proj = names(attention + ".proj");  // "....attn.out_proj"
  return proj.substr(0, proj.rfind('.'));
}

class Pairs {
 public:
  Pairs(models::Model& model, const Adaptation& adaptation, Names names) : model_(model), names_(model, names) {
    for (const auto& binding : adaptation.bindings)
      add(binding);
    for (const auto& attention : multiheads_)
      complete(attention);
  }

  const std::deque<Pair>& all() const { return pairs_; }

 private:
  void add(const Binding& binding) {
    const auto* branch = dynamic_cast<const Branch*>(binding.insert.get());
    GRAFT_ASSERT(branch && !branch->has_own_shift() && binding.sites.size() == 1);
    const auto& path = binding.sites.front();
    const auto [joint, slice] = locate(model_, nullptr, path);
    const nn::Site& site = joint->site();
    Pair* pair;
    int64_t row = 0;
    if (site.multihead) {
      const std::string attention = attention_of(site.path);
      if (std::find(multiheads_.begin(), multiheads_.end(), attention) == multiheads_.end()) {
        multiheads_.push_back(attention);
      }
      pair = &of_site(site);
      row = slice ? slice->begin : 0;
    } else if (slice && !slice->checkpoint.empty()) {
      pair = &of(names_(path), path, site.in, slice->end - slice->begin);
    } else {
      pair = &of_site(site);
      row = slice ? slice->begin : 0;
    }
    pair->sides = site.window.sides;
    const int64_t rank = branch->whole_a().size(0);
    pair->parts.push_back({branch, pair->rank, row});
    pair->rank += rank;
  }

  Pair& of_site(const nn::Site& site) {
    if (!site.multihead) return of(names_(site.path), site.path, site.in, site.out);
    const std::string module = multihead_module(names_, attention_of(site.path));
    if (site.part == "attn.qkv") return of(module, site.path, site.in, site.out);
    Pair& pair = of(module + ".base_layer.out_proj", site.path, site.in, site.out);
    pair.target = module;
    pair.times = 2;
    return pair;
  }

  Pair& of(const std::string& key, const std::string& place, int64_t in, int64_t out) {
    for (auto& pair : pairs_) {
      if (pair.key == key) return pair;
    }
    Pair& pair = pairs_.emplace_back();
    pair.key = pair.target = key;
    pair.place = place;
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
  WrittenNames names_;
  std::deque<Pair> pairs_;  // references to pairs stay good
  std::vector<std::string> multiheads_;
};

std::string name_a(const Pair& pair) {
  return "base_model.model." + pair.key + ".lora_A.weight";
}
std::string name_b(const Pair& pair) {
  return "base_model.model." + pair.key + ".lora_B.weight";
}

std::string name_m(const Pair& pair) {
  return "base_model.model." + pair.key + ".lora_magnitude_vector";
}

// DoRA's lengths of all the rows of a pair's module: those that are not adapted keep the frozen weight's.
at::Tensor lengths_of(const Pair& pair, models::Model& model) {
  const auto [joint, slice] = locate(model, nullptr, pair.place);
  const auto weight = model.named_parameters()[joint->site().path + ".weight"].detach();
  const auto lengths = tensor::numbers_of(weight).to(at::kFloat).norm(2, 1);
  return slice ? lengths.narrow(0, slice->begin, slice->end - slice->begin).clone() : lengths;
}
at::Tensor part_of_m(const at::Tensor& m, const Part& part) {
  return m.narrow(0, part.row, part.branch->b().size(0));
}

at::Tensor zeros_of_a(const Pair& pair) {
  std::vector<int64_t> shape = {pair.rank, pair.in};
  shape.insert(shape.end(), pair.sides.begin(), pair.sides.end());
  return torch::zeros(shape, tensor::on_cpu());
}
at::Tensor zeros_of_b(const Pair& pair) {
  std::vector<int64_t> shape = {pair.out, pair.rank};
  shape.resize(2 + pair.sides.size(), 1);
  return torch::zeros(shape, tensor::on_cpu());
}

// The rows of A, or rows and columns of B, that are a part's.
at::Tensor part_of_a(const at::Tensor& a, const Part& part) {
  return a.narrow(0, part.rank, part.branch->whole_a().size(0));
}
at::Tensor part_of_b(const at::Tensor& b, const Part& part) {
  return b.narrow(0, part.row, part.branch->b().size(0)).narrow(1, part.rank, part.branch->whole_a().size(0));
}

// The alpha that gives a pair its branches' scale.
double alpha_of(const Options& o, const Pair& pair) {
  const auto rank = static_cast<double>(pair.rank), own = static_cast<double>(o.rank);
  const double scale =
      pair.parts.empty() ? o.alpha / (o.rslora ? std::sqrt(own) : own) : pair.parts.front().branch->scale();
  const double alpha = scale * (o.rslora ? std::sqrt(rank) : rank);
  const double whole = std::round(alpha);
  return std::abs(alpha - whole) < 1e-9 * std::abs(alpha) ? whole : alpha;
}

// Modules of the model that PEFT would take for `target` too, as their names end like it.
bool is_ambiguous(const std::string& target, const std::vector<std::string>& modules) {
  return std::any_of(modules.begin(), modules.end(), [&](const auto& m) { return ends_with(m, "." + target); });
}

// As a regular expression that matches these names alone.
std::string pattern_of(const std::vector<std::string>& targets) {
  std::string pattern;
  for (const auto& target : targets) {
    if (!pattern.empty()) pattern += '|';
    for (const char letter : target)
      pattern += letter == '.' ? std::string("\\.") : std::string(1, letter);
  }
  return pattern;
}

// Whole numbers without a point, as PEFT's own configurations have them.
nlohmann::json number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<int64_t>(value);
  return value;
}

}  // namespace

nlohmann::json config(const Options& options, models::Model& model, const Adaptation& adaptation) {
  const Pairs pairs(model, adaptation, options.names);
  std::vector<std::string> modules;
  for (const auto* joint : model.joints())
    modules.push_back(joint->site().checkpoint);
  const int64_t rank = pairs.all().front().rank;
  const double alpha = alpha_of(options, pairs.all().front());
  std::vector<std::string> targets;
  bool ambiguous = false;
  nlohmann::json ranks = nlohmann::json::object(), alphas = nlohmann::json::object();
  for (const auto& pair : pairs.all()) {
    if (pair.key != pair.target) continue;  // out_proj comes with its attention
    targets.push_back(pair.target);
    const bool other = is_ambiguous(pair.target, modules);
    ambiguous = ambiguous || other;
    const std::string name = other ? "^" + pair.target : pair.target;
    const double own = alpha_of(options, pair);
    if (pair.rank != rank) ranks[name] = pair.rank;
    if (own != alpha) alphas[name] = number(own);
  }
  nlohmann::json named = targets;
  if (ambiguous) named = pattern_of(targets);
  return {
      {"peft_type", "LORA"},
      {"peft_version", kPeftVersion},
      {"task_type", nullptr},
      {"base_model_name_or_path", model.info().source},
      {"inference_mode", true},
      {"r", rank},
      {"lora_alpha", number(alpha)},
      {"lora_dropout", options.dropout},
      {"use_rslora", options.rslora},
      {"use_dora", options.dora},
      {"bias", "none"},
      {"fan_in_fan_out", false},
      {"target_modules", named},
      {"rank_pattern", ranks},
      {"alpha_pattern", alphas},
  };
}

nn::NamedTensors write(const Options& options, models::Model& model, const Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  nn::NamedTensors tensors;
  const Pairs pairs(model, adaptation, options.names);
  for (const auto& pair : pairs.all()) {
    const auto a = zeros_of_a(pair), b = zeros_of_b(pair);
    for (const auto& part : pair.parts) {
      part_of_a(a, part).copy_(part.branch->whole_a());
      part_of_b(b, part).copy_(part.branch->whole_b() / pair.times);
    }
    if (options.dora) {
      const auto m = lengths_of(pair, model);
      for (const auto& part : pair.parts)
        part_of_m(m, part).copy_(part.branch->magnitude());
      tensors[name_m(pair)] = m;
    }
    tensors[name_a(pair)] = a;
    tensors[name_b(pair)] = b;
  }
  return tensors;
}

void read(const Options& options, models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  const Pairs pairs(model, adaptation, options.names);
  nn::NamedTensors wanted;
  std::map<std::string, const Pair*> by_place;
  for (const auto& pair : pairs.all()) {
    wanted[name_a(pair)] = zeros_of_a(pair);
    wanted[name_b(pair)] = zeros_of_b(pair);
    if (options.dora) wanted[name_m(pair)] = lengths_of(pair, model);
    by_place[pair.place] = &pair;
  }
  const Places places(model);
  nn::NamedTensors found;
  for (const auto& [name, tensor] : tensors) {
    const Key key = parse_key(name);
    const auto place = places.find(key.module);
    const auto pair = place ? by_place.find(place->path) : by_place.end();
    const bool known = pair != by_place.end();
    found[known && key.part == "lora_A"                                  ? name_a(*pair->second)
          : known && key.part == "lora_B"                                ? name_b(*pair->second)
          : known && options.dora && key.part == "lora_magnitude_vector" ? name_m(*pair->second)
                                                                         : name] = tensor;
  }
  copy_by_name(entry.name, model, found, wanted);

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
      part.branch->set(part_of_a(wanted.at(name_a(pair)), part), part_of_b(wanted.at(name_b(pair)), part) * pair.times);
      if (options.dora) at::Tensor(part.branch->magnitude()).copy_(part_of_m(wanted.at(name_m(pair)), part));
    }
  }
}

}  // namespace graft::methods::lora::peft
