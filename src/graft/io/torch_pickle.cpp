#include "graft/io/torch_pickle.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "graft/core/error.h"

namespace graft::io {
namespace {

using Kind = PickleNode::Kind;

constexpr std::array<std::pair<std::string_view, Dtype>, 11> kStorages{{
    {"DoubleStorage", Dtype::f64},
    {"FloatStorage", Dtype::f32},
    {"HalfStorage", Dtype::f16},
    {"BFloat16Storage", Dtype::bf16},
    {"LongStorage", Dtype::i64},
    {"IntStorage", Dtype::i32},
    {"ShortStorage", Dtype::i16},
    {"CharStorage", Dtype::i8},
    {"ByteStorage", Dtype::u8},
    {"BoolStorage", Dtype::boolean},
    {"ComplexFloatStorage", Dtype::c64},
}};

constexpr std::array<std::pair<std::string_view, Dtype>, 17> kDtypes{{
    {"float64", Dtype::f64},
    {"float32", Dtype::f32},
    {"float16", Dtype::f16},
    {"bfloat16", Dtype::bf16},
    {"int64", Dtype::i64},
    {"int32", Dtype::i32},
    {"int16", Dtype::i16},
    {"int8", Dtype::i8},
    {"uint8", Dtype::u8},
    {"bool", Dtype::boolean},
    {"float8_e4m3fn", Dtype::f8_e4m3},
    {"float8_e5m2", Dtype::f8_e5m2},
    {"float8_e8m0fnu", Dtype::f8_e8m0},
    {"uint16", Dtype::u16},
    {"uint32", Dtype::u32},
    {"uint64", Dtype::u64},
    {"complex64", Dtype::c64},
}};

constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor";  // before PyTorch 0.4
constexpr std::string_view kRebuildTensorV2 = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildTensorV3 = "torch._utils._rebuild_tensor_v3";  // untyped storage and a dtype
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kRebuildParameterWithState = "torch._utils._rebuild_parameter_with_state";
constexpr std::string_view kUntypedStorage = "torch.storage.UntypedStorage";
constexpr std::string_view kRebuildFromType = "torch._tensor._rebuild_from_type_v2";  // a tensor with attributes
constexpr std::string_view kDefaultDict = "collections.defaultdict";
constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kSize = "torch.Size";
constexpr std::string_view kTorchScriptClass = "__torch__.";
constexpr std::string_view kNamespace = "argparse.Namespace";  // training scripts keep their arguments in one

// "torch.FloatStorage", and "torch.cuda.FloatStorage" in old files.
template <std::size_t N>
std::optional<Dtype> lookup(const std::array<std::pair<std::string_view, Dtype>, N>& table, std::string_view global) {
  for (std::string_view module : {"torch.cuda.", "torch."}) {
    if (!global.starts_with(module)) continue;
    for (const auto& [name, dtype] : table) {
      if (global.substr(module.size()) == name) return dtype;
    }
  }
  return std::nullopt;
}

// Tensors, plain containers, dtypes, devices and TorchScript classes.
bool is_plain(std::string_view global) {
  // NumPy's scalars (a best accuracy, say) are numbers; _codecs.encode is how Python 3 writes bytes for protocol 2.
  static constexpr std::array<std::string_view, 16> kPlain{kRebuildTensor,
                                                           kRebuildTensorV2,
                                                           kRebuildTensorV3,
                                                           kRebuildParameter,
                                                           kRebuildParameterWithState,
                                                           kUntypedStorage,
                                                           kNamespace,
                                                           kOrderedDict,
                                                           kDefaultDict,
                                                           kRebuildFromType,
                                                           kSize,
                                                           "torch.device",
                                                           "numpy.dtype",
                                                           "numpy.core.multiarray.scalar",
                                                           "numpy._core.multiarray.scalar",
                                                           "_codecs.encode"};
  // torch.jit._pickle tags TorchScript's lists and dictionaries with their element types.
  return std::find(kPlain.begin(), kPlain.end(), global) != kPlain.end() || lookup(kStorages, global) ||
         lookup(kDtypes, global) || global.starts_with(kTorchScriptClass) || global.starts_with("torch.jit._pickle.");
}

// Deeper than any model: it ends the walk through a container that holds itself.
constexpr int kMaxDepth = 100;
// Sharing lets a small pickle describe exponentially many paths.
constexpr std::size_t kMaxVisits = 4'000'000;

class Collector {
 public:
  Collector(std::string_view file, const FindStorage& find_storage, std::shared_ptr<const void> owner,
            std::size_t copy_budget)
      : file_(file), find_storage_(find_storage), owner_(std::move(owner)), copy_budget_(copy_budget) {}

