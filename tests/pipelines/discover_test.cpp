#include "graft/pipelines/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/io/index_png.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Keeps what is said; stops where it is told to, as a signal would: when a stage says that it is done, or at a photo.
class Listener final : public Reporter {
 public:
  explicit Listener(std::string stop_behind = "", int64_t stop_at_photo = 0)
      : stop_behind_(std::move(stop_behind)), stop_at_photo_(stop_at_photo) {}
  void line(std::string_view label, std::string_view text) override {
    said_[std::string(label)].append(text).append("\n");
    if (label == stop_behind_) throw Stopped(SIGINT);
  }
  void warn(std::string_view) override {}
  void progress(const Progress& progress) override {
    if (progress.stage == "saliency" && progress.done == stop_at_photo_) throw Stopped(SIGINT);
  }
  std::string said(const std::string& label) const {
    const auto found = said_.find(label);
    return found == said_.end() ? "" : found->second;
  }
  bool was_there(const std::string& label) const { return said(label).find("all there") != std::string::npos; }

 private:
  std::string stop_behind_;
  int64_t stop_at_photo_;
  std::map<std::string, std::string> said_;
};

class Discover : public ::testing::Test {
 protected:
  Discover() {
    for (int i = 0; i < 5; ++i) {
      testing::write_bitmap(folder_ / "photos" / fmt::format("blue{}.bmp", i), 60, 80, 200, static_cast<uint64_t>(i));
      testing::write_bitmap(folder_ / "photos" / "more" / fmt::format("red{}.bmp", i), 220, 60, 50,
                            static_cast<uint64_t>(i));
    }
  }

  // 24 x 24 pixels in patches of 8, looked at twice as large: 36 patches.
  DiscoverOptions options(const std::string& output) const {
    DiscoverOptions options;
    options.images = (folder_ / "photos").string();
    options.features = (testing::shared_tiny_world() / "clip").string();
    options.precision = "fp32";
    options.threads = 1;
    options.saliency = "attention";
    options.refine = "none";  // 24 pixels are two of its cells
    options.saliency_side = 48;
    options.region.min_area = 20;
    options.clustering = "kmeans";
    options.clusters = 2;
    options.output = (folder_ / output).string();
    return options;
  }
  // Masks of the photos, a square each, for the tests that want to know what is salient.
  std::string masks() const {
    for (int i = 0; i < 5; ++i) {
      io::IndexImage mask{.width = 24, .height = 24, .classes = std::vector<std::uint8_t>(24 * 24, 0), .palette = {}};
      for (int y = 4; y < 16; ++y)
        for (int x = 6 + i; x < 18 + i; ++x)
          mask.classes[static_cast<size_t>(24 * y + x)] = 1;
      fs::create_directories(folder_ / "given" / "more");
      io::write_index_png(folder_ / "given" / fmt::format("blue{}.png", i), mask);
      io::write_index_png(folder_ / "given" / "more" / fmt::format("red{}.png", i), mask);
    }
    return "folder:" + (folder_ / "given").string();
  }
  // A photo of a red square on green ground, elsewhere in each.
  void write_square(int i) const {
    io::IndexImage photo{.width = 24,
                         .height = 24,
                         .classes = std::vector<std::uint8_t>(24 * 24, 0),
                         .palette = {{40, 150, 60}, {200, 40, 30}}};
    for (int y = 8 * (i % 2); y < 8 * (i % 2) + 12; ++y)
      for (int x = i; x < i + 12; ++x)
        photo.classes[static_cast<size_t>(24 * y + x)] = 1;
    fs::create_directories(folder_ / "photos");
    io::write_index_png(folder_ / "photos" / fmt::format("square{}.png", i), photo);
  }
  std::map<std::string, std::string> files_of(const std::string& output) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / output)) {
      if (entry.is_regular_file())
        files[entry.path().lexically_relative(folder_ / output).string()] = content_of(entry.path());
    }
    return files;
  }
  static std::string refusal(const DiscoverOptions& options) {
    Silent silent;
    try {
      discover(options, {}, silent);
    } catch (const Error& error) {
      return error.what();
    }
    return "it was taken";
  }

  TempFolder folder_;
};

