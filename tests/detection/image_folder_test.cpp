// Folders of classes: a label an image, and no box.
#include "graft/core/error.h"
#include "tests/detection/read_case.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ImageFolder = ReadCase;

TEST_F(ImageFolder, TellsTheClassOfEachPhotoAndNothingElse) {
  put_png("train/dog/a.png", 30, 20);
  put_png("train/cat/deep/b.png", 10, 10);
  put_png("val/cat/c.png", 10, 10);
  folder_.put("train/cat/notes.txt", "x");
  std::filesystem::create_directories(folder_ / "val/bird");
  const Set set = read("");
  EXPECT_EQ(set.sources.at(0).format, "image_folder");
  ASSERT_EQ(set.categories.size(), 3u);  // bird, cat, dog
  EXPECT_EQ(set.categories[0].name, "bird");
  ASSERT_EQ(set.images.size(), 3u);
  const auto dog = std::ranges::find(set.images, "train/dog/a.png", &Image::file);
  ASSERT_NE(dog, set.images.end());
  EXPECT_EQ(dog->width, 30);
  EXPECT_THAT(set.class_sets.at(dog->known), ElementsAre(2));
  EXPECT_THAT(set.class_sets.at(dog->open), ElementsAre(2));
  EXPECT_TRUE(set.annotations.empty());
  EXPECT_TRUE(set.federated());
  EXPECT_EQ(count("files-left"), 1u);
}

TEST_F(ImageFolder, IsWrittenOfThePhotosThatHaveOneClass) {
  for (const char* photo : {"p/train/a.png", "p/val/b.png", "p/val/c.png"})
    put_png(photo, 30, 20);
  Set set;
  set.categories.resize(3);
  for (std::size_t k = 0; k < 3; ++k) {
    set.categories[k].id = static_cast<std::int64_t>(k) + 1;
    set.categories[k].name = std::vector<std::string>{"cat", "cabinet/shelf", "dog"}[k];
  }
  for (const char* file : {"train/a.png", "val/b.png", "val/c.png", "val/gone.png"})
    set.images.push_back(
        {.id = static_cast<std::int64_t>(set.images.size()) + 1, .file = file, .width = 30, .height = 20});
  const auto add = [&](Index image, Index category) {
    auto& one = set.annotations.emplace_back();
    one.image = image;
    one.category = category;
    one.box = {1, 1, 5, 5};
    one.area = 25;
  };
  add(0, 0);
  add(0, 0);
  add(1, 1);
  add(2, 0);
  add(2, 1);
  add(3, 0);
  EXPECT_THROW(find_format("image_folder").write(set, folder_ / "out"), DataError);  // where are the photos?
  const auto lost = find_format("image_folder").write(set, folder_ / "out", {.images = folder_ / "p"});
  EXPECT_THAT(lost, ::testing::Contains("2 images"));
  EXPECT_THAT(lost, ::testing::Contains("folders of 2 images"));
  EXPECT_EQ(content_of(folder_ / "out/train/cat/a.png"), content_of(folder_ / "p/train/a.png"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/val/cabinet_shelf/b.png"));
  const Set again = read("out");
  EXPECT_EQ(again.images.size(), 2u);
  EXPECT_EQ(again.categories.size(), 3u);
  // What lies in its folder already stays there.
  EXPECT_THAT(find_format("image_folder").write(again, folder_ / "twice", {.images = folder_ / "out"}),
              ::testing::IsEmpty());
}

TEST_F(ImageFolder, DoesNotWriteOutsideOrMixClasses) {
  put_png("p/a.png", 9, 9);
  Set set;
  set.categories.resize(2);
  set.categories[0].name = "..";
  set.categories[1].name = "b";
  set.images.push_back({.id = 1, .file = "a.png", .width = 9, .height = 9});
  set.annotations.emplace_back().box = {1, 1, 5, 5};
  EXPECT_THROW(find_format("image_folder").write(set, folder_ / "out", {.images = folder_ / "p"}), DataError);
  set.categories[0].name = "a/b";
  set.categories[1].name = "a_b";
  EXPECT_THROW(find_format("image_folder").write(set, folder_ / "out", {.images = folder_ / "p"}), DataError);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(ImageFolder, IsNotSeenWhereAnotherLayoutLies) {
  put_png("y/images/a.png", 9, 9);
  put_png("y/labels/a.png", 9, 9);
  EXPECT_THROW(place_of(folder_ / "y"), DataError);
  put_png("flat/a.png", 9, 9);
  EXPECT_THROW(place_of(folder_ / "flat"), DataError);
}

}  // namespace
}  // namespace graft::detection
