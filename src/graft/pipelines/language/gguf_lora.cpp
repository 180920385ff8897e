#include "graft/pipelines/language/gguf_lora.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/io/gguf.h"
#include "graft/io/gguf_writer.h"
#include "graft/methods/lora/lora.h"
#include "graft/methods/places.h"
#include "graft/models/decoder/foreign_layouts.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines::language {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFingerprint = "graft.fingerprint";  // of the base; other programs pass it over
constexpr const char* kPair[] = {".lora_a", ".lora_b"};

// scale B A, of one matrix.
struct Change {
  at::Tensor a, b;
  double scale = 1;
  double rank() const { return static_cast<double>(a.size(0)); }
};

[[noreturn]] void refuse(const methods::Adapted& adapted, const std::string& why) {
  throw ModelError("lm export",
                   "a GGUF LoRA holds plain low-rank changes of matrices and nothing else; {}. --to gguf writes the "
                   "whole model with what was learned in it.",
                   why.empty() ? "this adapter is '" + adapted.method->name() + "'" : why);
}

// By the module that the checkpoint calls the matrix.
std::map<std::string, std::vector<Change>> changes_of(const methods::Adapted& adapted) {
  if (!adapted.adaptation.trained.empty())
    refuse(adapted, fmt::format("this adapter ('{}') also changes {}", adapted.method->name(),
                                adapted.adaptation.trained.front()));
  std::map<std::string, std::vector<Change>> changes;
  for (const auto& binding : adapted.adaptation.bindings) {
    const auto* branch = dynamic_cast<const methods::lora::Branch*>(binding.insert.get());
    if (branch == nullptr) refuse(adapted, "");
    if (!branch->is_low_rank())
      refuse(adapted, "this adapter scales or shifts what its matrices give (DoRA, or a bias of LoRA's)");
    for (const auto& path : binding.sites) {
      const auto [joint, slice] = methods::locate(*adapted.model, nullptr, path);
      const auto add = [&, b = branch](const std::string& module, int64_t begin, int64_t rows) {
        changes[module].push_back({b->a().detach(), b->b().detach().narrow(0, begin, rows), b->scale()});
      };
      if (slice != nullptr) {
        add(slice->checkpoint, 0, slice->end - slice->begin);
      } else if (joint->site().slices.empty()) {
        add(joint->site().checkpoint, 0, joint->site().out);
      } else {
        for (const auto& each : joint->site().slices)
          add(each.checkpoint, each.begin, each.end - each.begin);
      }
    }
  }
  if (changes.empty()) refuse(adapted, "");
  return changes;
}

// Several changes of one matrix are one of the sum of their ranks.
Change together(const std::vector<Change>& changes) {
  if (changes.size() == 1) return changes.front();
  std::vector<at::Tensor> a, b;
  for (const auto& each : changes) {
    a.push_back(each.a);
    b.push_back(each.b * each.scale);
  }
  return {at::cat(a, 0), at::cat(b, 1), 1};
}

void add(io::GgufWriter& writer, const std::string& name, const at::Tensor& value, io::GgmlType type) {
  writer.add(name, type, value.sizes().vec(), [numbers = value.to(at::kFloat).contiguous()] {
    const auto* begin = numbers.const_data_ptr<float>();
    return std::vector<float>(begin, begin + numbers.numel());
  });
}

at::Tensor floats_of(const io::GgufTensor& tensor) {
  auto numbers = at::empty(tensor.shape, tensor::on_cpu());
  io::dequantise(tensor.type, tensor.data, {numbers.mutable_data_ptr<float>(), static_cast<size_t>(numbers.numel())});
  return numbers;
}

void check_head(const io::GgufFile& file, const models::Model& model) {
  const auto& said = file.metadata();
  const auto type = said.text("general.type").value_or("model"), kind = said.text("adapter.type").value_or("");
  if (type != "adapter" || kind != "lora")
    throw ModelError("adapter", "{}: expected a LoRA (general.type \"adapter\", adapter.type \"lora\"), got \"{}\"{}.",
                     file.name(), type, kind.empty() ? "" : fmt::format(" and \"{}\"", kind));
  const auto& settings = decoder_of(model).settings();
  const auto wanted = models::decoder::gguf_architecture(settings.kind);
  if (const auto got = said.text("general.architecture").value_or(""); got != wanted)
    throw ModelError("adapter", "{} is an adapter for models of architecture \"{}\", {} is of \"{}\".", file.name(),
                     got, model.info().source, wanted);
  static const std::set<std::string> kKnown = {"adapter.type", "adapter.lora.alpha", "adapter.lora.task_name",
                                               "adapter.lora.prompt_prefix"};
  for (const auto& key : said.keys()) {
    if (key.starts_with("adapter.") && !kKnown.contains(key))
      throw ModelError("adapter", "{}: metadata '{}', which graft does not know: it may change what is computed.",
                       file.name(), key);
  }
}

}  // namespace

