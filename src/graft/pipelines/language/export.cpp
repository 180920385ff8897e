#include "graft/pipelines/language/export.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/partial_folder.h"
#include "graft/core/random.h"
#include "graft/engine/session.h"
#include "graft/io/gguf_types.h"
#include "graft/io/model_folder.h"
#include "graft/pipelines/fold.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/pipelines/language/gguf_lora.h"
#include "graft/pipelines/language/gguf_model.h"
#include "graft/pipelines/merge_proof.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines::language {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kTokens = 32;  // that are read to compare two models

io::GgmlType stored_as(NumberType type) {
  switch (type) {
    case NumberType::f16:
      return io::GgmlType::f16;
    case NumberType::bf16:
      return io::GgmlType::bf16;
    case NumberType::q8_0:
      return io::GgmlType::q8_0;
    default:
      return io::GgmlType::f32;
  }
}

NumberType type_of(const ExportOptions& o) {
  if (o.to == ExportTo::peft && o.type) throw ConfigError("lm export", "--type is for GGUF: PEFT's numbers are f32.");
  const auto type = o.type.value_or(o.to == ExportTo::gguf ? NumberType::f16 : NumberType::f32);
  if (o.to == ExportTo::gguf_lora && type != NumberType::f32 && type != NumberType::f16)
    throw ConfigError("lm export", "--type {}: expected f32 or f16 of a LoRA, whose rows are short.",
                      option::print(type));
  return type;
}

void check_output(const ExportOptions& o, const fs::path& base) {
  const fs::path output = o.output;
  std::error_code error;
  for (const auto& taken : {fs::path(o.run), base}) {
    if (fs::equivalent(output, taken, error))
      throw ConfigError("lm export", "--output {} is what is read. Choose another.", o.output);
  }
  const bool folder = o.to == ExportTo::peft, is_folder = fs::is_directory(output, error);
  if (!fs::exists(output, error) || (is_folder && folder && fs::is_empty(output, error))) return;
  if (is_folder != folder)
    throw FileError("lm export", "{} is a {}; a {} is written. Choose another --output.", o.output,
                    is_folder ? "folder" : "file", folder ? "folder" : "file");
  if (!o.force)
    throw ConfigError("lm export", "{} exists. Write over it with --force, or choose another --output.", o.output);
}

at::Tensor logits_of(const models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto& decoder = decoder_of(model);
  Random random(1);
  auto ids = at::empty({1, std::min(kTokens, decoder.context_length())}, tensor::on_cpu(at::kLong));
  for (int64_t i = 0; i < ids.size(1); ++i)
    ids[0][i] = static_cast<int64_t>(random.below(static_cast<uint64_t>(decoder.vocabulary())));
  return decoder.logits(decoder.hidden(nn::Value{ids}, {}));
}

}  // namespace

std::vector<std::pair<ExportTo, std::string>> choices(ExportTo) {
  return {{ExportTo::gguf_lora, "gguf-lora"}, {ExportTo::peft, "peft"}, {ExportTo::gguf, "gguf"}};
}
std::vector<std::pair<NumberType, std::string>> choices(NumberType) {
  return {{NumberType::f32, "f32"}, {NumberType::f16, "f16"}, {NumberType::bf16, "bf16"}, {NumberType::q8_0, "q8_0"}};
}

Exported export_adapter(const ExportOptions& o, const engine::Host& host, Reporter& report) {
  const auto type = stored_as(type_of(o));
  engine::ModelOptions wanted;
  wanted.model = o.model.empty() ? base_of_adapter(o.run) : o.model;
  wanted.precision = "fp32";  // what is compared is the file, not how it is multiplied
  wanted.threads = o.threads;
  check_output(o, io::ModelFolder::find(wanted.model, host.environment).weights);
  auto model = engine::open_model(wanted, host, report);
  std::optional<methods::Adapted> adapted = load_adapter(fs::path(o.run), model, report);
  const auto before = logits_of(*model);
  Exported done{.path = o.output};
  if (o.to == ExportTo::gguf) {
    fold_inserts(*model);
    const auto written = write_gguf_model(o.output, *model, type);
    done.tensors = written.tensors;
    done.changed = written.changed;
    adapted.reset();  // one model at a time
    model.reset();
    const auto back = models::load_model(io::ModelFolder::at(o.output), {});
    done.largest_deviation = deviation(before, logits_of(*back));
    return done;
  }
  if (o.to == ExportTo::peft) {
    PartialFolder folder("lm export", o.output);
    save_peft(folder.path(), *adapted);
    folder.commit();
  } else {
    const auto written = write_gguf_lora(o.output, *adapted, type);
    done.matrices = written.matrices;
    done.alpha = written.alpha;
  }
  model->clear_inserts();
  load_adapter(done.path, model, report);
  done.largest_deviation = deviation(before, logits_of(*model));
  return done;
}

}  // namespace graft::pipelines::language
