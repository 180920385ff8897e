#include "graft/models/preprocessing.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "tests/data/golden_images.h"

namespace graft::models {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace golden = data::golden;

io::JsonObject processor(const nlohmann::json& says) {
  return io::JsonObject(says, "preprocessor_config.json");
}

data::Preprocessing read_processor(const std::string& text, const char* usual = "CLIPImageProcessor") {
  return transformers_preprocessing(processor(nlohmann::json::parse(text)), usual);
}

std::string refusal(const std::string& text) {
  try {
    read_processor(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "it was read";
}

TEST(ImageProcessor, MakesTheFloatsOfTransformersOwn) {
  const auto cases = golden::read("processors.json").at("cases");
  ASSERT_GE(cases.size(), 90u);
  for (const auto& c : cases) {
    if (!c.contains("hash")) {
      EXPECT_THROW(transformers_preprocessing(processor(c["config"]), "CLIPImageProcessor"), ModelError) << c;
      continue;
    }
    const data::ImageTransform transform(transformers_preprocessing(processor(c["config"]), "CLIPImageProcessor"));
    const auto size = transform.output();
    ASSERT_EQ(size, (data::Size{c["shape"][0], c["shape"][1]})) << c;
    std::vector<float> out(std::size_t{3} * size.height * size.width);
    transform.write(golden::load(c["image"]), Random(0), out);
    EXPECT_EQ(golden::hash(std::as_bytes(std::span(out))), c["hash"]) << c;
  }
}

TEST(ImageProcessor, WhatTheFileLeavesOpenIsItsClassesOwn) {
  const auto vit = read_processor("{}", "ViTImageProcessor");
  EXPECT_EQ(vit.interpolation, data::Filter::bilinear);
  EXPECT_EQ(vit.resize_mode, data::ResizeMode::squash);
  EXPECT_FLOAT_EQ(vit.mean[0], 0.5f);
  const auto named = read_processor(R"({"feature_extractor_type": "DeiTFeatureExtractor"})");
  EXPECT_EQ(named.resize, (data::Size{256, 256}));
  EXPECT_EQ(named.output(), (data::Size{224, 224}));
  const auto fast = read_processor(R"({"image_processor_type": "CLIPImageProcessorFast", "resample": "bicubic"})");
  EXPECT_FLOAT_EQ(fast.mean[0], 0.48145466f);
}

TEST(ImageProcessor, RefusesByNameWhatItDoesNotKnow) {
  EXPECT_THAT(refusal(R"({"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.875})"),
              HasSubstr("ConvNextImageProcessor"));
  EXPECT_THAT(refusal(R"({"do_pad": true})"), HasSubstr("do_pad = true"));
  EXPECT_THAT(refusal(R"({"do_thumbnail": true})"), HasSubstr("do_thumbnail"));
  EXPECT_THAT(refusal(R"({"rescale_offset": true})"), HasSubstr("rescale_offset"));
  EXPECT_THAT(refusal(R"({"size": {"shortest_edge": 224, "longest_edge": 300}})"), HasSubstr("longest_edge"));
  EXPECT_THAT(refusal(R"({"size": {"min_pixels": 3136}})"), HasSubstr("height and width, or shortest_edge"));
  EXPECT_THAT(refusal(R"({"resample": "mitchell"})"), HasSubstr("resample"));
  EXPECT_THAT(refusal(R"({"image_mean": [0.5]})"), HasSubstr("image_mean"));
  EXPECT_THAT(refusal(R"({"do_resize": false, "do_center_crop": false})"), HasSubstr("do_resize = false"));
  EXPECT_THAT(refusal(R"({"size": {"height": "big", "width": 2}})"), HasSubstr("size.height"));
}

TEST(OpenClipPreprocessing, ReadsWhatOpenClipReads) {
  const auto read = [](const char* text) {
    return open_clip_preprocessing(io::JsonObject::parse(text, "open_clip_config.json"), clip_preprocessing(64));
  };
  const auto all = read(R"({"size": 224, "mean": [0.1, 0.2, 0.3], "std": [1, 2, 3], "interpolation": "bilinear",
                            "resize_mode": "longest", "fill_color": [1, 2, 3], "later_key": 5})");
  EXPECT_EQ(all.output(), (data::Size{64, 64}));  // the model's
  EXPECT_EQ(all.interpolation, data::Filter::bilinear);
  EXPECT_EQ(all.resize_mode, data::ResizeMode::longest);
  EXPECT_THAT(all.fill, ::testing::ElementsAre(1, 2, 3));
  EXPECT_FLOAT_EQ(all.std[2], 3);
  EXPECT_EQ(read(R"({"interpolation": "random"})").interpolation, data::Filter::bicubic);
  EXPECT_THROW(read(R"({"mode": "L"})"), ModelError);
  EXPECT_THROW(read(R"({"fill_color": 300})"), FileError);
  EXPECT_THROW(read(R"({"interpolation": "lanczos"})"), ModelError);
}

}  // namespace
}  // namespace graft::models