bool is_gguf_lora(const fs::path& path) {
  std::error_code unknown;
  if (!fs::is_regular_file(path, unknown)) return false;
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return io::is_gguf(std::as_bytes(std::span(magic)));
}

WrittenLora write_gguf_lora(const fs::path& file, const methods::Adapted& adapted, io::GgmlType type) {
  const torch::NoGradGuard no_grad;
  const auto& settings = decoder_of(*adapted.model).settings();
  const auto changes = changes_of(adapted);
  // One alpha for all: that of the first matrix. It says 1 / r where it is 0 (llama.cpp's rule), so it never is.
  const auto first = together(changes.begin()->second);
  WrittenLora written{.alpha = first.scale * first.rank()};
  if (written.alpha == 0) written.alpha = first.rank();
  io::GgufWriter writer;
  writer.put("general.type", "adapter");
  writer.put("general.architecture", models::decoder::gguf_architecture(settings.kind));
  writer.put("adapter.type", "lora");
  writer.put("adapter.lora.alpha", static_cast<float>(written.alpha));
  writer.put(kFingerprint, adapted.model->info().fingerprint);
  for (const auto& [module, parts] : changes) {
    const auto ours = module + ".weight";
    const auto theirs = models::decoder::gguf_name(ours, settings);
    if (theirs.empty()) refuse(adapted, fmt::format("{} has no name there", ours));
    const auto change = together(parts);
    const auto times = change.scale * change.rank() / written.alpha;
    const auto b = times == 1 ? change.b : change.b * times;
    add(writer, theirs + kPair[0], change.a, type);
    add(writer, theirs + kPair[1], models::decoder::as_in_gguf(ours, b, settings), type);
    ++written.matrices;
  }
  writer.write(file);
  return written;
}

PeftAdapter read_gguf_lora(const fs::path& path, const models::Model& model) {
  const auto file = io::GgufFile::open(path);
  check_head(file, model);
  const auto& settings = decoder_of(model).settings();
  const auto alpha = file.metadata().number("adapter.lora.alpha").value_or(0);
  nn::NamedTensors tensors;
  std::vector<std::string> wrong;
  int64_t rank = 0;
  for (const auto& [name, stored] : file.tensors()) {
    const bool is_b = name.ends_with(kPair[1]);
    const auto matrix = name.substr(0, name.rfind('.'));
    const auto ours = is_b || name.ends_with(kPair[0]) ? models::decoder::name_of_gguf(matrix, settings) : "";
    if (!ours.ends_with(".weight") || ours.ends_with("norm.weight") || stored.shape.size() != 2) {
      wrong.push_back(fmt::format("{} [{}]", name, fmt::join(stored.shape, ", ")));
      continue;
    }
    auto numbers = floats_of(stored);
    if (is_b) {
      numbers = models::decoder::as_here(ours, numbers, settings);
      if (alpha == 0) numbers = numbers * static_cast<double>(stored.shape[1]);  // llama.cpp's rule: the scale is 1
    } else {
      rank = stored.shape[0];
    }
    const auto module = ours.substr(0, ours.size() - std::string_view(".weight").size());
    tensors["base_model.model." + module + (is_b ? ".lora_B.weight" : ".lora_A.weight")] = numbers;
  }
  if (!wrong.empty())
    throw ModelError("adapter", "{}: tensors that are no LoRA of a matrix in a block of {}:\n  {}", file.name(),
                     model.info().source, fmt::join(wrong, "\n  "));
  nlohmann::json config = {{"peft_type", "LORA"}, {"r", rank}, {"lora_alpha", alpha == 0 ? 1 : alpha}};
  std::vector<Note> notes;
  if (const auto base = file.metadata().text(kFingerprint); base && *base != model.info().fingerprint)
    notes.push_back(
        {fmt::format("{} was trained on other weights than {}'s: another quantisation of them, or another "
                     "model",
                     file.name(), model.info().source)});
  return {io::JsonObject(std::move(config), file.name()), std::move(tensors), std::move(notes)};
}

}  // namespace graft::pipelines::language
