// A site with what has been put there. A model's modules hold joints; an empty joint costs a test of a vector.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/nn/insert.h"
#include "graft/nn/site.h"

namespace graft::nn {

class Joint {
 public:
  struct Occupant {
    std::shared_ptr<Insert> insert;
    int64_t begin = 0;  // output rows of a linear map it sits on; all of them when begin == end
    int64_t end = 0;
    bool whole() const { return begin == end; }
  };

  Joint() = default;
  explicit Joint(Site site) : site_(std::move(site)) {}

  const Site& site() const { return site_; }
  bool empty() const { return occupants_.empty(); }
  const std::vector<Occupant>& occupants() const { return occupants_; }

  // The first insert put in is the innermost: the next one's frozen computation includes it.
  void put(std::shared_ptr<Insert> insert, const Slice* slice = nullptr);
  void clear() { occupants_.clear(); }

  // Runs the occupants around `frozen`; with none, frozen(x). One on a slice sees and replaces that slice's outputs.
  at::Tensor run(const at::Tensor& x, const Frozen& frozen, const Context& context) const;

  // Tokens sites: x with the occupants' rows; the layout that results, and which rows are present, are written to the
  // context.
  at::Tensor run_tokens(const at::Tensor& x, Context& context) const;

  // Keys-and-values sites: what the occupants put before a sequence's own, [2, 1 or B, heads, P, d], keys and values,
  // in the stream's type; undefined where they put nothing. `like` has the type and device of the stream.
  at::Tensor run_key_values(const at::Tensor& like, const Context& context) const;

  // The layout behind the occupants of tokens, or of keys and values, without running them.
  Layout layout(Layout before) const;

 private:
  at::Tensor run_inner(const at::Tensor& x, const Frozen& frozen, const Context& context, size_t depth) const;

  Site site_;
  std::vector<Occupant> occupants_;
};

}  // namespace graft::nn
