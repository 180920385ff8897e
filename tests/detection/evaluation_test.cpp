#include "graft/detection/evaluation.h"
#include "graft/data/shapes.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/detection/detections.h"
#include "graft/detection/format.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/runs.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using nlohmann::json;

const std::filesystem::path kGolden = source_dir() / "tests" / "golden" / "detection";

json unpacked(const std::filesystem::path& path) {
  JsonPieces pieces(path);
  json all;
  while (pieces.next()) {
    const auto value = json::parse(pieces.text());
    if (pieces.index() == JsonPieces::kWhole)
      all[pieces.key()] = value;
    else
      all[pieces.key()].push_back(value);
  }
  return all;
}

Compared compared(const std::string& kind) {
  return kind == "segm" ? Compared::masks : kind == "keypoints" ? Compared::keypoints : Compared::boxes;
}

// The numbers, then AP of each class.
std::vector<double> all_numbers(const Set& set, const Evaluation& evaluation) {
  std::vector<double> values;
  for (const auto& number : evaluation.numbers(set))
    values.push_back(number.value);
  for (std::size_t k = 0; k < evaluation.classes.size(); ++k)
    values.push_back(evaluation.class_precision(k));
  return values;
}

// Cases of tests/golden/make/detection_evaluation.py; GRAFT_EVALUATION_CASES names a longer file of it.
TEST(Evaluation, HasTheBitsOfPycocotoolsAndLvisOnEdges) {
  const char* longer = std::getenv("GRAFT_EVALUATION_CASES");
  const auto golden = unpacked(longer != nullptr ? std::filesystem::path(longer) : kGolden / "evaluation.json.gz");
  TempFolder folder;
  std::size_t number = 0;
  for (const auto& one : golden["cases"]) {
    SCOPED_TRACE(testing::Message() << "case " << number++ << " " << one["kind"]);
    Findings findings;
    const Set set = read_set(folder.put("g.json", one["truth"].dump()), findings);
    const auto detections = read_detections(folder.put("d.json", one["results"].dump()), set, findings);
    ASSERT_EQ(findings.total(Severity::left_out), 0u);
    EvaluationRules rules = coco_rules(compared(one["kind"]));
    rules.zero_id_never_found = rules.same_id_is_last = true;
    EXPECT_EQ(all_numbers(set, evaluate(set, detections, rules)), one["coco"].get<std::vector<double>>());
    if (!one.contains("lvis")) continue;
    rules = lvis_rules(compared(one["kind"]));
    rules.zero_id_never_found = rules.same_id_is_last = true;
    EvaluationOptions two;
    two.threads = 2;
    EXPECT_EQ(all_numbers(set, evaluate(set, detections, rules, two)), one["lvis"].get<std::vector<double>>());
  }
  EXPECT_GE(number, 200u);
}

TEST(Evaluation, HasTheBitsOfPycocotoolsOnCocosOwnExample) {
  const auto golden = unpacked(kGolden / "official.json.gz");
  Findings findings;
  const Set set = read_set(kGolden / "instances_val2014_100.json.gz", findings);
  for (const std::string kind : {"bbox", "segm", "boxes_of_masks"}) {
    const std::string file = kind == "bbox" ? "bbox" : "segm";
    const auto detections =
        read_detections(kGolden / ("instances_val2014_fake" + file + "100_results.json.gz"), set, findings);
    const auto numbers = evaluate(set, detections, coco_rules(compared(kind))).numbers(set);
    ASSERT_EQ(numbers.size(), 12u);
    for (std::size_t k = 0; k < 12; ++k)
      EXPECT_EQ(numbers[k].value, golden[kind][k].get<double>()) << kind << " " << numbers[k].name;
  }
}

// One object with id 0, and a box that is exactly it.
TEST(Evaluation, FindsAnObjectWithIdZeroUnlessAskedToDoAsPycocotools) {
  Set set;
  set.images.resize(1);
  set.categories.resize(1);
  set.annotations.push_back({.box = {2, 3, 40, 50}, .area = 2000});
  Detections detections;
  detections.detections.push_back({.box = {2, 3, 40, 50}, .score = 0.5});
  EvaluationRules rules = coco_rules();
  EXPECT_NEAR(evaluate(set, detections, rules).average_precision(), 1, 1e-12);
  rules.zero_id_never_found = true;
  EXPECT_EQ(evaluate(set, detections, rules).average_precision(), 0);
}

