// Features that any program made: rows of numbers, an example each, with what is known of them.
//
//   f.npy           the rows alone, [N, D]
//   f.npz           np.savez(features=..., labels=..., ids=..., splits=..., class_features=...): all but the first may
//   lack f.safetensors   the same as tensors; names as JSON lists in the metadata "files", "labels" and "splits", of
//   which
//                   `graft features` writes the first
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace graft::data {

struct FeatureRows {
  std::int64_t count = 0, width = 0;
  std::vector<float> values;  // [count, width]
  // What stands for the classes in the space of the rows (a CLIP's texts), in the order of the classes; may be empty.
  std::vector<float> classes = {};  // [C, width]
  double logit_scale = 100;         // what cosines with these are multiplied by (CLIP's own, where nothing is said)

  std::span<const float> row(std::int64_t i) const {
    return std::span(values).subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width));
  }
  std::int64_t class_count() const { return width > 0 ? static_cast<std::int64_t>(classes.size()) / width : 0; }
};

struct FeatureFile {
  FeatureRows rows;
  std::vector<std::string> ids = {}, labels = {}, splits = {};  // a row each; empty where nothing is said
  std::vector<std::string> unknown = {};                        // arrays that nobody asks for
};

bool is_feature_file(const std::filesystem::path& path);  // by its ending

// FileError for what is no such file; DataError with all rows that are not finite, and with lists that are no row each.
FeatureFile read_feature_file(const std::filesystem::path& path);

// A list of names or numbers in a .npy, a row each.
std::vector<std::string> read_npy_texts(const std::filesystem::path& path);

}  // namespace graft::data
