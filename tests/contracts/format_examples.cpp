#include "tests/contracts/format_examples.h"

#include <fmt/format.h>

#include <ostream>
#include <span>
#include <string>

#include "graft/io/index_png.h"
#include "graft/io/safetensors.h"

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

std::filesystem::path put_mask_folder(const graft::TempFolder& folder) {
  for (const auto& example : examples()) {
    const auto name = fmt::format("{}/{}{}", example.split, example.label, example.number);
    folder.put(fmt::format("images/{}.jpg", name), "");
    folder.put(fmt::format("masks/{}.png", name), graft::io::encode_index_png({2, 1, {0, 1}, {}}));
  }
  folder.put("classes.txt", "cat\ndog\n");
  return folder.path();
}

std::filesystem::path put_coco_masks(const graft::TempFolder& folder) {
  int id = 0;
  for (const std::string split : {"train", "val", "test"}) {
    std::string images, annotations;
    for (const auto& example : examples()) {
      if (example.split != split) continue;
      const auto name = fmt::format("{}{}.jpg", example.label, example.number);
      folder.put(fmt::format("{}2017/{}", split, name), "");
      images += fmt::format(R"({}{{"id": {}, "file_name": "{}", "height": 4, "width": 4}})", images.empty() ? "" : ", ",
                            ++id, name);
      annotations += fmt::format(
          R"({}{{"image_id": {}, "category_id": {}, "area": 4, "iscrowd": 0, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]]}})",
          annotations.empty() ? "" : ", ", id, example.label == "cat" ? 17 : 18);
    }
    folder.put(fmt::format("annotations/instances_{}2017.json", split),
               fmt::format(R"({{"images": [{}], "annotations": [{}], "categories": [{{"id": 17, "name": "cat"}}, )"
                           R"({{"id": 18, "name": "dog"}}]}})",
                           images, annotations));
  }
  return folder.path();
}

std::filesystem::path put_clip_folder(const graft::TempFolder& folder) {
  return put_folders(folder, "mp4", "");
}

std::filesystem::path put_clip_list(const graft::TempFolder& folder) {
  for (const std::string split : {"train", "val", "test"}) {
    std::string lines;
    for (const auto& example : examples()) {
      if (example.split != split) continue;
      lines += fmt::format("{}/{}.mp4 {}\n", example.label, example.number, example.label == "cat" ? 0 : 1);
      folder.put(fmt::format("videos/{}/{}.mp4", example.label, example.number), "");
    }
    folder.put(fmt::format("pets_{}_list_videos.txt", split), lines);
  }
  folder.put("label_map.txt", "cat\ndog\n");
  return folder.path();
}

std::filesystem::path put_kinetics(const graft::TempFolder& folder) {
  std::string rows = "label,youtube_id,time_start,time_end,split\n";
  for (const auto& example : examples()) {
    rows += fmt::format("{},-{}_{},3,13,{}\n", example.label, example.label, example.number, example.split);
    folder.put(fmt::format("{}/-{}_{}_000003_000013.mp4", example.label, example.label, example.number), "");
  }
  folder.put("kinetics.csv", rows);
  return folder.path();
}

std::filesystem::path put_something_something(const graft::TempFolder& folder) {
  for (const std::string split : {"train", "validation", "test"}) {
    std::string entries;
    for (const auto& example : examples()) {
      if (!split.starts_with(example.split)) continue;
      const auto id = fmt::format("{}{}", example.label == "cat" ? 1 : 2, example.number);
      entries += fmt::format(R"({}{{"id": "{}", "label": "x", "template": "[{}]"}})", entries.empty() ? "" : ", ", id,
                             example.label);
      folder.put(fmt::format("20bn-something-something-v2/{}.webm", id), "");
    }
    folder.put(split + ".json", "[" + entries + "]");
  }
  folder.put("labels.json", R"({"cat": "0", "dog": "1"})");
  return folder.path();
}

std::filesystem::path put_coco_captions(const graft::TempFolder& folder) {
  for (const std::string split : {"train", "val", "test"}) {
    std::string images, annotations;
    for (const auto& example : examples()) {
      if (example.split != split) continue;
      const int id = 10 * (example.label == "cat" ? 1 : 2) + example.number;
      const char* comma = images.empty() ? "" : ", ";
      images += fmt::format(R"({}{{"id": {}, "file_name": "{:012}.jpg"}})", comma, id, id);
      annotations += fmt::format(R"({}{{"id": {}, "image_id": {}, "caption": "A {} that sits."}})", comma, 900 + id, id,
                                 example.label);
      folder.put(fmt::format("{}2017/{:012}.jpg", split, id), "");
    }
    folder.put(fmt::format("annotations/captions_{}2017.json", split),
               fmt::format(R"({{"images": [{}], "annotations": [{}]}})", images, annotations));
  }
  return folder.path();
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

std::filesystem::path put_features(const graft::TempFolder& folder) {
  std::vector<float> values;
  for (const auto& example : examples())
    values.insert(values.end(), {static_cast<float>(example.number), example.label == "cat" ? 0.f : 1.f});
  const auto list = [](auto part) {
    std::string text;
    for (const auto& example : examples())
      text += fmt::format("{}\"{}\"", text.empty() ? "" : ",", example.*part);
    return "[" + text + "]";
  };
  graft::io::write_safetensors(
      folder / "f.safetensors",
      {{"features", graft::io::Dtype::f32, {std::ssize(values) / 2, 2}, std::as_bytes(std::span(values))}},
      {{"labels", list(&Example::label)}, {"splits", list(&Example::split)}});
  return folder / "f.safetensors";
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
