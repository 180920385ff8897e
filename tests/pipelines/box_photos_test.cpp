// Photos with boxes as a detector is trained on them: what happens to a photo happens to its boxes.
#include "graft/pipelines/detection/box_photos.h"

#include <gmock/gmock.h>
#include <torch/types.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "graft/core/error.h"
#include "graft/io/image_png.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Black, 40 x 24, with a white object at 10, 6 of 12 x 8, and a small one at the right edge.
class BoxPhotosTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "box-photos-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    io::Image photo{40, 24, std::vector<uint8_t>(40 * 24 * 3)};
    for (int y = 6; y < 14; ++y) {
      for (int x = 10; x < 22; ++x)
        std::fill_n(photo.rgb.begin() + 3 * (y * 40 + x), 3, 255);
    }
    std::ofstream(folder_ / "a.png") << io::encode_png(photo);
    write(R"("neg_category_ids":[7],"not_exhaustive_category_ids":[9])");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const std::string& verified) {
    std::ofstream(folder_ / "set.json")
        << R"({"images":[{"id":1,"file_name":"a.png","width":40,"height":24,)" << verified
        << R"(}],"annotations":[{"id":1,"image_id":1,"category_id":5,"bbox":[10,6,12,8],"area":96,"iscrowd":0},)"
           R"({"id":2,"image_id":1,"category_id":9,"bbox":[30,0,10,10],"area":100,"iscrowd":1}],)"
           R"("categories":[{"id":5,"name":"a"},{"id":7,"name":"b"},{"id":8,"name":"c"},{"id":9,"name":"d"}]})";
  }
  BoxPhotos photos(const std::vector<std::string>& classes = {}) const {
    Silent silent;
    return {{folder_ / "set.json"}, classes, 64, silent};
  }
  fs::path folder_;
};

// The bounding box of what is bright, in whole pixels.
std::vector<int64_t> bright(const at::Tensor& pixels) {
  const auto places = pixels[0].gt(1).nonzero();
  const auto least = places.amin(0), most = places.amax(0);
  return {least[1].item<int64_t>(), least[0].item<int64_t>(), most[1].item<int64_t>() + 1, most[0].item<int64_t>() + 1};
}

TEST_F(BoxPhotosTest, ABoxStandsWhereItsObjectStandsAfterAnyChange) {
  const auto set = photos();
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto example = set.example(0, {.flip = true, .scale = true}, Random(seed));
    EXPECT_EQ(example.pixels.sizes(), (std::vector<int64_t>{3, 64, 64}));
    ASSERT_EQ(example.known.boxes.size(0), 1);
    const auto seen = bright(example.pixels);
    for (int64_t side = 0; side < 4; ++side) {
      EXPECT_NEAR(example.known.boxes[0][side].item<double>(), static_cast<double>(seen[static_cast<size_t>(side)]),
                  1.6)
          << "seed " << seed << " side " << side;
    }
  }
}

TEST_F(BoxPhotosTest, TheSameSeedGivesTheSameExample) {
  const auto set = photos();
  const auto one = set.example(0, {true, true}, Random(3)), other = set.example(0, {true, true}, Random(3));
  EXPECT_TRUE(at::equal(one.pixels, other.pixels));
  EXPECT_TRUE(at::equal(one.known.boxes, other.known.boxes));
}

TEST_F(BoxPhotosTest, ACrowdIsARegionAndNoBox) {
  const auto example = photos().example(0);
  EXPECT_EQ(example.known.boxes.size(0), 1);
  EXPECT_EQ(example.known.crowds.size(0), 1);
  EXPECT_NEAR(example.known.crowds[0][0].item<double>(), 30 * 1.6, 1e-4);
}

TEST_F(BoxPhotosTest, OnlyWhatIsKnownAndWholeIsLookedFor) {
  const auto set = photos();
  EXPECT_TRUE(at::equal(set.looked_for(0, Unlooked::masked), torch::tensor({true, true, false, false})));
  EXPECT_TRUE(set.looked_for(0, Unlooked::background).all().item<bool>());
  EXPECT_TRUE(at::equal(photos({"c", "b"}).looked_for(0, Unlooked::masked), torch::tensor({false, true})));
}

TEST_F(BoxPhotosTest, LabelsOfAnotherPhotoAreRefused) {
  std::ofstream(folder_ / "a.png") << io::encode_png(io::Image{20, 24, std::vector<uint8_t>(20 * 24 * 3)});
  const auto set = photos();
  try {
    set.example(0);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the labels say 40 x 24 pixels, and it has 20 x 24"));
  }
}

}  // namespace
}  // namespace graft::pipelines
