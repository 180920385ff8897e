// Between every two formats: what is lost is listed, and is all that is lost.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/detection/format.h"
#include "graft/detection/losses.h"
#include "tests/detection/sample_set.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

// Something of everything, and an image of one class alone.
Set everything() {
  Set set = sample_set();
  set.images.push_back({.id = 11, .file = "val/cat.png", .width = 50, .height = 40});
  Annotation one;
  one.id = 10;
  one.image = 3;
  one.category = 2;
  one.box = {1, 2, 3, 4};
  one.area = 12;
  set.annotations.push_back(one);
  return set;
}

// Of everything(), by format.
const std::map<std::string, Lost>& expected_losses() {
  static const Lost kOfMost = {"info of the file",         "license of 1 images",      "supercategories of 1 classes",
                               "synonyms of 1 classes",    "definitions of 1 classes", "frequencies of 1 classes",
                               "image_count of 1 classes", "ids of 4 classes",         "ids of 6 boxes",
                               "iscrowd of 1 boxes",       "keypoints of 1 boxes"};
  static const auto with = [](Lost more) {
    more.insert(more.end(), kOfMost.begin(), kOfMost.end());
    return more;
  };
  static const Lost kVerdicts = {"which classes were looked for in 1 images",
                                 "which classes may have more boxes in 1 images", "synsets of 1 classes",
                                 "group-of of 1 boxes"};
  static const auto blind = [](Lost more) {
    more.insert(more.end(), kVerdicts.begin(), kVerdicts.end());
    return with(more);
  };
  static const std::map<std::string, Lost> kExpected = {
      {"coco", {}},
      {"yolo", blind({"ids of 4 images", "shapes of 3 boxes", "areas of 3 boxes", "occluded of 1 boxes",
                      "attributes of 1 boxes", "difficult of 1 boxes", "truncated of 1 boxes"})},
      {"voc", blind({"ids of 4 images", "shapes of 3 boxes", "areas of 3 boxes"})},
      {"captions",
       {"4 classes", "6 boxes", "which classes were looked for in 4 images",
        "which classes may have more boxes in 1 images"}},
      {"image_folder",
       {"3 images", "6 boxes", "info of the file", "supercategories of 1 classes", "synonyms of 1 classes",
        "definitions of 1 classes", "frequencies of 1 classes", "image_count of 1 classes", "synsets of 1 classes",
        "ids of 4 classes", "ids of 1 images", "which classes were looked for in 1 images",
        "which classes may have more boxes in 1 images", "folders of 1 images"}},
      {"openimages", with({"ids of 4 images", "shapes of 3 boxes", "areas of 3 boxes", "attributes of 1 boxes",
                           "difficult of 1 boxes"})},
      {"cvat", blind({"shapes of 1 boxes", "areas of 1 boxes", "difficult of 1 boxes", "truncated of 1 boxes"})},
      {"label_studio",
       blind({"1 classes", "sizes of 1 images", "shapes of 2 boxes", "areas of 2 boxes", "occluded of 1 boxes",
              "attributes of 1 boxes", "difficult of 1 boxes", "truncated of 1 boxes"})},
  };
  return kExpected;
}

std::filesystem::path path_for(const TempFolder& folder, const std::string& name, std::string_view format) {
  const bool is_file = format == "coco" || format == "cvat" || format == "label_studio" || format == "captions";
  return folder / (name + (!is_file ? "" : format == "cvat" ? ".xml" : ".json"));
}

