// What makes a coarse saliency map follow the edges of its photo. Named on the command line with its options:
// "bilateral", "bilateral:sigma-luma=8".
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/data/resize.h"

namespace graft::discovery {

class Refinement {
 public:
  virtual ~Refinement() = default;
  // map [height, width] float32 from 0 to 1, of the photo's size -> the same, refined
  virtual at::Tensor refine(const data::Image& photo, const at::Tensor& map) const = 0;
};

struct RefinementEntry {
  const char* name;
  const char* summary;
  const char* paper;
  const char* alone;  // the option that a text without option=value gives; empty: none
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Refinement> (*parse)(const OptionValues& values);
};

const std::vector<const RefinementEntry*>& refinements();  // in the order of refinements.def
std::unique_ptr<Refinement> make_refinement(const std::string& text);

// A map of patches [rows, columns] at a photo's size, each pixel as its patch is.
at::Tensor at_size(const at::Tensor& map, data::Size photo);

}  // namespace graft::discovery
