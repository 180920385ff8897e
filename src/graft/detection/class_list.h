// Classes alone, without images: what a mapping is made of and to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/set.h"

namespace graft::detection {

// Of a text file with a name a line, of a JSON list of names or of categories, or of a set in any format. Those of a
// list of names are numbered from 1. DataError for a name that is there twice, or a list of none.
std::vector<Category> read_classes(const std::filesystem::path& path, Findings& findings,
                                   const std::string& format = "");

// BigDetection's 600 (Cai et al. 2022, arXiv:2203.13249), numbered from 1.
std::vector<Category> bigdetection_classes();

// The rows of a .npy file [classes, width] of float16, float32 or float64. DataError where they are not as many as the
// classes.
std::vector<float> read_rows(const std::filesystem::path& path, std::size_t classes);

}  // namespace graft::detection
