// Python's pickle read as data: what a pickle would call is noted, never called. The result is a graph of plain values
// in which a call is a node of its own (callee, arguments, what was put into it); the reader of torch files knows which
// calls are harmless. A global that the caller does not allow ends the reading at once. Protocols 2 to 5 in the opcodes
// that data needs, sets as lists; no protocol 0 text, no out-of-band buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace graft::io {

struct PickleNode {
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,
    real,
    text,
    bytes,
    list,
    tuple,
    dict,
    global,
    call,
    persistent
  };

  Kind kind = Kind::none;
  std::int64_t integer = 0;  // integer, boolean
  double real = 0;
  std::string text;  // text; bytes; integers beyond 64 bits, as their bytes; global: "module.name"
  // list, tuple: the elements. dict: key, value, key, value ... . call: what was appended or set later.
  // persistent: the id.
  std::vector<const PickleNode*> items;
  const PickleNode* callee = nullptr;     // call: a global, or what a call gave
  const PickleNode* arguments = nullptr;  // call: a tuple
  const PickleNode* state = nullptr;      // call: what __setstate__ would get

  bool is(Kind k) const { return kind == k; }
  // A call of this global.
  bool calls(std::string_view global) const { return kind == Kind::call && callee->text == global; }
};

struct Pickle {
  std::deque<PickleNode> nodes;  // owns the graph, which may share nodes and may have cycles
  const PickleNode* root = nullptr;
  std::size_t bytes = 0;  // how many of the given bytes this pickle took
};

using AllowGlobal = std::function<bool(std::string_view)>;

// FileError, naming `file`, for a damaged pickle and for a global that is not allowed.
Pickle parse_pickle(std::span<const std::byte> bytes, std::string_view file, const AllowGlobal& allow);

}  // namespace graft::io
