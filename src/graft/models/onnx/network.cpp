#include "graft/models/onnx/network.h"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/core/signals.h"

namespace graft::models::onnx {
namespace {

constexpr size_t kMostSaid = 8;                   // of what is wrong
constexpr int64_t kMostBytes = int64_t{8} << 30;  // of values that are alive at once

std::string lines(const std::vector<std::string>& wrong) {
  std::string text;
  for (size_t i = 0; i < std::min(wrong.size(), kMostSaid); ++i)
    text += "\n  " + wrong[i];
  if (wrong.size() > kMostSaid) text += fmt::format("\n  and {} more", wrong.size() - kMostSaid);
  return text;
}

std::string shape_said(const std::optional<std::vector<std::optional<int64_t>>>& shape) {
  if (!shape) return "any";
  std::string text = "[";
  for (size_t i = 0; i < shape->size(); ++i)
    text += (i > 0 ? ", " : "") + ((*shape)[i] ? fmt::format("{}", *(*shape)[i]) : std::string("?"));
  return text + "]";
}

bool takes(const io::OnnxValue& value, const at::Tensor& x) {
  if (!value.shape) return true;
  if (x.dim() != static_cast<int64_t>(value.shape->size())) return false;
  for (int64_t i = 0; i < x.dim(); ++i) {
    const auto& length = (*value.shape)[static_cast<size_t>(i)];
    if (length && *length != x.size(i)) return false;
  }
  return true;
}

std::string shapes_of(const std::vector<at::Tensor>& tensors) {
  std::string text;
  for (const auto& x : tensors)
    text += (text.empty() ? "" : " and ") + (x.defined() ? fmt::format("[{}]", fmt::join(x.sizes(), ", ")) : "none");
  return text.empty() ? "none" : text;
}

// Only move numbers, or take the nearest or a mean of them: a share stays a share.
bool only_moves(const io::OnnxNode& node) {
  static const std::set<std::string, std::less<>> moving = {"Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze",
                                                            "Flatten",  "Slice",   "Cast",      "Dropout", "Split",
                                                            "Gather",   "Resize",  "Upsample"};
  return node.domain.empty() && moving.contains(node.type);
}

}  // namespace

Network::Network(io::OnnxFile file, const std::vector<std::string>& wanted) : file_(std::move(file)) {
  choose(wanted);
  plan();
  compute_constants();
  prepare();
  note_last_uses();
}

void Network::choose(const std::vector<std::string>& wanted) {
  if (file_.outputs.empty()) throw ModelError("onnx", "{}: its graph gives nothing.", file_.name);
  if (wanted.empty()) outputs_ = file_.outputs;
  for (const auto& name : wanted) {
    const auto found = std::ranges::find(file_.outputs, name, &io::OnnxValue::name);
    if (found == file_.outputs.end()) {
      std::vector<std::string> known;
      for (const auto& output : file_.outputs)
        known.push_back(output.name);
      throw ModelError("onnx", "{}: {}", file_.name, unknown_name("output", name, known));
    }
    outputs_.push_back(*found);
  }
}

// Finds each node's operator and what it reads, and puts the nodes in the order of their work: ONNX asks for that
// order, and tools that insert nodes leave it to the reader.
void Network::plan() {
  if (file_.opset < kOldestOpset || file_.opset > kNewestOpset)
    throw ModelError("onnx", "{}: its operators are of opset {}: expected {} to {}. Export it for another.", file_.name,
                     file_.opset, kOldestOpset, kNewestOpset);
  std::vector<std::string> wrong;
  std::set<std::string, std::less<>> held;
  for (const auto& input : file_.inputs) {
    if (!held.insert(input.name).second) wrong.push_back(fmt::format("two inputs '{}'", printable(input.name)));
  }
  for (const auto& [name, view] : file_.initializers)
    held.insert(name);
  std::map<std::string, size_t, std::less<>> makers;  // nodes by what they give
  for (size_t i = 0; i < file_.nodes.size(); ++i) {
    for (const auto& output : file_.nodes[i].outputs) {
      if (!output.empty() && (held.contains(output) || !makers.emplace(output, i).second))
        wrong.push_back(
            fmt::format("{}: gives '{}', which is there already", file_.nodes[i].describe(), printable(output)));
    }
  }
  std::vector<const Operator*> operators;
  std::vector<std::vector<size_t>> readers(file_.nodes.size());
  std::vector<size_t> awaited(file_.nodes.size(), 0);
  for (size_t i = 0; i < file_.nodes.size(); ++i) {
    const auto& node = file_.nodes[i];
    operators.push_back(operator_of(node, file_.opset, wrong));
    for (const auto& input : node.inputs) {
      if (input.empty() || held.contains(input)) continue;
      const auto maker = makers.find(input);
      if (maker == makers.end()) {
        wrong.push_back(fmt::format("{}: reads '{}', which nothing gives", node.describe(), printable(input)));
        continue;
      }
      readers[maker->second].push_back(i);
      ++awaited[i];
    }
  }
  for (const auto& output : outputs_) {
    if (!held.contains(output.name) && !makers.contains(output.name))
      wrong.push_back(fmt::format("output '{}': nothing gives it", printable(output.name)));
  }
  std::set<size_t> ready;  // the first of the file goes first
  for (size_t i = 0; i < awaited.size(); ++i)
    if (awaited[i] == 0) ready.insert(i);
  while (!ready.empty()) {
    const auto i = *ready.begin();
    ready.erase(ready.begin());
    steps_.push_back({&file_.nodes[i], operators[i] ? operators[i]->compute : nullptr, file_.nodes[i].inputs, {}});
    for (const auto reader : readers[i])
      if (--awaited[reader] == 0) ready.insert(reader);
  }
  const auto waits = std::ranges::find_if(awaited, [](size_t count) { return count > 0; });
  if (wrong.empty() && waits != awaited.end())
    wrong.push_back(fmt::format("{}: reads, through others, what it gives itself (a cycle)",
                                file_.nodes[static_cast<size_t>(waits - awaited.begin())].describe()));
  if (!wrong.empty()) throw ModelError("onnx", "{} is not understood:{}", file_.name, lines(wrong));

  std::set<std::string, std::less<>> needed;
  for (const auto& output : outputs_)
    needed.insert(output.name);
  std::vector<Step> kept;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    const auto& outputs = step->node->outputs;
    if (std::ranges::none_of(outputs, [&](const auto& name) { return needed.contains(name); })) continue;
    needed.insert(step->node->inputs.begin(), step->node->inputs.end());
    kept.push_back(*step);
  }
  std::ranges::reverse(kept);
  steps_ = std::move(kept);
  for (const auto& step : steps_)
    order_.push_back(step.node);
}

