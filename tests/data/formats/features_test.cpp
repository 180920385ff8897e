#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <span>

#include "graft/data/dataset.h"
#include "graft/data/feature_file.h"
#include "graft/data/feature_source.h"
#include "graft/io/safetensors.h"
#include "tests/io/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

constexpr std::size_t kRows = 12, kWidth = 2;

std::vector<float> numbers() {
  std::vector<float> values(kRows * kWidth);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i) / 4;
  return values;
}

std::filesystem::path put_npy(const TempFolder& folder, const std::vector<float>& values,
                              const std::string& name = "f.npy") {
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}\n", values.size() / kWidth, kWidth);
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return folder.put(name, bytes);
}

std::filesystem::path put_tensors(const TempFolder& folder, const io::Metadata& metadata,
                                  const std::vector<std::int64_t>& labels = {}, std::vector<std::int64_t> shape = {}) {
  const auto values = numbers();
  if (shape.empty()) shape = {kRows, kWidth};
  std::vector<io::NamedView> tensors = {{"features", io::Dtype::f32, shape, std::as_bytes(std::span(values))}};
  if (!labels.empty())
    tensors.push_back({"labels", io::Dtype::i64, {std::ssize(labels)}, std::as_bytes(std::span(labels))});
  io::write_safetensors(folder / "f.safetensors", tensors, metadata);
  return folder / "f.safetensors";
}

std::string table(bool ids, bool splits) {
  std::string rows = fmt::format("{}label{}\n", ids ? "file," : "", splits ? ",split" : "");
  for (std::size_t i = 0; i < kRows; ++i)
    rows += fmt::format("{}{}{}\n", ids ? fmt::format("{}.jpg,", i) : "", i % 2 ? "dog" : "cat",
                        !splits ? ""
                        : i < 6 ? ",train"
                                : ",test");
  return rows;
}

std::string json_of(const std::vector<std::string>& names) {
  return fmt::format("[\"{}\"]", fmt::join(names, "\",\""));
}

TEST(FeatureFiles, TakeClassesAndSplitsOfATableRowByRow) {
  const TempFolder folder;
  const auto path = put_npy(folder, numbers());
  const auto dataset = open_dataset(path, {.labels = folder.put("labels.csv", table(true, true)).string()});
  EXPECT_EQ(dataset.reads, Reads::features);
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  ASSERT_EQ(dataset.train.size(), 6u);
  ASSERT_EQ(dataset.test.size(), 6u);
  EXPECT_EQ(dataset.test[1].input, "7.jpg");
  EXPECT_EQ(dataset.test[1].label, 1);
  const FeatureSource source(dataset.features, dataset.test);
  std::vector<float> row(kWidth);
  Row into{row, {}, {}};
  source.read(1, Random(0), into);
  EXPECT_THAT(row, ElementsAre(14 / 4.f, 15 / 4.f));
  EXPECT_EQ(source.floats(), kWidth);
  EXPECT_NE(source.content(0), source.content(1));
}

TEST(FeatureFiles, MakeUpASplitAsPhotosDo) {
  const TempFolder folder;
  const auto path = put_npy(folder, numbers());
  const auto labels = folder.put("labels.csv", table(false, false)).string();
  const auto dataset = open_dataset(path, {.labels = labels});
  EXPECT_EQ(dataset.train.size(), 6u);
  EXPECT_EQ(dataset.val.size(), 2u);
  EXPECT_EQ(dataset.test.size(), 4u);
  EXPECT_NE(open_dataset(path, {.labels = labels, .split_seed = 2}).test, dataset.test);
}

// As `graft features` names rows, in another order than the table.
TEST(FeatureFiles, GoByTheNamesOfTheRowsWhereBothHaveThem) {
  const TempFolder folder;
  std::vector<std::string> names;
  for (std::size_t i = kRows; i-- > 0;)
    names.push_back(fmt::format("{}.jpg", i));
  const auto path = put_tensors(folder, {{"files", json_of(names)}});
  const auto labels = folder.put("labels.csv", table(true, true) + "more.jpg,cat,train\n").string();
  const auto dataset = open_dataset(path, {.labels = labels});
  EXPECT_EQ(dataset.test.size(), 6u);
  EXPECT_EQ(dataset.test[0].input, "11.jpg");
  EXPECT_EQ(dataset.test[0].label, 1);
  EXPECT_EQ(dataset.test[0].row, 0);
  EXPECT_THAT(dataset.remarks, ElementsAre("left: 1 rows of labels.csv without features"));
}

TEST(FeatureFiles, TakeClassesOfTheFoldersInTheirNames) {
  const TempFolder folder;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRows; ++i)
    names.push_back(fmt::format("{}/{}/{}.jpg", i < 6 ? "train" : "test", i % 2 ? "dog" : "cat", i));
  const auto dataset = open_dataset(put_tensors(folder, {{"files", json_of(names)}}));
  EXPECT_THAT(dataset.classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(dataset.train.size(), 6u);
  EXPECT_EQ(dataset.test[0].label, 0);
}