  TorchFile run(const PickleNode& root) {
    walk(root, "", 0);
    if (result_.tensors.empty() && !passed_over_.empty()) {
      throw FileError("torch file",
                      "{} holds objects of {} and no plain tensors: nothing of them was run. Save model.state_dict() "
                      "instead of the object.",
                      file_, *passed_over_.begin());
    }
    if (!is_dictionary(root)) result_.groups.clear();
    return std::move(result_);
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw FileError("torch file", "{}: {}.", file_, fmt::format(format, std::forward<Args>(args)...));
  }

  void walk(const PickleNode& node, const std::string& path, int depth) {
    if (depth > kMaxDepth || ++visits_ > kMaxVisits) fail("its containers are nested without end");
    if (is_tensor(node)) {
      if (!result_.tensors.emplace(path, tensor(node)).second) fail("two tensors are called '{}'", path);
    } else if (is_dictionary(node)) {
      walk_pairs(node.items, path, depth);
    } else if (node.is(Kind::list) || node.is(Kind::tuple)) {
      for (std::size_t i = 0; i < node.items.size(); ++i)
        walk_child(*node.items[i], path, std::to_string(i), depth);
    } else if (node.is(Kind::call) && node.state != nullptr && node.state->is(Kind::dict) &&
               (node.callee->text.starts_with(kTorchScriptClass) || node.callee->text == kNamespace)) {
      walk_pairs(node.state->items, path, depth);
    } else if (node.is(Kind::call) && node.callee->is(Kind::global) && !is_plain(node.callee->text)) {
      passed_over_.insert(node.callee->text);
    }
  }

  // What has a key that is neither text nor a number has no name either, and is no weight.
  void walk_pairs(const std::vector<const PickleNode*>& items, const std::string& path, int depth) {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto& key = *items[i];
      if (key.is(Kind::text)) walk_child(*items[i + 1], path, key.text, depth);
      if (key.is(Kind::integer)) walk_child(*items[i + 1], path, std::to_string(key.integer), depth);
    }
  }

  void walk_child(const PickleNode& child, const std::string& path, const std::string& key, int depth) {
    const auto before = result_.tensors.size();
    walk(child, path.empty() ? key : path + "." + key, depth + 1);
    if (depth == 0 && !is_tensor(child) && result_.tensors.size() > before) result_.groups.push_back(key);
  }

  static bool is_dictionary(const PickleNode& node) {
    return node.is(Kind::dict) || node.calls(kOrderedDict) || node.calls(kDefaultDict);
  }

  static bool is_tensor(const PickleNode& node) {
    return node.calls(kRebuildTensorV2) || node.calls(kRebuildTensor) || node.calls(kRebuildTensorV3) ||
           node.calls(kRebuildParameter) || node.calls(kRebuildParameterWithState) || is_typed_tensor(node);
  }

  // _rebuild_from_type_v2(function, type, arguments, state): what a tensor with Python attributes is saved as.
  static bool is_typed_tensor(const PickleNode& node) {
    if (!node.calls(kRebuildFromType) || node.arguments->items.size() < 3) return false;
    const auto& items = node.arguments->items;
    return items[0]->is(Kind::global) && items[2]->is(Kind::tuple) &&
           (items[1]->text == "torch.Tensor" || items[1]->text == "torch._tensor.Tensor" ||
            items[1]->text == "torch.nn.parameter.Parameter" || items[1]->text == "torch.nn.parameter.Buffer");
  }

