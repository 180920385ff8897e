#include "graft/pipelines/diff_runs.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>

#include "graft/core/error.h"
#include "graft/engine/adapter_folder.h"
#include "graft/io/json_object.h"
#include "graft/io/yaml_options.h"
#include "graft/methods/lora/peft_settings.h"
#include "graft/methods/peft_names.h"
#include "graft/nn/tensor_file.h"
#include "graft/statistics/proportions.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
namespace peft = methods::lora::peft;
using nlohmann::json;

// Everything that a folder says was asked for. Where it was written is no
// difference.
OptionValues asked_for(const fs::path& run) {
  OptionValues values;
  const auto info = engine::read_adapter_info(run);
  if (fs::exists(run / "config.yaml")) values = io::read_yaml_options(run / "config.yaml");
  for (const auto& [name, text] : info.method_options)
    values.try_emplace(name, text);
  values.try_emplace("method", info.method);
  values.try_emplace("model", info.base);
  values["base's fingerprint"] = info.fingerprint;
  values["classes"] = fmt::format("{}", fmt::join(info.classes, ", "));
  if (info.train_size > 0) values["training examples"] = std::to_string(info.train_size);
  values.erase("output");
  values.erase("force");
  return values;
}

std::vector<OptionDifference> differences(const OptionValues& first, const OptionValues& second) {
  std::vector<OptionDifference> all;
  auto names = first;
  names.insert(second.begin(), second.end());
  const auto value = [](const OptionValues& of, const std::string& name) {
    const auto found = of.find(name);
    return found == of.end() ? std::string() : found->second;
  };
  for (const auto& [name, unused] : names) {
    if (value(first, name) != value(second, name)) all.push_back({name, value(first, name), value(second, name)});
  }
  return all;
}

// What a folder holds that was learned: tensors as they are, and LoRA's pairs
// as their updates' factors.
struct Pair {
  at::Tensor a, b;  // [r, in], [out, r], the scale in b
};
struct Learned {
  nn::NamedTensors tensors;
  std::map<std::string, Pair> pairs;  // by module
};

Learned learned(const fs::path& run) {
  Learned all;
  const auto file = run / "adapter_model.safetensors";
  if (!fs::exists(file))
    throw FileError("diff", "{} has no adapter_model.safetensors: expected a run, or an adapter.", run.string());
  const auto config = io::JsonObject::read(run / "adapter_config.json");
  std::optional<peft::Settings> lora;
  if (config && config->find<std::string>("peft_type") == "LORA") {
    auto own = config->value();
    own.erase("graft");
    lora = peft::read_settings({own, config->file()});
  }
  for (auto& [name, tensor] : nn::read_tensors(file)) {
    const auto key = methods::peft::parse_key(name);
    if (!lora || (key.part != "lora_A" && key.part != "lora_B")) {
      all.tensors[name] = tensor.to(at::kDouble);
      continue;
    }
    auto& pair = all.pairs[key.inside ? key.module + " (inside)" : key.module];
    if (key.part == "lora_A") {
      pair.a = tensor.to(at::kDouble).flatten(1);
      const auto rank = static_cast<double>(tensor.size(0));
      const auto scale = peft::alpha_of(*lora, key.module) / (lora->rslora ? std::sqrt(rank) : rank);
      pair.b = pair.b.defined() ? pair.b * scale : at::full({}, scale, tensor::on_cpu(at::kDouble));
    } else {
      const auto b = tensor.to(at::kDouble).flatten(1);
      pair.b = pair.b.defined() ? b * pair.b : b;
    }
  }
  for (const char* beside : {"head.safetensors", "blocks.safetensors"}) {
    if (!fs::exists(run / beside)) continue;
    for (auto& [name, tensor] : nn::read_tensors(run / beside))
      all.tensors[std::string(beside).substr(0, 5) == "head." ? "head." + name : name] = tensor.to(at::kDouble);
  }
  return all;
}

// Orthonormal columns that span those of an update and of its transpose, and
// what it makes of one space in the other.
struct Spaces {
  at::Tensor written, read;  // [out, k], [in, k]
};
Spaces spaces_of(const Pair& pair) {
  const auto [qb, rb] = at::linalg_qr(pair.b);
  const auto [qa, ra] = at::linalg_qr(pair.a.t());
  const auto [u, s, vh] = at::linalg_svd(at::mm(rb, ra.t()), /*full_matrices=*/false);
  const auto most = s.numel() > 0 ? s[0].item<double>() : 0;
  const auto rank = most > 0 ? (s > 1e-6 * most).sum().item<int64_t>() : 0;  // the file's numbers are float32
  return {at::mm(qb, u.narrow(1, 0, rank)), at::mm(qa, vh.narrow(0, 0, rank).t())};
}