TEST(FeatureFiles, TakeLabelsOfTheFileItself) {
  const TempFolder folder;
  const std::vector<std::int64_t> labels = {0, 1, 2, 0, 1, 2, 10, 10, 10, 0, 1, 2};
  const auto dataset = open_dataset(put_tensors(folder, {}, labels), {}, {});
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1", "2", "10"));
  const auto whole = open_dataset(source_dir() / "tests/golden/npy/whole.npz", {}, {});
  EXPECT_THAT(whole.classes, ElementsAre("cat", "dog"));
  ASSERT_EQ(whole.train.size(), 1u);
  EXPECT_EQ(whole.train[0].input, "a.jpg");
  EXPECT_EQ(whole.train[0].label, 1);
  EXPECT_EQ(whole.features->row(1)[1], 5.960464477539063e-08f);
}

TEST(FeatureFiles, NoteArraysThatAreNotKnownByName) {
  const TempFolder folder;
  const auto values = numbers();
  const std::vector<std::int64_t> labels{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
  const std::int64_t rows = kRows, width = kWidth;
  const auto bytes = std::as_bytes(std::span(labels));
  io::write_safetensors(folder / "f.safetensors",
                        {{"features", io::Dtype::f32, {rows, width}, std::as_bytes(std::span(values))},
                         {"labels", io::Dtype::i64, {rows}, bytes},
                         {"weights", io::Dtype::i64, {rows}, bytes}},
                        {});
  const auto dataset = open_dataset(folder / "f.safetensors", {}, {});
  EXPECT_THAT(dataset.notes, testing::Contains(testing::HasSubstr("holds weights beside the features: not known")));
  EXPECT_THAT(open_dataset(put_tensors(folder, {}, labels), {}, {}).notes, testing::IsEmpty());
}

TEST(FeatureFiles, TakeLabelsOfAnArray) {
  const TempFolder folder;
  const auto labels = (source_dir() / "tests/golden/npy/u1.npy").string();
  const auto path = put_npy(folder, {1, 2, 3, 4});
  const auto dataset = open_dataset(path, {.labels = labels}, {});
  EXPECT_THAT(dataset.classes, ElementsAre("0", "255"));
  EXPECT_ERROR(open_dataset(put_npy(folder, numbers()), {.labels = labels}), DataError,
               "has 2 labels for 12 rows of features");
}

TEST(FeatureFiles, NameRowsThatAreNotFinite) {
  const TempFolder folder;
  auto values = numbers();
  values[7] = std::numeric_limits<float>::quiet_NaN();
  values[22] = values[23] = std::numeric_limits<float>::infinity();
  const auto path = put_npy(folder, values);
  EXPECT_ERROR(open_dataset(path, {}), DataError, "row 3 (from 0): 1 of its 2 numbers are not finite");
  EXPECT_ERROR(open_dataset(path, {}), DataError, "row 11 (from 0): 2 of its 2 numbers are not finite");
}

TEST(FeatureFiles, RefuseWhatDoesNotFitByName) {
  const TempFolder folder;
  const auto path = put_npy(folder, numbers());
  const auto with = [&](const std::string& rows) {
    return DatasetOptions{.labels = folder.put("labels.csv", rows).string()};
  };
  EXPECT_ERROR(open_dataset(path, {}), DataError, "no row has a class. Give --labels a table");
  EXPECT_ERROR(open_dataset(path, with("label\ncat\ndog\n")), DataError, "labels.csv has 2 rows for 12 rows");
  EXPECT_ERROR(open_dataset(path, with("name,colour\na,red\n")), DataError, "Name it with --label-column");
  EXPECT_ERROR(open_dataset(path, {.labels = "labels.txt"}), DataError, "expected a .csv, .tsv, .jsonl or .npy file");
  const auto named = put_tensors(folder, {{"files", json_of(std::vector<std::string>(kRows, "x.jpg"))}});
  EXPECT_ERROR(open_dataset(named, with("file,label\nx.jpg,cat\n")), DataError, "two rows have the name 'x.jpg'");
  EXPECT_ERROR(open_dataset(named, with("file,label\ny.jpg,cat\n")), DataError,
               "12 of 12 rows of features are not in labels.csv: 'x.jpg', 'x.jpg', 'x.jpg', ...; it has 'y.jpg', ...");
  EXPECT_ERROR(open_dataset(named, with("file,label\ny.jpg,cat\ny.jpg,dog\n")), DataError,
               "'y.jpg' stands there twice");
  EXPECT_ERROR(open_dataset(put_tensors(folder, {{"files", "[\"one\"]"}})), DataError, "1 names for 12 rows");
  EXPECT_ERROR(open_dataset(put_tensors(folder, {{"files", "no list"}})), FileError, "is no JSON list of texts");
  EXPECT_ERROR(open_dataset(put_tensors(folder, {}, {}, {2, 6, 2})), FileError,
               "expected features as [rows, numbers a row], got the shape [2, 6, 2]");
  EXPECT_ERROR(open_dataset(source_dir() / "tests/golden/npy/compressed.npz"), FileError, "Save it with np.savez");
  EXPECT_ERROR(open_dataset(source_dir() / "tests/golden/npy/i4.npy"), FileError, "got the shape [3]");
  io::write_safetensors(folder / "model.safetensors", {{"w", io::Dtype::f32, {0}, {}}});
  EXPECT_ERROR(open_dataset(folder / "model.safetensors"), FileError, "has no tensor 'features'. It has: w");
}

TEST(FeatureFiles, AloneTakeLabels) {
  const TempFolder folder;
  folder.put("cat/1.jpg", "");
  folder.put("dog/1.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path(), {.labels = "x.csv"}), DataError, "tells the classes of features");
}

}  // namespace
}  // namespace graft::data
