#include "graft/pipelines/export_onnx.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/core/partial_folder.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/run_data.h"
#include "graft/engine/session.h"
#include "graft/io/onnx_writer.h"
#include "graft/methods/adapted.h"
#include "graft/models/decoder/decoder.h"
#include "graft/models/onnx/network.h"
#include "graft/models/onnx/written_network.h"
#include "graft/pipelines/fold.h"
#include "graft/pipelines/merge_proof.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"
#include "graft/text/tokenizer.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr double kTolerance = 1e-4;
constexpr int64_t kTracedExamples = 3;
constexpr int64_t kFewWords = 8;  // that any vocabulary has

// What is exported: a tower, and of a run what stands behind it.
struct Exported {
  std::shared_ptr<models::Model> model;
  std::optional<methods::Adapted> adapted;
  models::Tower* tower = nullptr;
  int64_t frames = 1;
  int64_t length = 0;  // of texts

  bool reads_text() const { return tower->name() == nn::Tower::text; }
  std::string output() const { return adapted ? "logits" : "features"; }

  nn::Value value(const std::vector<at::Tensor>& inputs) const {
    if (reads_text()) {
      nn::Value ids{inputs[0]};
      ids.present = inputs[1].to(at::kBool);
      ids.types = inputs[2];
      return ids;
    }
    nn::Value pixels{frames > 1 ? inputs[0].flatten(0, 1) : inputs[0]};
    pixels.layout.frames = frames;
    return pixels;
  }

  std::vector<at::Tensor> compute(const std::vector<at::Tensor>& inputs) const {
    nn::Context context;
    return {adapted ? adapted->answer(value(inputs), context) : tower->encode(value(inputs), context)};
  }

  std::vector<std::string> input_names() const {
    if (reads_text()) return {"input_ids", "attention_mask", "token_type_ids"};
    return {"pixel_values"};
  }
};

// Colours that no two examples share, or ids from all over the vocabulary in texts of several lengths.
std::vector<at::Tensor> generated_inputs(const Exported& exported, int64_t examples) {
  const auto drawn = [](at::IntArrayRef shape, int64_t below) {  // whole numbers from 0
    const auto count = c10::multiply_integers(shape);
    const auto places = torch::arange(count, tensor::on_cpu(at::kLong));
    return (places * places * 31 + places * 7919 + 5).remainder(below).view(shape);
  };
  if (exported.reads_text()) {
    const auto* tokenizer = exported.tower->tokenizer().get();
    const auto length = exported.length;
    const auto ids = drawn({examples, length}, tokenizer ? tokenizer->vocabulary_size() : kFewWords);
    const auto lengths = torch::arange(examples, ids.options()).remainder(length) * -1 + length;
    const auto mask = torch::arange(length, ids.options()).unsqueeze(0).lt(lengths.unsqueeze(1)).to(at::kLong);
    return {ids, mask, torch::zeros_like(ids)};
  }
  const auto size = exported.model->info().preprocessing.output();
  std::vector<int64_t> shape = {examples, 3, size.height, size.width};
  if (exported.frames > 1) shape.insert(shape.begin() + 1, exported.frames);
  return {drawn(shape, 4001).to(at::kFloat) / 1000 - 2};
}

nlohmann::json preprocessing_json(const data::Preprocessing& how) {
  const auto sides = [](data::Size size) { return nlohmann::json{size.height, size.width}; };
  const auto output = how.output();
  nlohmann::json json = {
      {"resize_mode", option::print(how.resize_mode)},
      {"interpolation", option::print(how.interpolation)},
      {"crop", sides(output)},
      {"odd_crop_margin", how.crop_rounding == data::CropRounding::torchvision ? "half to even" : "down"},
      {"scale", how.scale},
      {"mean", how.mean},
      {"std", how.std},
      {"channels", "RGB"}};
  if (how.resize_mode != data::ResizeMode::none) json["resize"] = sides(how.resize);
  if (how.resize_mode == data::ResizeMode::longest) json["fill"] = how.fill;
  return json;
}

nlohmann::json described(const Exported& exported, const io::OnnxFile& file, const engine::AdapterInfo* run) {
  nlohmann::json json = {{"model", exported.model->info().source},
                         {"opset", file.opset},
                         {"inputs", nlohmann::json::array()},
                         {"outputs", nlohmann::json::array()}};
  const auto list = [](const std::vector<io::OnnxValue>& values, nlohmann::json& to) {
    for (const auto& value : values) {
      nlohmann::json shape = nlohmann::json::array();
      for (const auto& extent : *value.shape)
        shape.push_back(extent ? nlohmann::json(*extent) : nlohmann::json(io::kOpenLength));
      to.push_back({{"name", value.name}, {"type", io::name_of(value.dtype)}, {"shape", shape}});
    }
  };
  list(file.inputs, json["inputs"]);
  list(file.outputs, json["outputs"]);
  if (exported.reads_text()) {
    json["texts"] = {{"length", exported.length}, {"tokenizer", "the model's own; attention_mask is 0 behind a text"}};
  } else {
    json["photos"] = preprocessing_json(exported.model->info().preprocessing);
  }
  if (run) {
    json["task"] = run->task;
    json["method"] = run->method;
    if (!run->classes.empty()) json["classes"] = run->classes;
  }
  return json;
}

models::Tower& tower_of(models::Model& model, WhichTower which) {
  return which == WhichTower::reader ? model.reader()
                                     : model.need(which == WhichTower::vision ? nn::Tower::vision : nn::Tower::text);
}

