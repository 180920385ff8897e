// What tests/golden/make/discovery.py computed, by its names.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <string>

#include "graft/discovery/saliency/saliency.h"
#include "graft/nn/tensor_file.h"
#include "tests/support/source_dir.h"

namespace graft::discovery {

inline at::Tensor golden(const std::string& name) {
  static const auto all = nn::read_tensors(source_dir() / "tests/golden/discovery.safetensors");
  return all.at(name);
}

inline constexpr const char* kGrids[] = {"one", "two", "edge", "wide"};

inline SeenPhoto seen_grid(const std::string& grid) {
  const auto key = "grid." + grid + "/";
  const auto size = golden(key + "size");
  return {.name = grid + ".png",
          .size = {},
          .patches = Patches{.keys = golden(key + "keys"),
                             .attention = golden(key + "attention"),
                             .grid = {size[0].item<int64_t>(), size[1].item<int64_t>()},
                             .heads = 3}};
}

// Of a photo of one colour: all patches alike but for rounding.
inline SeenPhoto seen_nothing() {
  auto photo = seen_grid("one");
  photo.patches->keys = photo.patches->keys.narrow(0, 0, 1).expand_as(photo.patches->keys) * (1 + 1e-7);
  return photo;
}

inline void expect_map(const Salient& found, const at::Tensor& mask, const std::string& of) {
  ASSERT_TRUE(found.map.defined()) << of << found.why;
  EXPECT_TRUE(torch::equal(found.map, mask.to(at::kFloat))) << of << "\n" << found.map << mask;
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace graft::discovery
