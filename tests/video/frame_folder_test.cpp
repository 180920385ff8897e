#include <filesystem>

#include "graft/video/clip.h"
#include "tests/io/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::video {
namespace {

namespace fs = std::filesystem;

const fs::path kPhotos = source_dir() / "tests/golden/images/decode";

class FrameFolder : public testing::Test {
 protected:
  void put(const std::string& name, const std::string& photo = "png_rgb8.png") {
    folder_.put("clip/" + name, content_of(kPhotos / photo));
  }
  fs::path clip() const { return folder_ / "clip"; }

  TempFolder folder_;
};

TEST_F(FrameFolder, IsReadInTheOrderOfItsNumbers) {
  for (const auto* name : {"img_8.png", "img_9.png", "img_10.png"})
    put(name);
  fs::copy_file(kPhotos / "png_rgb8.png", clip() / "Thumbs.db");
  EXPECT_TRUE(is_frame_folder(clip()));
  const auto opened = open_clip(clip());
  EXPECT_EQ(opened->frames(), 3);
  EXPECT_EQ(opened->facts().container, "folder");
  EXPECT_DOUBLE_EQ(opened->time(3), 0.1);
  const auto images = opened->read(std::vector<std::int64_t>{2, 0, 2});
  const auto photo = io::read_image(kPhotos / "png_rgb8.png");
  for (const auto& image : images)
    EXPECT_EQ(image.rgb, photo.rgb);
  EXPECT_ERROR(opened->read(std::vector<std::int64_t>{3}), DataError, "frame 3 of 3 was asked for");
}

TEST_F(FrameFolder, NamesAHoleAndADoubleNumber) {
  put("img_00001.png");
  put("img_00003.png");
  EXPECT_ERROR(open_clip(clip()), DataError, "frame 2 is missing: behind 'img_00001.png' comes 'img_00003.png'");
  put("img_00002.png");
  EXPECT_EQ(open_clip(clip())->frames(), 3);
  put("img_2.png");
  EXPECT_ERROR(open_clip(clip()), DataError, "have one number");
}

TEST_F(FrameFolder, NamesFramesOfTwoSizes) {
  put("1.png");
  put("2.png");
  fs::remove(clip() / "2.png");
  for (const auto& entry : fs::directory_iterator(kPhotos)) {
    const auto size = entry.path().extension() == ".png" ? io::read_image(entry.path()) : io::Image{};
    const auto first = io::read_image(clip() / "1.png");
    if (size.width == 0 || (size.width == first.width && size.height == first.height)) continue;
    put("2.png", entry.path().filename().string());
    EXPECT_ERROR(open_clip(clip())->read(std::vector<std::int64_t>{0, 1}), DataError, "'2.png'");
    return;
  }
  FAIL() << "no photo of another size";
}

TEST_F(FrameFolder, LeavesOpticalFlowAndSaysSo) {
  for (const auto* name : {"img_00001.png", "flow_x_00001.png", "flow_y_00001.png"})
    put(name);
  EXPECT_TRUE(is_frame_folder(clip()));
  EXPECT_EQ(open_clip(clip())->frames(), 1);
  EXPECT_THAT(open_clip(clip())->facts().remarks, testing::Contains(testing::HasSubstr("optical flow")));
}

TEST_F(FrameFolder, IsToldFromOtherFolders) {
  put("cat.png");
  EXPECT_FALSE(is_frame_folder(clip()));
  EXPECT_ERROR(open_clip(clip()), DataError, "a folder without numbered frames");
  put("a_1.png");
  EXPECT_FALSE(is_frame_folder(clip()));
  fs::remove(clip() / "cat.png");
  EXPECT_TRUE(is_frame_folder(clip()));
  put("b_1.png");
  EXPECT_FALSE(is_frame_folder(clip()));
  EXPECT_ERROR(open_clip(clip()), DataError, "frames of one name were expected, got 'a_1.png' and 'b_1.png'");
  EXPECT_FALSE(is_frame_folder(folder_ / "none"));
}

}  // namespace
}  // namespace graft::video