TEST_F(Discover, WritesMasksOfClustersBesideTheirPhotos) {
  auto wanted = options("seg");
  wanted.saliency = masks();
  Listener listener;
  const auto found = discover(wanted, {}, listener);
  EXPECT_EQ(found.photos.size(), 10u);
  EXPECT_EQ(found.clusters, 2);
  EXPECT_EQ(content_of(folder_ / "seg" / "classes.txt"), "background\ncluster-1\ncluster-2\n");
  int64_t written = 0;
  for (const auto& photo : found.photos) {
    EXPECT_TRUE(photo.left.empty());
    const auto file = stage_picture(folder_ / "seg" / "masks", photo.name);
    EXPECT_EQ(fs::exists(file), photo.has_mask()) << photo.name;
    EXPECT_EQ(fs::exists(folder_ / "seg" / "images" / photo.name), photo.has_mask());
    if (!photo.has_mask()) continue;
    ++written;
    const auto mask = io::read_index_png(file);
    const auto given = io::read_index_png(stage_picture(folder_ / "given", photo.name));
    ASSERT_EQ(mask.classes.size(), given.classes.size());
    for (size_t i = 0; i < mask.classes.size(); ++i)
      ASSERT_EQ(mask.classes[i], given.classes[i] == 0 ? 0 : photo.regions.at(0).cluster + 1);
  }
  EXPECT_EQ(written, found.masks);
  EXPECT_GE(written, 2);
}

TEST_F(Discover, PhotosOfOneColourAreOneCluster) {
  auto wanted = options("seg");
  wanted.saliency = masks();
  Silent silent;
  const auto found = discover(wanted, {}, silent);
  std::set<std::pair<char, int64_t>> kinds;
  for (const auto& photo : found.photos)
    kinds.emplace(photo.name.front(), photo.regions.at(0).cluster);
  EXPECT_EQ(kinds.size(), 2u);
}

TEST_F(Discover, AChangedOptionRunsWhatDependsOnItAndNothingElse) {
  auto wanted = options("seg");
  Listener first;
  discover(wanted, {}, first);
  EXPECT_FALSE(first.was_there("saliency"));
  Listener again;
  discover(wanted, {}, again);
  for (const char* stage : {"saliency", "regions", "features", "clusters", "masks"})
    EXPECT_TRUE(again.was_there(stage)) << stage << again.said(stage);

  wanted.core = 50;
  Listener core;
  discover(wanted, {}, core);
  for (const char* stage : {"saliency", "regions", "features"})
    EXPECT_TRUE(core.was_there(stage)) << stage;
  EXPECT_THAT(core.said("clusters"), HasSubstr("again: core 80 -> 50"));
  EXPECT_FALSE(core.was_there("masks"));

  wanted.at = "block.1";
  Listener at;
  discover(wanted, {}, at);
  EXPECT_TRUE(at.was_there("regions"));
  EXPECT_THAT(at.said("features"), HasSubstr("again: at pooled -> block.1"));
  EXPECT_FALSE(at.was_there("clusters"));

  Silent silent;
  discover(wanted, {}, silent);
  auto fresh = wanted;
  fresh.output = (folder_ / "fresh").string();
  discover(fresh, {}, silent);
  EXPECT_EQ(files_of("seg"), files_of("fresh"));
}

TEST_F(Discover, APhotoThatIsAddedOrChangedIsTheOnlyOneLookedAtAnew) {
  auto wanted = options("seg");
  Silent silent;
  discover(wanted, {}, silent);
  testing::write_bitmap(folder_ / "photos" / "new.bmp", 30, 200, 60, 9);
  testing::write_bitmap(folder_ / "photos" / "blue2.bmp", 60, 80, 200, 77);
  fs::remove(folder_ / "photos" / "blue3.bmp");
  Listener listener;
  discover(wanted, {}, listener);
  EXPECT_THAT(listener.said("saliency"), HasSubstr("2 photos by attention, 8 were there"));
  wanted.output = (folder_ / "fresh").string();
  discover(wanted, {}, silent);
  EXPECT_EQ(files_of("seg"), files_of("fresh"));
}

TEST_F(Discover, AMapReplacedByHandIsTakenAndWhatFollowsRunsAgain) {
  auto wanted = options("seg");
  Silent silent;
  discover(wanted, {}, silent);
  auto map = torch::zeros({24, 24});
  map.narrow(0, 2, 9).narrow(1, 3, 7).fill_(1);
  discovery::write_map(folder_ / "seg" / "saliency" / "blue1.png", map);
  Listener listener;
  discover(wanted, {}, listener);
  EXPECT_TRUE(listener.was_there("saliency"));
  EXPECT_THAT(listener.said("regions"), HasSubstr("again: saliency/ changed"));
  EXPECT_TRUE(torch::equal(discovery::read_map(folder_ / "seg" / "regions" / "blue1.png"), map));
}