// The file's tensors as values; what is made of constants alone is one, and computed here, once.
void Network::compute_constants() {
  std::set<std::string, std::less<>> read;
  for (const auto& step : steps_)
    read.insert(step.node->inputs.begin(), step.node->inputs.end());
  for (const auto& output : outputs_)
    read.insert(output.name);
  for (const auto& [name, view] : file_.initializers) {
    if (read.contains(name)) constants_.emplace(name, to_value(view));
  }
  std::vector<Step> left;
  for (const auto& step : steps_) {
    const auto& node = *step.node;
    std::vector<at::Tensor> inputs;
    bool known = true;
    for (const auto& name : node.inputs) {
      const auto found = constants_.find(name);
      known = known && (name.empty() || found != constants_.end());
      inputs.push_back(known && !name.empty() ? found->second : at::Tensor());
    }
    if (!known) {
      left.push_back(step);
      continue;
    }
    auto outputs = compute(step, std::move(inputs));
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty()) constants_.emplace(node.outputs[i], std::move(outputs[i]));
  }
  steps_ = std::move(left);
}

// Steps that hold a constant in a form of their own read it no more; constants that none reads go.
void Network::prepare() {
  std::set<std::string, std::less<>> read;
  for (auto& step : steps_) {
    const auto right = step.inputs.size() == 2 ? constants_.find(step.inputs[1]) : constants_.end();
    if (right != constants_.end()) {
      if (auto how = prepared(*step.node, right->second)) {
        step.how = std::move(how);
        step.inputs[1].clear();
      }
    }
    read.insert(step.inputs.begin(), step.inputs.end());
  }
  for (const auto& output : outputs_)
    read.insert(output.name);
  std::erase_if(constants_, [&](const auto& constant) { return !read.contains(constant.first); });
}

