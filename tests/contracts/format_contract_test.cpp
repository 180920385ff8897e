// What every format of data promises, asked of an example of each that is listed.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/format.h"
#include "tests/contracts/format_examples.h"

namespace graft::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FormatContract : public ::testing::TestWithParam<FormatExample> {
 protected:
  std::string name() const {
    std::string name = GetParam().name;
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
  }
  const data::Format& format() const { return data::find_format(name()); }
  graft::TempFolder folder_;
};

TEST_P(FormatContract, IsSeenFromItsFiles) {
  const auto path = GetParam().put(folder_);
  EXPECT_TRUE(format().recognises(path));
  EXPECT_EQ(data::open_dataset(path).format, name());
}

// Of masks there may be what lies behind the classes.
std::vector<std::string> classes_of(const data::Dataset& dataset) {
  auto classes = dataset.classes;
  if (dataset.masks && classes.front() == "background") classes.erase(classes.begin());
  return classes;
}

TEST_P(FormatContract, ReadsWhatItsExampleHolds) {
  const auto path = GetParam().put(folder_);
  const auto dataset = data::open_dataset(path, {.format = name()});
  const bool captions = dataset.target == data::Target::caption, masks = dataset.target == data::Target::mask;
  EXPECT_TRUE(captions || masks || dataset.target == data::Target::label);
  EXPECT_EQ(masks, dataset.masks != nullptr);
  if (!captions) {
    EXPECT_THAT(classes_of(dataset), ElementsAre("cat", "dog"));
  }
  const auto told_of = [&](const data::Sample& sample) {
    return captions ? sample.pair : dataset.classes.at(static_cast<size_t>(sample.label));
  };
  const std::map<data::Split, size_t> kOfAClass = {
      {data::Split::train, 2}, {data::Split::val, 1}, {data::Split::test, 1}};
  for (const auto& [split, count] : kOfAClass) {
    const auto& samples = dataset.split(split);
    EXPECT_EQ(samples.size(), 2 * count);
    for (const char* label : {"cat", "dog"}) {
      if (masks) continue;  // a photo has both
      const auto says = [&](const auto& sample) { return told_of(sample).find(label) != std::string::npos; };
      EXPECT_EQ(std::ranges::count_if(samples, says), static_cast<int64_t>(count)) << label;
    }
    for (const auto& sample : samples) {
      if (dataset.reads == data::Reads::photo) {
        EXPECT_TRUE(std::filesystem::exists(dataset.path(sample)));
      }
      EXPECT_FALSE(sample.shown().empty());
    }
  }
}

TEST_P(FormatContract, NumbersClassesAsAListOfThemDoes) {
  const auto path = GetParam().put(folder_);
  const auto dataset = data::open_dataset(path, {.format = name(), .classes = "dog,cat"});
  const bool captions = dataset.target == data::Target::caption;
  EXPECT_EQ(classes_of(dataset), captions ? std::vector<std::string>() : std::vector<std::string>({"dog", "cat"}));
}

TEST_P(FormatContract, RefusesAnEmptyFolderByName) {
  try {
    data::open_dataset(folder_.path(), {.format = name()});
    FAIL() << "nothing was taken for a data set";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder_.path().string()));
  }
}

TEST_P(FormatContract, RefusesAPathThatIsNotThere) {
  EXPECT_THROW(data::open_dataset(folder_.path() / "gone", {.format = name()}), Error);
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatContract, ::testing::ValuesIn(format_examples()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Formats, HaveNamesOfTheirOwnAndASummary) {
  std::map<std::string_view, int> names;
  for (const auto* format : data::formats()) {
    EXPECT_EQ(++names[format->name], 1) << format->name;
    EXPECT_FALSE(format->summary.empty()) << format->name;
  }
  EXPECT_EQ(names.size(), format_examples().size());
}

}  // namespace
}  // namespace graft::testing