TEST_F(Discover, StoppedBehindAnyStageItEndsOnTheSameBits) {
  Silent silent;
  discover(options("whole"), {}, silent);
  const auto whole = files_of("whole");
  for (const std::string stage : {"saliency", "regions", "features", "clusters"}) {
    Listener stopper(stage);
    EXPECT_THROW(discover(options("behind-" + stage), {}, stopper), Stopped);
    discover(options("behind-" + stage), {}, silent);
    EXPECT_EQ(files_of("behind-" + stage), whole) << stage;
  }
  Listener stopper("", 4);
  EXPECT_THROW(discover(options("amid"), {}, stopper), Stopped);
  Listener rest;
  discover(options("amid"), {}, rest);
  EXPECT_THAT(rest.said("saliency"), HasSubstr("6 photos by attention, 4 were there"));
  EXPECT_EQ(files_of("amid"), whole);
}

// Each photo holds a large blue or red field; with --parts each two squares of it, one marked large, one small.
TEST_F(Discover, SeveralRegionsOfAPhotoAreCropsAndMasksOfTheirOwn) {
  auto wanted = options("seg");
  masks();
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "given")) {
    if (entry.path().extension() != ".png") continue;
    auto mask = io::read_index_png(entry.path());
    for (size_t y = 18; y < 24; ++y)
      for (size_t x = 0; x < 6; ++x)
        mask.classes[24 * y + x] = 1;  // 36 pixels beside the 144
    io::write_index_png(entry.path(), mask);
  }
  wanted.saliency = "folder:" + (folder_ / "given").string();
  wanted.region.parts = discovery::RegionParts::each;
  wanted.core = 100;
  Listener listener;
  const auto found = discover(wanted, {}, listener);
  EXPECT_THAT(listener.said("regions"), HasSubstr("20 in 10 of 10 photos"));
  EXPECT_THAT(listener.said("features"), HasSubstr("20 crops"));
  EXPECT_EQ(found.sizes[0] + found.sizes[1], 20);
  for (const auto& photo : found.photos) {
    ASSERT_EQ(photo.regions.size(), 2u) << photo.name;
    const auto regions = io::read_index_png(stage_picture(folder_ / "seg" / "regions", photo.name));
    const auto mask = io::read_index_png(stage_picture(folder_ / "seg" / "masks", photo.name));
    EXPECT_EQ(std::ranges::count(regions.classes, 1), 144);
    EXPECT_EQ(std::ranges::count(regions.classes, 2), 36);
    for (size_t i = 0; i < mask.classes.size(); ++i) {
      const auto number = regions.classes[i];
      ASSERT_EQ(mask.classes[i], number == 0 ? 0 : photo.regions[number - 1u].cluster + 1);
    }
  }
  Listener again;
  discover(wanted, {}, again);
  for (const char* stage : {"saliency", "regions", "features", "clusters", "masks"})
    EXPECT_TRUE(again.was_there(stage)) << stage << again.said(stage);

  // What is not of a core beside what is counts for nothing.
  wanted.core = 40;
  Listener core;
  const auto fewer = discover(wanted, {}, core);
  int64_t halves = 0;
  for (const auto& photo : fewer.photos) {
    ASSERT_EQ(photo.regions.size(), 2u);
    if (photo.regions[0].core == photo.regions[1].core) continue;
    ++halves;
    const auto mask = io::read_index_png(stage_picture(folder_ / "seg" / "masks", photo.name));
    EXPECT_EQ(std::ranges::count(mask.classes, 255), photo.regions[0].core ? 36 : 144) << photo.name;
  }
  EXPECT_GT(halves, 0);

  wanted.region.regions = 1;
  Listener one;
  EXPECT_EQ(discover(wanted, {}, one).photos[0].regions.size(), 1u);
  EXPECT_THAT(one.said("regions"), HasSubstr("again: regions unset -> 1"));
  wanted.region.parts = discovery::RegionParts::all;
  EXPECT_THAT(refusal(wanted), HasSubstr("--regions 1: --parts all is one region a photo"));
}