TEST(Evaluation, LooksAtPartsByAspectAndAtSomeImages) {
  Set set;
  set.images.resize(2);
  set.images[1].id = 1;
  set.categories.resize(1);
  Detections detections;
  for (const auto& [image, box] : {std::pair{0U, Box{0, 0, 10, 40}}, {0U, Box{50, 50, 30, 30}}, {1U, Box{0, 0, 90, 9}}})
    set.annotations.push_back({.id = 1 + image, .image = image, .box = box, .area = box.area()});
  detections.detections.push_back({.box = {0, 0, 10, 40}, .score = 0.9});
  EvaluationRules rules = coco_rules();
  add_aspects(rules);
  EvaluationOptions first_image;
  first_image.in_use = {true, false};
  const auto evaluation = evaluate(set, detections, rules, first_image);
  EXPECT_EQ(evaluation.objects[0], 2u);
  EXPECT_NEAR(evaluation.average_precision(), 51. / 101, 1e-12);  // recalls 0 to .5
  EXPECT_NEAR(evaluation.average_precision(4), 1, 1e-12);         // tall
  EXPECT_EQ(evaluation.average_precision(5), 0);                  // square
  EXPECT_EQ(evaluation.average_precision(6), -1);                 // wide: only in the image that is not in use
}

// Two classes, one nobody looked for in the image, one with boxes that are not all.
TEST(Evaluation, IgnoresWhatNobodyLookedForInAMergedSet) {
  Set set;
  set.images.resize(1);
  set.categories.resize(2);
  set.categories[1].id = 1;
  set.images[0].known = set.class_sets.add({0});
  set.images[0].open = set.class_sets.add({0});
  set.annotations.push_back({.id = 1, .box = {0, 0, 40, 40}, .area = 1600});
  Detections detections;
  detections.detections.push_back({.box = {100, 100, 40, 40}, .score = 0.9});
  detections.detections.push_back({.category = 1, .box = {100, 100, 40, 40}, .score = 0.8});
  detections.detections.push_back({.box = {0, 0, 40, 40}, .score = 0.7});
  const auto plain = evaluate(set, detections, coco_rules());
  EXPECT_NEAR(plain.average_precision(), 0.5, 1e-12);
  EXPECT_EQ(plain.answers[1], 1u);
  const auto federated = evaluate(set, detections, federated_rules());
  EXPECT_NEAR(federated.average_precision(), 1, 1e-12);
  EXPECT_EQ(federated.answers[1], 0u);
}

TEST(Runs, OfPolygonsAreThoseOfPycocotools) {
  const auto golden = unpacked(kGolden / "official.json.gz");
  for (const auto& row : golden["runs"]) {
    std::vector<Runs> parts;
    for (const auto& ring : row[0])
      parts.push_back(runs_of_polygon(ring.get<std::vector<double>>(), row[1], row[2]));
    const Runs runs = merged(parts);
    EXPECT_EQ(data::letters_of_runs({runs.counts.begin(), runs.counts.end()}), row[3].get<std::string>()) << row.dump();
    EXPECT_EQ(read_counts(row[3].get<std::string>()), runs.counts);
  }
}

TEST(Runs, OverlapByPixelsAndHaveABox) {
  const Runs left{4, 4, {0, 8, 8}}, middle{4, 4, {4, 8, 4}}, dot{4, 4, {6, 1, 9}}, none{4, 4, {16}};
  EXPECT_EQ(run_overlap(left, middle, false), 4. / 12);
  EXPECT_EQ(run_overlap(left, middle, true), 0.5);
  EXPECT_EQ(run_overlap(none, none, false), 0);
  EXPECT_EQ(run_overlap(left, Runs{2, 8, {16}}, false), -1);
  EXPECT_EQ(box_of(dot), (Box{1, 2, 1, 1}));
  EXPECT_EQ(box_of(middle), (Box{1, 0, 2, 4}));
  EXPECT_EQ(box_of(none), Box{});
  EXPECT_THROW(read_counts("0P"), DataError);
  EXPECT_THROW(runs_of_polygon(std::vector<double>{0, 0, 1e300, 0, 5, 5}, 9, 9), DataError);
  EXPECT_THROW(runs_of_polygon(std::vector<double>{0, 0, 4, 0, 4, 4}, 1'000'000, 1'000'000), DataError);
}

}  // namespace
}  // namespace graft::detection