  // A tensor under several names is built, and copied, once.
  const TensorView& tensor(const PickleNode& node) {
    const auto known = tensors_.find(&node);
    if (known != tensors_.end()) return known->second;
    const auto* call = &node;
    PickleNode plain;  // the call that a typed tensor stands for
    if (is_typed_tensor(node)) {
      plain.kind = Kind::call;
      plain.callee = node.arguments->items[0];
      plain.arguments = node.arguments->items[2];
      if (!is_tensor(plain)) fail("a tensor that {} is to rebuild", plain.callee->text);
      call = &plain;
    }
    for (int i = 0; call->calls(kRebuildParameter) || call->calls(kRebuildParameterWithState); ++i) {
      if (i == kMaxDepth || call->arguments->items.empty() || !is_tensor(*call->arguments->items[0])) {
        fail("a parameter without a tensor");
      }
      call = call->arguments->items[0];
    }
    return tensors_.emplace(&node, build(*call)).first->second;
  }

  // (storage, offset, size, stride, ...); v3 has the dtype as its seventh argument. Offset and strides count elements.
  TensorView build(const PickleNode& call) {
    const auto& arguments = call.arguments->items;
    if (arguments.size() < 4 || !arguments[0]->is(Kind::persistent) || !arguments[1]->is(Kind::integer)) {
      fail("a tensor whose storage, offset, size or stride is missing");
    }
    const StorageId id = read_storage_id(*arguments[0], file_);
    auto dtype = id.dtype;
    if (call.calls(kRebuildTensorV3)) {
      dtype =
          arguments.size() > 6 && arguments[6]->is(Kind::global) ? lookup(kDtypes, arguments[6]->text) : std::nullopt;
    }
    if (!dtype) fail("a tensor of a type that is not known here");
    const auto storage =
        find_storage_(id).subspan(id.begin * id.element_bytes(), (id.end - id.begin) * id.element_bytes());
    return place(*dtype, storage, arguments[1]->integer, sizes(*arguments[2]), sizes(*arguments[3]));
  }

  std::vector<std::int64_t> sizes(const PickleNode& node) const {
    const auto& list = node.calls(kSize) && !node.arguments->items.empty() ? *node.arguments->items[0] : node;
    std::vector<std::int64_t> values;
    for (const auto* item : list.items) {
      if (!item->is(Kind::integer) || !item->text.empty() || item->integer < 0) fail("a tensor with a negative size");
      values.push_back(item->integer);
    }
    return values;
  }

  TensorView place(Dtype dtype, std::span<const std::byte> storage, std::int64_t offset,
                   std::vector<std::int64_t> shape, const std::vector<std::int64_t>& stride) {
    TensorView view;
    view.dtype = dtype;
    view.owner = owner_;
    const std::size_t width = size_of(dtype);
    if (stride.size() != shape.size() || offset < 0) fail("a tensor whose shape and stride do not fit");
    // The last element that the tensor reaches, and its size if it lay dense.
    std::size_t last = static_cast<std::size_t>(offset), count = 1;
    bool overflows = false, dense = true;
    for (std::size_t i = shape.size(); i-- > 0;) {
      const auto extent = static_cast<std::size_t>(shape[i]), step = static_cast<std::size_t>(stride[i]);
      if (extent != 1 && step != count) dense = false;
      std::size_t reach = 0;
      overflows |= extent > 0 &&
                   (__builtin_mul_overflow(extent - 1, step, &reach) || __builtin_add_overflow(last, reach, &last));
      overflows |= __builtin_mul_overflow(count, extent, &count);
    }
    overflows |= __builtin_mul_overflow(count, width, &view.bytes);
    view.shape = std::move(shape);
    if (!overflows && count == 0) {
      view.data = storage.data();
      return view;
    }
    if (overflows || last >= storage.size() / width) fail("a tensor that reaches beyond its storage");
    view.data = storage.data() + static_cast<std::size_t>(offset) * width;
    if (!dense) copy_dense(view, stride);
    return view;
  }