TEST_F(Discover, AWayThatLearnsKeepsWhatItLearnedAndLearnsAnewOfOtherPhotos) {
  fs::remove_all(folder_ / "photos");
  for (int i = 0; i < 10; ++i)
    write_square(i);
  auto wanted = options("seg");
  wanted.saliency = "found:train=true,steps=1,batch=4";
  wanted.region.min_area = 0;
  Listener stopper("", 4);  // it has learned, and found in four photos
  EXPECT_THROW(discover(wanted, {}, stopper), Stopped);
  EXPECT_THAT(stopper.said("head"), HasSubstr("learned of 10 photos in 1 steps"));
  Listener rest;
  discover(wanted, {}, rest);
  EXPECT_EQ(rest.said("head"), "");  // it was kept
  Silent silent;
  auto fresh = wanted;
  fresh.output = (folder_ / "fresh").string();
  discover(fresh, {}, silent);
  EXPECT_EQ(files_of("seg"), files_of("fresh"));

  write_square(10);
  Listener more;
  discover(wanted, {}, more);
  EXPECT_THAT(more.said("head"), HasSubstr("learned of 11 photos"));
  EXPECT_THAT(more.said("saliency"), HasSubstr("11 photos by found"));
  fresh.output = (folder_ / "fresher").string();
  discover(fresh, {}, silent);
  EXPECT_EQ(files_of("seg"), files_of("fresher"));
}

TEST_F(Discover, PixelsAreEnoughForTheSaliencyOfSome) {
  auto wanted = options("seg");
  wanted.saliency = "mc:superpixels=16";
  wanted.region.min_area = 0;
  Listener listener;
  EXPECT_EQ(discover(wanted, {}, listener).photos.size(), 10u);
  EXPECT_THAT(listener.said("saliency"), HasSubstr("10 photos by mc"));
}

TEST_F(Discover, WithoutACountTheEigenvaluesSuggestOne) {
  auto wanted = options("seg");
  wanted.saliency = masks();
  wanted.clusters.reset();
  Silent silent;
  const auto found = discover(wanted, {}, silent);
  EXPECT_EQ(found.clusters, found.by_eigengap);
  EXPECT_GE(found.clusters, 2);
}

TEST_F(Discover, OnePhotoIsOneCluster) {
  auto wanted = options("seg");
  wanted.saliency = masks();
  wanted.images = (folder_ / "one").string();
  fs::create_directories(folder_ / "one");
  fs::copy_file(folder_ / "photos" / "blue0.bmp", folder_ / "one" / "blue0.bmp");
  wanted.clusters.reset();
  Silent silent;
  const auto found = discover(wanted, {}, silent);
  EXPECT_EQ(found.clusters, 1);
  EXPECT_EQ(found.masks, 1);
}

TEST_F(Discover, RefusesWhatCannotBeInOneLine) {
  auto wanted = options("seg");
  wanted.clusters = 11;
  EXPECT_THAT(refusal(wanted), AllOf(HasSubstr("--clusters 11"), HasSubstr("crops to make clusters of")));
  wanted = options("seg");
  wanted.clusters = 0;
  EXPECT_THAT(refusal(wanted), HasSubstr("--clusters 0: expected from 1 to 254"));
  wanted = options("none");
  wanted.region.min_area = 10'000;
  EXPECT_THAT(refusal(wanted), HasSubstr("none of 10 photos has an object"));
  wanted = options("none");
  wanted.images = (folder_ / "nowhere").string();
  EXPECT_THAT(refusal(wanted), HasSubstr("is no folder"));
  fs::create_directories(folder_ / "mine" / "saliency");
  folder_.put("mine/saliency/diary.txt", "dear diary");
  EXPECT_THAT(refusal(options("mine")), HasSubstr("no stage that graft wrote"));
  EXPECT_EQ(content_of(folder_ / "mine" / "saliency" / "diary.txt"), "dear diary");
  wanted = options("seg");
  wanted.row = CropRow::patches;
  EXPECT_THAT(refusal(wanted), HasSubstr("--at pooled is one row already"));
  wanted = options("seg");
  wanted.saliency_block = 3;
  EXPECT_THAT(refusal(wanted), HasSubstr("has blocks 0 to 2"));
  folder_.put("photos/blue1.png", "");
  fs::copy_file(folder_ / "photos" / "blue0.bmp", folder_ / "photos" / "blue1.png",
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal(options("seg")), HasSubstr("would have one mask"));
}

TEST_F(Discover, APhotoThatCannotBeReadIsRefusedOrLeftOut) {
  folder_.put("photos/broken.jpg", "no photo at all");
  auto wanted = options("seg");
  EXPECT_THAT(refusal(wanted), HasSubstr("broken.jpg"));
  wanted.on_bad_file = data::OnBadFile::skip;
  Listener listener;
  EXPECT_EQ(discover(wanted, {}, listener).photos.size(), 10u);
  EXPECT_THAT(listener.said("images"), HasSubstr("1 unreadable, left out"));
}

}  // namespace
}  // namespace graft::pipelines