// The photos of everything(), of which headers will do.
std::filesystem::path photos_in(const TempFolder& folder) {
  for (const Image& image : everything().images) {
    std::string header("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    for (const auto pixels : {image.width, image.height})
      for (int shift = 24; shift >= 0; shift -= 8)
        header += static_cast<char>(pixels >> shift & 0xff);
    folder.put("photos/" + image.file, header);
  }
  return folder / "photos";
}

class EveryFormat : public ::testing::TestWithParam<const Format*> {};

TEST_P(EveryFormat, LosesWhatItListsOfASetOfEverything) {
  TempFolder folder;
  const Format& format = *GetParam();
  auto expected = expected_losses().at(std::string(format.name));
  const auto lost = format.write(everything(), path_for(folder, "a", format.name), {.images = photos_in(folder)});
  if (format.name == "label_studio")  // a class without boxes is not there at all
    std::ranges::replace(expected, "ids of 4 classes", "ids of 3 classes");
  EXPECT_THAT(lost, UnorderedElementsAreArray(expected)) << format.name;
}

TEST_P(EveryFormat, RecognisesWhatItWroteAndWritesTheSameBytesAgain) {
  TempFolder folder;
  const Format& format = *GetParam();
  Set set = everything();
  set.images[2].rest = set.carried->add(R"("captions":[{"id":1,"caption":"an empty place"}])");
  const auto path = path_for(folder, "a", format.name), again = path_for(folder, "b", format.name);
  format.write(set, path, {.images = photos_in(folder)});
  format.write(set, again, {.images = photos_in(folder)});
  EXPECT_EQ(place_of(path).format.name, format.name);
  std::map<std::string, std::string> bytes[2];
  for (int k = 0; k < 2; ++k) {
    const auto root = k == 0 ? path : again;
    if (!std::filesystem::is_directory(root)) {
      bytes[k][""] = read_file("test", root);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_regular_file())
        bytes[k][entry.path().lexically_relative(root).string()] = read_file("test", entry.path());
  }
  EXPECT_FALSE(bytes[0].empty());
  EXPECT_EQ(bytes[0], bytes[1]);
}

INSTANTIATE_TEST_SUITE_P(Detection, EveryFormat, ::testing::ValuesIn(formats()),
                         [](const auto& info) { return std::string(info.param->name); });

class EveryTwoFormats : public ::testing::TestWithParam<std::tuple<const Format*, const Format*>> {};

// How many of "3 images" a format lists as lost.
std::size_t listed(const Lost& lost, const std::string& what) {
  for (const auto& line : lost)
    if (line.ends_with(" " + what) && std::ranges::count(line, ' ') == 1) return std::stoul(line);
  return 0;
}

// What a first format kept is held by a second but for what that lists; and what both hold comes back as it was.
TEST_P(EveryTwoFormats, KeepWhatBothHold) {
  TempFolder folder;
  const auto [one, other] = GetParam();
  const Set set = everything();
  const auto photos = photos_in(folder);
  Findings findings;
  const auto first = path_for(folder, "a", one->name), second = path_for(folder, "b", other->name);
  const auto lost_first = one->write(set, first, {.images = photos});
  const Set between = one->read(first, {.images = {}, .sizes = &set}, findings);
  Set sized = between;
  for (std::size_t k = 0; k < sized.images.size(); ++k)
    if (sized.images[k].width == 0) sized.images[k].width = sized.images[k].height = 64;
  const WriteOptions where{.images = one->name == "image_folder" ? first : photos};
  if (one->name == "captions" && other->name == "image_folder") {  // of no image any class is told
    EXPECT_THROW(other->write(sized, second, where), DataError);
    return;
  }
  const auto lost_second = other->write(sized, second, where);
  const Set after = other->read(second, {.images = {}, .sizes = &sized}, findings);
  EXPECT_EQ(findings.total(Severity::left_out), 0u);
  ASSERT_EQ(between.images.size(), set.images.size() - listed(lost_first, "images"));
  ASSERT_EQ(between.annotations.size(), set.annotations.size() - listed(lost_first, "boxes"));
  ASSERT_EQ(after.images.size(), between.images.size() - listed(lost_second, "images"));
  ASSERT_EQ(after.annotations.size(), between.annotations.size() - listed(lost_second, "boxes"));
  const auto kinds = [](const Lost& lost) {
    std::set<std::string> kinds;  // without counts
    for (std::string line : lost) {
      std::erase_if(line, [](char c) { return c >= '0' && c <= '9'; });
      kinds.insert(line);
    }
    return kinds;
  };
  auto allowed = kinds(lost_first);
  allowed.merge(kinds(lost_second));
  if (allowed.contains("folders of  images")) allowed.insert({" images", " boxes"});  // they are called otherwise
  for (const auto& kind : kinds(losses(set, after)))
    EXPECT_TRUE(allowed.contains(kind)) << one->name << " to " << other->name << ": " << kind;
  // By hand, beside what losses() looks at: each box is of its class and where it was.
  const auto boxes = [](const Set& of) {
    std::multiset<std::tuple<std::string, std::string, long, long, long, long>> all;
    for (const Annotation& annotation : of.annotations) {
      const auto rounded = [](double value) { return std::lround(value * 100); };
      const Box& box = annotation.box;
      all.emplace(of.images[annotation.image].file, of.categories[annotation.category].name, rounded(box.x),
                  rounded(box.y), rounded(box.width), rounded(box.height));
    }
    return all;
  };
  const auto before = boxes(set), left = boxes(after);
  EXPECT_TRUE(std::ranges::includes(before, left)) << one->name << " to " << other->name;
}

INSTANTIATE_TEST_SUITE_P(Detection, EveryTwoFormats,
                         ::testing::Combine(::testing::ValuesIn(formats()), ::testing::ValuesIn(formats())),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param)->name) + "_to_" +
                                  std::string(std::get<1>(info.param)->name);
                         });

