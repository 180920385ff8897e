#include "graft/models/onnx/written_network.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "graft/core/error.h"
#include "graft/models/onnx/graph_writer.h"

namespace graft::models::onnx {

namespace aten {
#define ATEN(name, function) void function(const Step& step);
#include "graft/models/onnx/aten.def"
#undef ATEN
}  // namespace aten

namespace {

using Write = void (*)(const Step&);

const std::map<std::string, Write, std::less<>>& writers() {
  static const std::map<std::string, Write, std::less<>> all = {
#define ATEN(name, function) {"aten::" #name, aten::function},
#include "graft/models/onnx/aten.def"
#undef ATEN
  };
  return all;
}

void note_values(const Argument& argument, std::set<size_t>& values) {
  if (argument.value) values.insert(*argument.value);
  for (const auto& each : argument.list)
    note_values(each, values);
}

// Operations of which no output depends go: checks of what is read, above all.
void drop_unneeded(Traced& traced) {
  std::set<size_t> needed;
  for (const auto& output : traced.outputs)
    note_values(output, needed);
  std::vector<Operation> kept;
  for (auto operation = traced.operations.rbegin(); operation != traced.operations.rend(); ++operation) {
    const auto is_needed = [&](size_t result) { return needed.contains(result); };
    if (std::ranges::none_of(operation->results, is_needed)) continue;
    for (const auto& argument : operation->arguments)
      note_values(argument, needed);
    kept.push_back(std::move(*operation));
  }
  traced.operations.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

void refuse_unknown(const Traced& traced) {
  std::set<std::string> unknown;
  for (const auto& operation : traced.operations) {
    if (!writers().contains(operation.name)) unknown.insert(operation.name);
  }
  if (unknown.empty()) return;
  std::string names;
  for (const auto& name : unknown)
    names += (names.empty() ? "" : ", ") + name;
  throw ModelError("onnx", "it computes with {}, which graft does not write as ONNX.", names);
}

}  // namespace

io::OnnxFile written_network(const Computation& computation, const std::vector<NetworkInput>& inputs,
                             const std::vector<std::string>& outputs, const nn::NamedTensors& weights) {
  std::vector<at::Tensor> examples;
  std::vector<std::string> names;
  for (const auto& input : inputs) {
    examples.push_back(input.examples);
    names.push_back(input.name);
  }
  auto recorded = traced(computation, examples);
  drop_unneeded(recorded);
  refuse_unknown(recorded);
  GraphWriter writer(recorded, names, weights);
  for (const auto& operation : recorded.operations)
    writers().at(operation.name)(Step(writer, operation));
  GRAFT_ASSERT(recorded.outputs.size() == outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    writer.give(recorded.outputs[i], outputs[i]);
  auto file = writer.take();
  std::set<std::string> read;
  for (const auto& node : file.nodes)
    read.insert(node.inputs.begin(), node.inputs.end());
  std::erase_if(file.inputs, [&](const auto& input) { return !read.contains(input.name); });
  return file;
}

}  // namespace graft::models::onnx