  void copy_dense(TensorView& view, const std::vector<std::int64_t>& stride) {
    if (view.bytes > copy_budget_) fail("a strided tensor that is far larger than the file");
    copy_budget_ -= view.bytes;
    const std::size_t width = size_of(view.dtype);
    auto memory = std::make_shared<std::vector<std::byte>>(view.bytes);
    std::vector<std::int64_t> index(view.shape.size(), 0);
    std::size_t from = 0;  // in elements
    for (std::size_t to = 0; to < view.bytes; to += width) {
      std::memcpy(memory->data() + to, view.data + from * width, width);
      for (std::size_t i = index.size(); i-- > 0;) {
        from += static_cast<std::size_t>(stride[i]);
        if (++index[i] < view.shape[i]) break;
        from -= static_cast<std::size_t>(stride[i]) * static_cast<std::size_t>(view.shape[i]);
        index[i] = 0;
      }
    }
    view.data = memory->data();
    view.owner = std::move(memory);
  }

  std::string_view file_;
  const FindStorage& find_storage_;
  std::shared_ptr<const void> owner_;
  std::size_t copy_budget_;
  std::size_t visits_ = 0;
  std::set<std::string> passed_over_;  // classes whose objects are no data
  std::unordered_map<const PickleNode*, TensorView> tensors_;
  TorchFile result_;
};

}  // namespace

bool may_stand_in_torch_file(std::string_view global) {
  static constexpr std::array<std::string_view, 17> kCommands{
      "os.",  "posix.",  "nt.",   "subprocess.", "sys.",        "shutil.", "socket.",          "runpy.",   "importlib.",
      "pty.", "ctypes.", "code.", "pdb.",        "webbrowser.", "pip.",    "multiprocessing.", "operator."};
  static constexpr std::array<std::string_view, 8> kBuiltins{"set",   "frozenset", "complex", "bytearray",
                                                             "slice", "range",     "object",  "getattr"};
  for (std::string_view module : {"builtins.", "__builtin__."}) {
    if (!global.starts_with(module)) continue;
    return std::find(kBuiltins.begin(), kBuiltins.end(), global.substr(module.size())) != kBuiltins.end();
  }
  return std::none_of(kCommands.begin(), kCommands.end(), [&](auto module) { return global.starts_with(module); });
}

// ("storage", type, key, where it lived, elements[, (part's key, begin, elements) or None])
StorageId read_storage_id(const PickleNode& persistent, std::string_view file) {
  const auto check = [&](bool holds) {
    if (!holds) throw FileError("torch file", "{}: a tensor refers to something that is no storage.", file);
  };
  const auto& tuple = *persistent.items[0];
  check(tuple.is(Kind::tuple) && tuple.items.size() >= 5);
  const auto& items = tuple.items;
  check(items[0]->text == "storage" && items[1]->is(Kind::global) && items[2]->is(Kind::text) &&
        items[4]->is(Kind::integer) && items[4]->integer >= 0);
  StorageId id{.key = items[2]->text,
               .dtype = lookup(kStorages, items[1]->text),
               .elements = static_cast<std::uint64_t>(items[4]->integer),
               .end = static_cast<std::uint64_t>(items[4]->integer)};
  check(id.dtype.has_value() || items[1]->text == kUntypedStorage);
  if (items.size() > 5 && !items[5]->is(Kind::none)) {
    const auto& part = items[5]->items;
    check(items[5]->is(Kind::tuple) && part.size() == 3 && part[1]->is(Kind::integer) && part[2]->is(Kind::integer));
    check(part[1]->integer >= 0 && part[2]->integer >= 0);
    id.begin = static_cast<std::uint64_t>(part[1]->integer);
    id.end = id.begin + static_cast<std::uint64_t>(part[2]->integer);
    check(id.end <= id.elements);
  }
  return id;
}

TorchFile collect_tensors(const PickleNode& root, std::string_view file, const FindStorage& find_storage,
                          std::shared_ptr<const void> owner, std::size_t copy_budget) {
  return Collector(file, find_storage, std::move(owner), copy_budget).run(root);
}

}  // namespace graft::io
