#include "graft/pipelines/language/gguf_model.h"

#include <torch/types.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/io/gguf.h"
#include "graft/io/gguf_writer.h"
#include "graft/io/model_folder.h"
#include "graft/models/decoder/foreign_layouts.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::pipelines::language {
namespace {

// llama.cpp's numbers for what most tensors of a file are.
std::uint32_t file_type_of(io::GgmlType type) {
  switch (type) {
    case io::GgmlType::f32:
      return 0;
    case io::GgmlType::q8_0:
      return 7;
    case io::GgmlType::bf16:
      return 32;
    default:
      return 1;
  }
}

io::GgmlType type_of(const io::GgufTensor& tensor, io::GgmlType wanted) {
  if (tensor.shape.size() < 2) return io::GgmlType::f32;
  const bool whole = static_cast<size_t>(tensor.width()) % io::format_of(wanted).numbers == 0;
  return whole ? wanted : io::GgmlType::f16;
}

// The parameters of a model by the names of transformers.
class Values {
 public:
  explicit Values(const models::Model& model) : settings_(decoder_of(model).settings()) {
    for (const auto& origin : decoder_of(model).origins())
      origins_[origin.theirs] = origin;
    for (const auto& parameter : model.named_parameters())
      parameters_[parameter.key()] = parameter.value().detach();
  }

  // What a tensor of the file is now, as it would lie there; undefined where it is what it was.
  at::Tensor changed(const std::string& name, const std::vector<float>& numbers) const {
    const auto ours = models::decoder::name_of_gguf(name, settings_);
    const auto origin = origins_.find(ours);
    if (origin == origins_.end()) return {};  // in the settings: the divisors of angles
    const auto& parameter = parameters_.at(origin->second.ours);
    if (tensor::is_resting(parameter)) return {};
    const auto value = parameter.narrow(0, origin->second.begin, origin->second.rows);
    const auto before = at::from_blob(const_cast<float*>(numbers.data()), value.sizes(), tensor::on_cpu());
    if (at::equal(models::decoder::as_here(ours, before, settings_), value)) return {};
    return models::decoder::as_in_gguf(ours, value, settings_).contiguous();
  }

 private:
  const models::decoder::Settings& settings_;
  std::map<std::string, models::Origin> origins_;
  nn::NamedTensors parameters_;
};

}  // namespace

WrittenGguf write_gguf_model(const std::filesystem::path& file, const models::Model& model, io::GgmlType type) {
  const torch::NoGradGuard no_grad;
  if (model.info().layout != "gguf")
    throw ModelError(
        "lm export",
        "{} is no GGUF, and its tokenizer is none of a GGUF's. llama.cpp's convert_hf_to_gguf.py makes one "
        "of it; or export the adapter alone, --to gguf-lora.",
        model.info().source);
  const auto base = io::GgufFile::open(io::ModelFolder::at(model.info().source).weights);
  const Values values(model);
  io::GgufWriter writer;
  static const std::set<std::string> kOfTheFile = {"general.alignment", "general.file_type",
                                                   "general.quantization_version"};
  for (const auto& key : base.metadata().keys()) {
    if (!kOfTheFile.contains(key)) writer.put(key, *base.metadata().find(key));
  }
  writer.put("general.file_type", file_type_of(type));
  writer.put("general.quantization_version", std::uint32_t{2});
  WrittenGguf written;
  for (const auto& [name, stored] : base.tensors()) {
    ++written.tensors;
    writer.add(name, type_of(stored, type), stored.shape, [&, name = name, stored = stored] {
      std::vector<float> numbers(static_cast<size_t>(stored.rows() * stored.width()));
      io::dequantise(stored.type, stored.data, numbers);
      if (const auto now = values.changed(name, numbers); now.defined()) {
        ++written.changed;
        std::copy_n(now.const_data_ptr<float>(), numbers.size(), numbers.begin());
      }
      return numbers;
    });
  }
  writer.write(file);
  return written;
}

}  // namespace graft::pipelines::language