void Network::note_last_uses() {
  std::set<std::string, std::less<>> later;
  for (const auto& output : outputs_)
    later.insert(output.name);
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    for (const auto* names : {&std::as_const(step->inputs), &step->node->outputs}) {
      for (const auto& name : *names)
        if (later.insert(name).second) step->last_used.push_back(name);
    }
  }
}

const io::OnnxNode* Network::maker_of(size_t output) const {
  auto name = outputs_.at(output).name;
  for (auto maker = order_.rbegin(); maker != order_.rend(); ++maker) {
    const auto& node = **maker;
    if (std::ranges::find(node.outputs, name) == node.outputs.end()) continue;
    if (!only_moves(node)) return &node;
    name = node.inputs.front();
  }
  return nullptr;
}

std::vector<at::Tensor> Network::compute(const Step& step, std::vector<at::Tensor> inputs) const {
  const auto& node = *step.node;
  const Call call(node, file_.opset, std::move(inputs), file_.name);
  try {
    auto outputs = step.how(call);
    for (size_t i = outputs.size(); i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty())
        call.refuse("its output '{}' (number {}) is not computed here.", printable(node.outputs[i]), i);
    outputs.resize(std::max(outputs.size(), node.outputs.size()));
    return outputs;
  } catch (const c10::Error& error) {  // shapes or types that do not go together
    const std::string text = error.what_without_backtrace();
    std::vector<at::Tensor> given;
    for (size_t i = 0; i < call.count(); ++i)
      given.push_back(call.has(i) ? call.input(i) : at::Tensor());
    call.refuse("its inputs, of shapes {}, do not go together: {}", shapes_of(given),
                printable(text.substr(0, text.find('\n'))));
  }
}

std::vector<at::Tensor> Network::run(const std::vector<at::Tensor>& inputs) const {
  const at::NoGradGuard no_grad;
  if (inputs.size() != file_.inputs.size())
    throw ShapeError("onnx", "{}: it reads {} tensors, got {}.", file_.name, file_.inputs.size(), inputs.size());
  std::map<std::string, at::Tensor, std::less<>> values;
  int64_t alive = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& said = file_.inputs[i];
    if (!takes(said, inputs[i]))
      throw ShapeError("onnx", "{}: input '{}': expected {}, got [{}].", file_.name, printable(said.name),
                       shape_said(said.shape), fmt::join(inputs[i].sizes(), ", "));
    values[said.name] = inputs[i].to(value_type(said.dtype));
    alive += static_cast<int64_t>(inputs[i].nbytes());
  }
  const auto value_of = [&](const std::string& name) {
    if (name.empty()) return at::Tensor();
    const auto constant = constants_.find(name);
    return constant != constants_.end() ? constant->second : values.at(name);
  };
  for (const auto& step : steps_) {
    stop_if_asked();
    std::vector<at::Tensor> given;
    for (const auto& name : step.inputs)
      given.push_back(value_of(name));
    auto made = compute(step, std::move(given));
    for (size_t i = 0; i < step.node->outputs.size(); ++i) {
      if (step.node->outputs[i].empty()) continue;
      alive += static_cast<int64_t>(made[i].nbytes());
      values[step.node->outputs[i]] = std::move(made[i]);
    }
    for (const auto& name : step.last_used) {
      const auto value = values.find(name);
      if (value == values.end()) continue;  // a constant, or left out
      alive -= static_cast<int64_t>(value->second.nbytes());
      values.erase(value);
    }
    if (alive > kMostBytes)
      throw ModelError("onnx", "{}: at {} its values take {} MiB: expected at most {}. Give it a smaller photo.",
                       file_.name, step.node->describe(), alive >> 20, kMostBytes >> 20);
  }
  std::vector<at::Tensor> outputs;
  for (const auto& output : outputs_)
    outputs.push_back(value_of(output.name).contiguous());
  return outputs;
}

}  // namespace graft::models::onnx
