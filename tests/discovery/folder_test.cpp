#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/io/index_png.h"
#include "tests/discovery/golden.h"
#include "tests/support/temp_folder.h"

namespace graft::discovery {
namespace {

SeenPhoto seen(const std::string& name) {
  return {.name = name, .size = {.height = 2, .width = 3}, .patches = {}};
}

TEST(MapFile, IsReadBackToA255thAndWrittenTheSame) {
  const TempFolder folder;
  const auto map = torch::rand({5, 7});
  write_map(folder / "a.png", map);
  write_map(folder / "b.png", map);
  EXPECT_EQ(content_of(folder / "a.png"), content_of(folder / "b.png"));
  EXPECT_LE(largest_difference(read_map(folder / "a.png"), map), 0.5 / 255 + 1e-6);
}

TEST(Folder, ReadsClassNumbersAndGreys) {
  const TempFolder folder;
  io::write_index_png(folder / "classes.png",
                      {.width = 3, .height = 2, .classes = {0, 1, 7, 255, 0, 2}, .palette = {}});
  write_map(folder / "greys.png", torch::tensor({{0.f, 0.2f, 1.f}, {0.4f, 0.f, 0.f}}));
  const auto way = make_saliency("folder:" + folder.path().string());
  EXPECT_FALSE(way->reads_patches());
  EXPECT_TRUE(torch::equal(way->find(seen("classes.jpg")).map, torch::tensor({{0.f, 1.f, 1.f}, {0.f, 0.f, 1.f}})));
  EXPECT_NEAR(way->find(seen("greys.jpg")).map[0][1].item<double>(), 0.2, 1e-6);
  EXPECT_NE(way->content("classes.jpg"), way->content("greys.jpg"));
}

TEST(Folder, RefusesAMaskThatIsMissingOrOfAnotherSize) {
  const TempFolder folder;
  io::write_index_png(folder / "a.png", {.width = 2, .height = 2, .classes = {0, 1, 1, 0}, .palette = {}});
  io::write_index_png(folder / "empty.png", {.width = 3, .height = 2, .classes = {0, 0, 0, 0, 0, 0}, .palette = {}});
  const auto way = make_saliency("folder:" + folder.path().string());
  EXPECT_EQ(way->find(seen("empty.jpg")).why, "its mask is empty");
  EXPECT_THROW(way->find(seen("b.jpg")), DataError);
  try {
    way->find(seen("a.jpg"));
    FAIL() << "it was taken";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("2 x 2 pixels, its photo 3 x 2"));
  }
}

}  // namespace
}  // namespace graft::discovery
