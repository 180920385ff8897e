#include "graft/io/onnx_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/io/mapped_file.h"
#include "graft/io/onnx_tensor.h"
#include "graft/io/protobuf.h"

namespace graft::io {
namespace {

constexpr std::int64_t kOldestIr = 3, kNewestIr = 14;

class GraphReader {
 public:
  GraphReader(OnnxFile& file, OnnxStorage storage) : file_(file), storage_(std::move(storage)) {}

  void read_model(ProtobufMessage model) {
    bool graph = false;
    while (model.next()) {
      switch (model.field()) {
        case 1:
          file_.ir_version = model.integer();
          break;
        case 2:
          file_.producer = model.text();
          break;
        case 7:
          if (std::exchange(graph, true)) refuse("holds two graphs.");
          read_graph(model.message("GraphProto"));
          break;
        case 8:
          read_opset(model.message("OperatorSetIdProto"));
          break;
        case 20:
          refuse("holds steps of a training. Export the network for inference.");
        case 25:
          refuse("holds functions of its own. Export it without (torch.onnx.export with dynamo=False).");
        case 3:
        case 4:
        case 5:
        case 6:
        case 14:
        case 26:
          break;  // versions, remarks, devices
        default:
          model.refuse_field();
      }
    }
    if (!graph) refuse("holds no graph. Is it an ONNX file?");
    if (file_.ir_version < kOldestIr || file_.ir_version > kNewestIr)
      refuse(fmt::format("is of IR version {}: expected {} to {}.", file_.ir_version, kOldestIr, kNewestIr));
    if (file_.opset == 0) refuse("does not say of which version its operators are.");
    std::erase_if(file_.inputs, [&](const auto& input) { return file_.initializers.contains(input.name); });
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { throw FileError("onnx", "{}: {}", file_.name, what); }

  void read_opset(ProtobufMessage opset) {
    std::string domain;
    std::int64_t version = 0;
    while (opset.next()) {
      switch (opset.field()) {
        case 1:
          domain = opset.text();
          break;
        case 2:
          version = opset.integer();
          break;
        default:
          opset.refuse_field();
      }
    }
    if (domain.empty() || domain == "ai.onnx") file_.opset = version;  // a node says which domain it is of
  }

  void read_graph(ProtobufMessage graph) {
    while (graph.next()) {
      switch (graph.field()) {
        case 1:
          file_.nodes.push_back(read_node(graph.message("NodeProto")));
          break;
        case 5: {
          auto [name, view] = read_onnx_tensor(graph.message("TensorProto"), storage_);
          if (!file_.initializers.try_emplace(name, std::move(view)).second)
            refuse(fmt::format("holds two tensors '{}'.", printable(name)));
          break;
        }
        case 11:
          file_.inputs.push_back(read_value(graph.message("ValueInfoProto")));
          break;
        case 12:
          file_.outputs.push_back(read_value(graph.message("ValueInfoProto")));
          break;
        case 15:
          refuse("holds sparse tensors, which graft does not read.");
        case 2:
        case 10:
        case 13:
        case 14:
        case 16:
          break;  // names, remarks, what is known of values within, how a value was quantised
        default:
          graph.refuse_field();
      }
    }
  }

  OnnxNode read_node(ProtobufMessage message) {
    OnnxNode node;
    std::vector<ProtobufMessage> attributes;
    while (message.next()) {
      switch (message.field()) {
        case 1:
          node.inputs.push_back(message.text());
          break;
        case 2:
          node.outputs.push_back(message.text());
          break;
        case 3:
          node.name = message.text();
          break;
        case 4:
          node.type = message.text();
          break;
        case 5:
          attributes.push_back(message.message("AttributeProto"));
          break;
        case 7:
          node.domain = message.text();
          break;
        case 6:
        case 8:
        case 9:
        case 10:
          break;  // remarks, overloads of functions, devices
        default:
          message.refuse_field();
      }
    }
    if (node.type.empty()) refuse("holds a node of no type. The file is damaged.");
    if (node.domain == "ai.onnx") node.domain.clear();
    for (auto& attribute : attributes)
      node.attributes.push_back(read_attribute(attribute, node));
    return node;
  }

  // An AttributeProto keeps a value of each kind side by side; its type says which one counts.
  OnnxAttribute read_attribute(ProtobufMessage& message, const OnnxNode& node) {
    OnnxAttribute attribute;
    std::int64_t type = 0;
    float real = 0;
    std::int64_t integer = 0;
    std::string text;
    std::optional<TensorView> tensor;
    std::vector<float> reals;
    std::vector<std::int64_t> integers;
    std::vector<std::string> texts;
    while (message.next()) {
      switch (message.field()) {
        case 1:
          attribute.name = message.text();
          break;
        case 2:
          real = message.real();
          break;
        case 3:
          integer = message.integer();
          break;
        case 4:
          text = message.text();
          break;
        case 5:
          tensor = read_onnx_tensor(message.message("TensorProto"), storage_).second;
          break;
        case 7:
          message.add_reals(reals);
          break;
        case 8:
          message.add_integers(integers);
          break;
        case 9:
          texts.push_back(message.text());
          break;
        case 20:
          type = message.integer();
          break;
        case 13:
          break;  // a remark
        case 6:
        case 11:
          refuse(fmt::format("{} holds a graph of its own ('{}'), which graft does not run.", node.describe(),
                             printable(attribute.name)));
        case 10:
        case 14:
        case 15:
        case 21:
        case 22:
        case 23:
          break;  // of the kinds that are refused below
        default:
          message.refuse_field();
      }
    }
    switch (type) {
      case 1:
        attribute.value = real;
        break;
      case 2:
        attribute.value = integer;
        break;
      case 3:
        attribute.value = std::move(text);
        break;
      case 4:
        if (!tensor)
          refuse(fmt::format("{}: attribute '{}' lacks its tensor.", node.describe(), printable(attribute.name)));
        attribute.value = std::move(*tensor);
        break;
      case 6:
        attribute.value = std::move(reals);
        break;
      case 7:
        attribute.value = std::move(integers);
        break;
      case 8:
        attribute.value = std::move(texts);
        break;
      default:
        refuse(fmt::format("{}: attribute '{}' is of kind {}, which graft does not read.", node.describe(),
                           printable(attribute.name), type));
    }
    return attribute;
  }

  OnnxValue read_value(ProtobufMessage message) {
    OnnxValue value;
    std::optional<ProtobufMessage> type;
    while (message.next()) {
      switch (message.field()) {
        case 1:
          value.name = message.text();
          break;
        case 2:
          type = message.message("TypeProto");
          break;
        case 3:
        case 4:
          break;  // remarks
        default:
          message.refuse_field();
      }
    }
    if (value.name.empty()) refuse("has an input or output without a name. The file is damaged.");
    if (type) read_type(*type, value);
    return value;
  }

  void read_type(ProtobufMessage& type, OnnxValue& value) {
    while (type.next()) {
      switch (type.field()) {
        case 1:
          read_tensor_type(type.message("TypeProto.Tensor"), value);
          break;
        case 6:
          break;  // a remark
        default:
          refuse(fmt::format("'{}' is no tensor (a sequence, a map or the like), which graft does not read.",
                             printable(value.name)));
      }
    }
  }

  void read_tensor_type(ProtobufMessage type, OnnxValue& value) {
    while (type.next()) {
      switch (type.field()) {
        case 1: {
          const auto dtype = onnx_dtype(type.integer());
          if (!dtype)
            refuse(fmt::format("'{}' is of ONNX's type {}, which graft does not read.", printable(value.name),
                               type.integer()));
          value.dtype = *dtype;
          break;
        }
        case 2:
          read_shape(type.message("TensorShapeProto"), value.shape.emplace());
          break;
        default:
          type.refuse_field();
      }
    }
  }

  static void read_shape(ProtobufMessage shape, std::vector<std::optional<std::int64_t>>& lengths) {
    while (shape.next()) {
      if (shape.field() != 1) shape.refuse_field();
      auto dimension = shape.message("TensorShapeProto.Dimension");
      auto& length = lengths.emplace_back();
      while (dimension.next()) {
        switch (dimension.field()) {
          case 1:
            length = dimension.integer();
            break;
          case 2:
          case 3:
            break;  // a name for a length that is open, a remark
          default:
            dimension.refuse_field();
        }
      }
      if (length && *length < 1) length.reset();  // how some exporters write an open one
    }
  }

  OnnxFile& file_;
  OnnxStorage storage_;
};

}  // namespace

std::string OnnxNode::describe() const {
  if (!name.empty()) return fmt::format("{} node '{}'", printable(type), printable(name));
  return fmt::format("the {} node that gives '{}'", printable(type), outputs.empty() ? "" : printable(outputs.front()));
}

OnnxFile OnnxFile::open(const std::filesystem::path& path) {
  const auto mapped = MappedFile::open(path);
  OnnxFile file;
  file.name = path.string();
  const auto folder = path.parent_path();
  GraphReader(file, {.owner = mapped, .file = mapped, .folder = folder.empty() ? "." : folder})
      .read_model({mapped->bytes(), "ModelProto", file.name});
  return file;
}

OnnxFile OnnxFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name) {
  OnnxFile file;
  file.name = name;
  GraphReader(file, {.owner = std::move(owner), .file = nullptr, .folder = {}})
      .read_model({bytes, "ModelProto", file.name});
  return file;
}

}  // namespace graft::io
