#include "graft/io/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "graft/core/error.h"

namespace graft::io {
namespace {

using Kind = PickleNode::Kind;

// The opcodes of Python's pickletools that stand in data.
// clang-format off
enum Opcode : std::uint8_t {
  kMark = '(', kEmptyTuple = ')', kStop = '.', kPop = '0', kBinBytes = 'B', kShortBinBytes = 'C', kBinFloat = 'G',
  kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kNone = 'N', kBinPersistent = 'Q', kReduce = 'R', kBinString = 'T',
  kShortBinString = 'U', kBinUnicode = 'X', kEmptyList = ']', kAppend = 'a', kBuild = 'b', kGlobal = 'c',
  kAppends = 'e', kBinGet = 'h', kLongBinGet = 'j', kBinPut = 'q', kLongBinPut = 'r', kSetItem = 's', kTuple = 't',
  kSetItems = 'u', kEmptyDict = '}', kProto = 0x80, kNewObject = 0x81, kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87,
  kTrue = 0x88, kFalse = 0x89, kLong1 = 0x8a, kShortBinUnicode = 0x8c, kBinUnicode8 = 0x8d, kStackGlobal = 0x93,
  kMemoize = 0x94, kFrame = 0x95, kPopMark = '1', kDup = '2', kDict = 'd', kList = 'l', kLong4 = 0x8b,
  kBinBytes8 = 0x8e, kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91, kNewObjectEx = 0x92, kByteArray8 = 0x96,
};
// clang-format on

// A node costs about 150 bytes, a hostile opcode one: this bounds what a small file can make us allocate. Checkpoints
// of ten thousand tensors have some 300,000.
constexpr std::size_t kMaxNodes = 10'000'000;

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view file, const AllowGlobal& allow)
      : bytes_(bytes), file_(file), allow_(allow) {}