void check_output(const OnnxOptions& options) {
  if (options.output.empty()) throw UsageError("export", "where to? Give --output a folder.");
  PartialFolder::check_output("export", options.output, options.force);
}

// Folds what folds, so that the graph is as small as the model's own; what is more than a change of weights becomes
// nodes.
int64_t fold_where_it_can(models::Model& model, Reporter& report) {
  try {
    return fold_inserts(model);
  } catch (const ModelError&) {
    report.note({.text = "the adapter does not fold into the weights: it is written as nodes of its own"});
    return 0;
  }
}

Exported opened(const OnnxOptions& options, engine::AdapterInfo& info, const engine::Host& host, Reporter& report) {
  auto wanted = options.model;
  if (!options.run.empty()) {
    info = engine::read_adapter_info(options.run);
    wanted = model_of_run(info, options.model, report);
    if (!wanted.text_model.empty())
      throw ModelError("export", "{} was trained on two models; a graph is of one.", options.run);
  }
  if (wanted.model.empty()) throw UsageError("export", "which model? Give --model, or a run that says it.");
  wanted.precision = "fp32";
  Exported exported{.model = engine::open_model(wanted, host, report), .adapted = {}};
  if (dynamic_cast<models::decoder::Decoder*>(&exported.model->reader()))
    throw ModelError("export", "{} is a language model, which is not written as ONNX. GGUF is what runs it elsewhere.",
                     wanted.model);
  exported.tower = &tower_of(*exported.model, options.tower);
  if (!options.run.empty()) {
    if (options.tower != WhichTower::reader)
      throw UsageError("export", "--tower is of a model alone: a run answers as a whole.");
    exported.adapted = engine::load_adapter(options.run, exported.model, report, options.force_base);
    exported.frames = info.frames;
  } else {
    exported.frames = std::max<int64_t>(1, exported.tower->frames());
  }
  if (exported.reads_text()) {
    const auto most = exported.tower->context_length();
    exported.length = options.length.value_or(most);
    if (exported.length < 1 || exported.length > most)
      throw ConfigError("export", "--length {}: the model reads texts of 1 to {} tokens.", exported.length, most);
  } else if (options.length) {
    throw UsageError("export", "--length is of texts, and {} reads photos.", wanted.model);
  }
  return exported;
}

double deviation_of(const Exported& exported, const models::onnx::Network& network, int64_t examples) {
  const torch::NoGradGuard no_grad;
  const auto inputs = generated_inputs(exported, examples);
  std::vector<at::Tensor> read;
  const auto names = exported.input_names();
  for (const auto& input : network.inputs())
    read.push_back(inputs.at(static_cast<size_t>(std::ranges::find(names, input.name) - names.begin())));
  return deviation(exported.compute(inputs).front(), network.run(read).front());
}

io::OnnxFile traced_file(const Exported& exported) {
  const tensor::UseKernels plain(tensor::Kernels::plain);
  std::vector<models::onnx::NetworkInput> inputs;
  const auto names = exported.input_names();
  const auto examples = generated_inputs(exported, kTracedExamples);
  for (size_t i = 0; i < names.size(); ++i)
    inputs.push_back({names[i], examples[i]});
  nn::NamedTensors weights;
  for (const auto& parameter : exported.model->named_parameters())
    weights.emplace(parameter.key(), tensor::numbers_of(parameter.value()));
  return models::onnx::written_network([&](const auto& given) { return exported.compute(given); }, inputs,
                                       {exported.output()}, weights);
}

}  // namespace

std::vector<std::pair<WhichTower, std::string>> choices(WhichTower) {
  return {{WhichTower::reader, "reader"}, {WhichTower::vision, "vision"}, {WhichTower::text, "text"}};
}

OnnxExport export_onnx(const OnnxOptions& options, const engine::Host& host, Reporter& report) {
  check_output(options);
  engine::AdapterInfo info;
  auto exported = opened(options, info, host, report);
  OnnxExport result;
  result.folder = options.output;
  if (exported.adapted) {
    result.folded = fold_where_it_can(*exported.model, report);
    for (auto& [name, parameter] : exported.adapted->parameters)
      parameter.requires_grad_(false);  // as numbers of the graph
  }

  const auto file = traced_file(exported);
  PartialFolder partial("export", options.output);
  const auto path = partial.path() / "model.onnx";
  io::write_onnx(path, file, {{"graft", exported.model->info().description}});
  const models::onnx::Network network(io::OnnxFile::open(path));
  for (const int64_t examples : {1, 5})
    result.largest_deviation = std::max(result.largest_deviation, deviation_of(exported, network, examples));
  if (!(result.largest_deviation <= kTolerance)) {
    throw ModelError("export",
                     "what was written does not do what the model does: its {} deviate by {:.1e} of their largest "
                     "value, expected at most {:.0e}. Nothing is kept.",
                     exported.output(), result.largest_deviation, kTolerance);
  }
  write_file_atomically(partial.path() / "preprocessing.json",
                        described(exported, file, options.run.empty() ? nullptr : &info).dump(2) + "\n");
  partial.commit();
  result.nodes = file.nodes.size();
  for (const auto& input : file.inputs)
    result.inputs.push_back(input.name);
  for (const auto& output : file.outputs)
    result.outputs.push_back(output.name);
  report.line("exported",
              fmt::format("{}  {} nodes, {} -> {} · largest deviation {:.1e}", options.output, result.nodes,
                          fmt::join(result.inputs, ", "), fmt::join(result.outputs, ", "), result.largest_deviation));
  return result;
}

}  // namespace graft::pipelines