// Each change of a set is one line, and no change is none.
TEST(Losses, NameEachThingThatChanged) {
  const Set set = sample_set();
  EXPECT_THAT(losses(set, sample_set()), IsEmpty());
  const auto changed = [&](auto&& change) {
    Set other = sample_set();
    change(other);
    const auto lost = losses(set, other);
    return lost.size() == 1 ? lost[0] : fmt::format("{} losses", lost.size());
  };
  EXPECT_EQ(changed([](Set& s) { s.rest.clear(); }), "info of the file");
  EXPECT_EQ(changed([](Set& s) { s.categories[0].id = 1; }), "ids of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[0].supercategory = ""; }), "supercategories of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[1].synset = ""; }), "synsets of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[2].synonyms.pop_back(); }), "synonyms of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[2].definition = ""; }), "definitions of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[2].frequency = 0; }), "frequencies of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[2].rest = ""; }), "image_count of 1 classes");
  EXPECT_EQ(changed([](Set& s) { s.categories[3].name = "other"; }), "1 classes");
  EXPECT_EQ(changed([](Set& s) { s.images.pop_back(); }), "1 images");
  EXPECT_EQ(changed([](Set& s) { s.images[2].id = 1; }), "ids of 1 images");
  EXPECT_EQ(changed([](Set& s) { s.images[2].width = 1; }), "sizes of 1 images");
  EXPECT_EQ(changed([](Set& s) { s.images[0].rest = kNoText; }), "license of 1 images");
  EXPECT_EQ(changed([](Set& s) { s.images[1].known = ClassSets::kAll; }), "which classes were looked for in 1 images");
  EXPECT_EQ(changed([](Set& s) { s.images[1].open = ClassSets::kEmpty; }),
            "which classes may have more boxes in 1 images");
  EXPECT_EQ(changed([](Set& s) { s.annotations.pop_back(); }), "1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[0].id = 1; }), "ids of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[0].category = 2; }), "classes of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[0].box.x += 0.01; }), "places of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[0].area += 1; }), "areas of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[1].shape = kNoText; }), "shapes of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[2].crowd = false; }), "iscrowd of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[4].group_of = false; }), "group-of of 1 boxes");
  EXPECT_EQ(changed([](Set& s) { s.annotations[4].rest = s.carried->add("\"difficult\":1"); }), "truncated of 1 boxes");
}

TEST(Formats, OfSharesRefuseImagesWithoutSizes) {
  TempFolder folder;
  for (const char* name : {"yolo", "openimages", "label_studio"}) {
    Set set = sample_set();
    set.images[0].width = set.images[0].height = 0;
    EXPECT_THROW(find_format(name).write(set, path_for(folder, name, name)), DataError) << name;
    EXPECT_FALSE(std::filesystem::exists(path_for(folder, name, name))) << name;
  }
}

TEST(Formats, OfFoldersDoNotWriteOutsideThemOrOverAnother) {
  TempFolder folder;
  folder.put("full/a.txt", "mine");
  for (const char* name : {"yolo", "voc"}) {
    Set set = sample_set();
    EXPECT_THROW(find_format(name).write(set, folder / "full"), FileError);
    set.images[0].file = "../../out.jpg";
    EXPECT_THROW(find_format(name).write(set, folder / name), DataError);
    set.images[0].file = "/tmp/out.jpg";
    EXPECT_THROW(find_format(name).write(set, folder / name), DataError);
    EXPECT_FALSE(std::filesystem::exists(folder / name));
  }
  EXPECT_EQ(read_file("test", folder / "full/a.txt"), "mine");
}

}  // namespace
}  // namespace graft::detection
