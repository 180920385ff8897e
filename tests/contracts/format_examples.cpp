#include "tests/contracts/format_examples.h"

#include <fmt/format.h>

#include <ostream>
#include <string>

namespace graft::testing {

// One function a format of formats.def; a format without one does not link.
#define FORMAT(name) std::filesystem::path put_##name(const graft::TempFolder& folder);
#include "graft/data/formats.def"
#undef FORMAT

namespace {

struct Example {
  std::string split, label;
  int number;
};

std::vector<Example> examples() {
  std::vector<Example> all;
  for (const char* label : {"cat", "dog"}) {
    for (int i = 0; i < 2; ++i)
      all.push_back({"train", label, i});
    all.push_back({"val", label, 2});
    all.push_back({"test", label, 3});
  }
  return all;
}

std::filesystem::path put_folders(const graft::TempFolder& folder, const char* ending, const char* content) {
  for (const auto& example : examples())
    folder.put(fmt::format("{}/{}/{}.{}", example.split, example.label, example.number, ending), content);
  return folder.path();
}

}  // namespace

std::filesystem::path put_image_folder(const graft::TempFolder& folder) {
  return put_folders(folder, "jpg", "");
}

std::filesystem::path put_clip_folder(const graft::TempFolder& folder) {
  return put_folders(folder, "mp4", "");
}

std::filesystem::path put_text_folder(const graft::TempFolder& folder) {
  return put_folders(folder, "txt", "a text\n");
}

std::filesystem::path put_table(const graft::TempFolder& folder) {
  std::string rows = "text,label,split\n";
  for (const auto& example : examples())
    rows += fmt::format("the {} number {},{},{}\n", example.label, example.number, example.label, example.split);
  folder.put("pets.csv", rows);
  return folder.path();
}

std::filesystem::path put_coop_split(const graft::TempFolder& folder) {
  std::string splits;
  for (const std::string split : {"train", "val", "test"}) {
    std::string entries;
    for (const auto& example : examples()) {
      if (example.split != split) continue;
      const auto file = fmt::format("{}_{}.jpg", example.label, example.number);
      folder.put("images/" + file, "");
      entries += fmt::format(R"({}["{}", {}, "{}"])", entries.empty() ? "" : ", ", file, example.label == "cat" ? 0 : 1,
                             example.label);
    }
    splits += fmt::format(R"({}"{}": [{}])", splits.empty() ? "" : ", ", split, entries);
  }
  folder.put("split_zhou_Pets.json", "{" + splits + "}");
  return folder.path();
}

std::ostream& operator<<(std::ostream& out, const FormatExample& example) {
  return out << example.name;
}

const std::vector<FormatExample>& format_examples() {
  static const std::vector<FormatExample> all = {
#define FORMAT(name) {#name, put_##name},
#include "graft/data/formats.def"
#undef FORMAT
  };
  return all;
}

}  // namespace graft::testing