  Pickle run() {
    for (;;) {
      const auto opcode = take<std::uint8_t>();
      if (opcode == kStop) break;
      step(opcode);
    }
    pickle_.root = pop();
    pickle_.bytes = at_;
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void damaged() const {
    throw FileError("pickle", "{}: the pickle is damaged or cut short at byte {}. Is the download complete?", file_,
                    at_);
  }
  void require(bool holds) const {
    if (!holds) damaged();
  }

  std::string_view take_bytes(std::uint64_t count) {
    require(count <= bytes_.size() - at_);
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += count;
    return {begin, count};
  }
  template <class Integer>
  Integer take() {
    Integer value;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view take_line() {
    const auto rest = std::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size()).substr(at_);
    const auto end = rest.find('\n');
    require(end != std::string_view::npos);
    return take_bytes(end + 1).substr(0, end);
  }

  PickleNode& make(Kind kind) {
    if (pickle_.nodes.size() == kMaxNodes) {
      throw FileError("pickle", "{}: more than {} objects: refused.", file_, kMaxNodes);
    }
    auto& node = pickle_.nodes.emplace_back();
    node.kind = kind;
    return node;
  }
  PickleNode& push(Kind kind) {
    auto& node = make(kind);
    stack_.push_back(&node);
    return node;
  }
  void push_integer(std::int64_t value) { push(Kind::integer).integer = value; }
  void push_text(Kind kind, std::string_view text) { push(kind).text = text; }

  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleNode& top() {
    require(stack_.size() > floor());
    return *stack_.back();
  }
  PickleNode* pop() {
    auto* node = &top();
    stack_.pop_back();
    return node;
  }
  using Nodes = std::vector<const PickleNode*>;

  Nodes pop_from(std::size_t height) {
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(height);
    Nodes nodes(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    return nodes;
  }
  Nodes pop_last(std::size_t count) {
    require(stack_.size() >= floor() + count);
    return pop_from(stack_.size() - count);
  }
  // Everything above the last mark, which goes too.
  Nodes pop_marked() {
    require(!marks_.empty());
    auto nodes = pop_from(marks_.back());
    marks_.pop_back();
    return nodes;
  }
  void push_tuple(Nodes items) { push(Kind::tuple).items = std::move(items); }

  // Elements of a list, pairs of a dictionary, or either put into the result of a call (OrderedDict is built so).
  void extend(const Nodes& items, Kind container) {
    auto& target = top();
    require(target.is(container) || target.is(Kind::call));
    require(container != Kind::dict || items.size() % 2 == 0);
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  void push_global() {
    const auto module = take_line();
    push_global(module, take_line());
  }
  void push_stack_global() {
    const auto names = pop_last(2);
    require(names[0]->is(Kind::text) && names[1]->is(Kind::text));
    push_global(names[0]->text, names[1]->text);
  }
  void push_global(std::string_view module, std::string_view name) {
    auto global = fmt::format("{}.{}", module, name);
    if (!allow_(global)) {
      throw FileError("pickle", "{} wants to call {}: refused, and nothing was run. Convert the file to safetensors.",
                      file_, global);
    }
    push(Kind::global).text = std::move(global);
  }

  void push_call() {
    const auto* arguments = pop();
    const auto* callee = pop();
    require(arguments->is(Kind::tuple) && (callee->is(Kind::global) || callee->is(Kind::call)));
    auto& call = push(Kind::call);
    call.callee = callee;
    call.arguments = arguments;
  }

  void set_state() {
    const auto* state = pop();
    require(top().is(Kind::call));
    top().state = state;
  }
  void push_persistent() {
    const auto* id = pop();
    push(Kind::persistent).items = {id};
  }

  void push_long(std::string_view digits) {  // two's complement, little-endian
    auto& node = push(Kind::integer);
    if (digits.size() > sizeof node.integer) {
      node.text = digits;
      return;
    }
    std::uint64_t value = !digits.empty() && (digits.back() & 0x80) ? ~std::uint64_t{0} : 0;
    for (auto byte = digits.rbegin(); byte != digits.rend(); ++byte) {
      value = value << 8 | static_cast<std::uint8_t>(*byte);
    }
    node.integer = static_cast<std::int64_t>(value);
  }

  void push_memo(std::uint32_t index) {
    const auto found = memo_.find(index);
    require(found != memo_.end());
    stack_.push_back(found->second);
  }

  // clang-format off: a table
  void step(std::uint8_t opcode) {
    switch (opcode) {
      case kProto:
        take<std::uint8_t>();
        return;
      case kFrame:
        take<std::uint64_t>();
        return;  // a hint for readers from a stream
      case kMark:
        marks_.push_back(stack_.size());
        return;
      case kPop:
        pop();
        return;
      case kPopMark:
        pop_marked();
        return;
      case kDup:
        stack_.push_back(&top());
        return;

      case kNone:
        push(Kind::none);
        return;
      case kTrue:
        push(Kind::boolean).integer = 1;
        return;
      case kFalse:
        push(Kind::boolean).integer = 0;
        return;
      case kBinInt:
        push_integer(take<std::int32_t>());
        return;
      case kBinInt1:
        push_integer(take<std::uint8_t>());
        return;
      case kBinInt2:
        push_integer(take<std::uint16_t>());
        return;
      case kLong1:
        push_long(take_bytes(take<std::uint8_t>()));
        return;
      case kLong4:
        push_long(take_bytes(take<std::uint32_t>()));
        return;
      case kBinFloat:
        push(Kind::real).real = std::bit_cast<double>(__builtin_bswap64(take<std::uint64_t>()));
        return;
      case kShortBinString:
        push_text(Kind::text, take_bytes(take<std::uint8_t>()));
        return;
      case kBinString:
        push_text(Kind::text, take_bytes(take<std::uint32_t>()));
        return;
      case kShortBinUnicode:
        push_text(Kind::text, take_bytes(take<std::uint8_t>()));
        return;
      case kBinUnicode:
        push_text(Kind::text, take_bytes(take<std::uint32_t>()));
        return;
      case kBinUnicode8:
        push_text(Kind::text, take_bytes(take<std::uint64_t>()));
        return;
      case kBinBytes8:
      case kByteArray8:
        push_text(Kind::bytes, take_bytes(take<std::uint64_t>()));
        return;
      case kShortBinBytes:
        push_text(Kind::bytes, take_bytes(take<std::uint8_t>()));
        return;
      case kBinBytes:
        push_text(Kind::bytes, take_bytes(take<std::uint32_t>()));
        return;

      case kEmptyList:
      case kEmptySet:
        push(Kind::list);
        return;
      case kFrozenSet:
      case kList: {
        auto items = pop_marked();
        push(Kind::list).items = std::move(items);
        return;
      }
      case kDict: {
        auto items = pop_marked();
        require(items.size() % 2 == 0);
        push(Kind::dict).items = std::move(items);
        return;
      }
      case kEmptyDict:
        push(Kind::dict);
        return;
      case kEmptyTuple:
        push_tuple({});
        return;
      case kTuple1:
        push_tuple(pop_last(1));
        return;
      case kTuple2:
        push_tuple(pop_last(2));
        return;
      case kTuple3:
        push_tuple(pop_last(3));
        return;
      case kTuple:
        push_tuple(pop_marked());
        return;
      case kAppend:
        extend(pop_last(1), Kind::list);
        return;
      case kAppends:
      case kAddItems:
        extend(pop_marked(), Kind::list);
        return;
      case kSetItem:
        extend(pop_last(2), Kind::dict);
        return;
      case kSetItems:
        extend(pop_marked(), Kind::dict);
        return;

      case kBinPut:
        memo_[take<std::uint8_t>()] = &top();
        return;
      case kLongBinPut:
        memo_[take<std::uint32_t>()] = &top();
        return;
      case kMemoize:
        memo_[static_cast<std::uint32_t>(memo_.size())] = &top();
        return;
      case kBinGet:
        push_memo(take<std::uint8_t>());
        return;
      case kLongBinGet:
        push_memo(take<std::uint32_t>());
        return;

      case kGlobal:
        push_global();
        return;
      case kStackGlobal:
        push_stack_global();
        return;
      case kNewObjectEx:
        pop();  // arguments by name
        push_call();
        return;
      case kReduce:
      case kNewObject:
        push_call();
        return;
      case kBuild:
        set_state();
        return;
      case kBinPersistent:
        push_persistent();
        return;
    }
    throw FileError("pickle", "{}: opcode 0x{:02x} at byte {} stands for no plain data: refused.", file_, opcode,
                    at_ - 1);
  }
  // clang-format on

  std::span<const std::byte> bytes_;
  std::string_view file_;
  const AllowGlobal& allow_;
  std::size_t at_ = 0;
  Pickle pickle_;
  std::vector<PickleNode*> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::unordered_map<std::uint32_t, PickleNode*> memo_;
};

}  // namespace

Pickle parse_pickle(std::span<const std::byte> bytes, std::string_view file, const AllowGlobal& allow) {
  return Reader(bytes, file, allow).run();
}

}  // namespace graft::io