std::vector<double> angles(const at::Tensor& first, const at::Tensor& second) {
  std::vector<double> degrees;
  if (first.size(1) == 0 || second.size(1) == 0) return degrees;
  // Of small angles the sine is exact where the cosine is not.
  const auto cosines = at::linalg_svdvals(at::mm(first.t(), second));
  const bool narrow = first.size(1) <= second.size(1);
  const auto& small = narrow ? first : second;
  const auto& large = narrow ? second : first;
  const auto sines = at::linalg_svdvals(small - at::mm(large, at::mm(large.t(), small)));
  const auto count = cosines.numel();
  for (int64_t i = 0; i < count; ++i) {
    const auto cosine = std::min(1.0, cosines[i].item<double>());
    const auto sine = std::min(1.0, sines[count - 1 - i].item<double>());
    degrees.push_back(std::atan2(sine, cosine) * 180 / std::numbers::pi);
  }
  return degrees;
}

double inner(const Pair& x, const Pair& y) {  // <b a, b' a'>
  return (at::mm(x.b.t(), y.b) * at::mm(x.a, y.a.t())).sum().item<double>();
}

TensorDifference compared(const std::string& name, double xx, double yy, double xy) {
  TensorDifference one{.name = name, .first = std::sqrt(xx), .second = std::sqrt(yy)};
  one.difference = std::sqrt(std::max(0.0, xx + yy - 2 * xy));
  one.cosine = xy / (one.first * one.second);
  return one;
}

void compare(const Learned& first, const Learned& second, RunDifference& all) {
  const auto both = [&](const auto& ours, const auto& theirs, const auto& each) {
    for (const auto& [name, one] : ours) {
      const auto other = theirs.find(name);
      if (other == theirs.end()) {
        all.only_first.push_back(name);
      } else {
        each(name, one, other->second);
      }
    }
    for (const auto& [name, one] : theirs) {
      if (!ours.contains(name)) all.only_second.push_back(name);
    }
  };
  both(first.pairs, second.pairs, [&](const std::string& name, const Pair& x, const Pair& y) {
    if (x.a.size(1) != y.a.size(1) || x.b.size(0) != y.b.size(0)) {
      all.other_shape.push_back(name);
      return;
    }
    auto one = compared(name, inner(x, x), inner(y, y), inner(x, y));
    const auto of_x = spaces_of(x), of_y = spaces_of(y);
    one.written = angles(of_x.written, of_y.written);
    one.read = angles(of_x.read, of_y.read);
    all.tensors.push_back(std::move(one));
  });
  both(first.tensors, second.tensors, [&](const std::string& name, const at::Tensor& x, const at::Tensor& y) {
    if (x.sizes() != y.sizes()) {
      all.other_shape.push_back(name);
      return;
    }
    auto one =
        compared(name, x.square().sum().item<double>(), y.square().sum().item<double>(), (x * y).sum().item<double>());
    one.difference = (x - y).norm().item<double>();
    all.tensors.push_back(std::move(one));
  });
}

struct Told {
  json truth, predicted;
};
// By file; none where a run kept no predictions, or predicts what is neither
// right nor wrong.
std::map<std::string, Told> predictions_of(const fs::path& run) {
  std::map<std::string, Told> all;
  const auto file = run / "predictions.jsonl";
  std::ifstream lines(file);
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto said = io::JsonObject::parse(line, fmt::format("{}:{}", file.string(), ++number));
    const char* truth = said.has("label") ? "label" : "labels";
    if (!said.has(truth) || !said.has("predicted")) continue;
    all[said.need<std::string>("file")] = {said.raw(truth), said.raw("predicted")};
  }
  return all;
}

void compare_predictions(const fs::path& first, const fs::path& second, RunDifference& all) {
  const auto ours = predictions_of(first), theirs = predictions_of(second);
  PredictionDifference d;
  int64_t of_others = 0;
  for (const auto& [file, one] : ours) {
    const auto other = theirs.find(file);
    if (other == theirs.end()) continue;
    if (one.truth != other->second.truth) {
      ++of_others;
      continue;
    }
    const bool x = one.predicted == one.truth, y = other->second.predicted == one.truth;
    ++d.examples;
    ++(x && y ? d.both : x ? d.only_first : y ? d.only_second : d.neither);
    d.told_otherwise += one.predicted != other->second.predicted;
  }
  if (d.examples == 0) {
    all.no_predictions = ours.empty()     ? fmt::format("{} kept none that are right or wrong", first.string())
                         : theirs.empty() ? fmt::format("{} kept none that are right or wrong", second.string())
                         : of_others > 0  ? "the labels of the test examples are others"
                                          : "the test examples are others";
    return;
  }
  d.p = statistics::mcnemar(d.only_first, d.only_second).mid_p;
  d.difference = statistics::bonett_price(d.only_second, d.only_first, d.examples);
  all.predictions = d;
}

}  // namespace

RunDifference diff_runs(const fs::path& first, const fs::path& second) {
  const torch::NoGradGuard no_grad;
  RunDifference all;
  all.options = differences(asked_for(first), asked_for(second));
  compare(learned(first), learned(second), all);
  compare_predictions(first, second, all);
  return all;
}

}  // namespace graft::pipelines
