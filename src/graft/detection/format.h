// The formats of sets of boxes, one file each in formats/ and one line in formats.def.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/set.h"

namespace graft::detection {

struct ReadOptions {
  std::filesystem::path images = {};  // the photos' folder, for formats without sizes; empty: beside the labels
  const Set* sizes = nullptr;         // a set of the same images that tells their sizes instead
};

struct WriteOptions {
  std::filesystem::path images = {};  // the photos' folder, for formats that hold photos
};

// What a format cannot hold of a set: "keypoints of 120 annotations". Said after each conversion.
using Lost = std::vector<std::string>;

struct Format {
  std::string_view name;     // "coco"
  std::string_view summary;  // one line for the docs
  bool (*recognises)(const std::filesystem::path& path) = nullptr;
  // Adds what it left out to `findings`; FileError or DataError where nothing can be read at all.
  Set (*read)(const std::filesystem::path& path, const ReadOptions& options, Findings& findings) = nullptr;
  Lost (*writer)(const Set& set, const std::filesystem::path& path, const WriteOptions& options) = nullptr;

  // Whole or not there; the same set gives the same bytes.
  Lost write(const Set& set, const std::filesystem::path& path, const WriteOptions& options = {}) const {
    return writer(set, path, options);
  }
};

const std::vector<const Format*>& formats();
const Format& find_format(std::string_view name);  // UsageError with the nearest name

// What is read where no format is named: the path by the first that recognises it; of a folder that none does the one
// set that lies in it, as exports leave it beside their photos. DataError that lists what is known.
struct Place {
  std::filesystem::path path;
  const Format& format;
};
Place place_of(const std::filesystem::path& path);
// `format` empty: what the path looks like.
Set read_set(const std::filesystem::path& path, Findings& findings, const std::string& format = "",
             const ReadOptions& options = {});

}  // namespace graft::detection
