#include "graft/detection/survey.h"

#include <gmock/gmock.h>

#include <cmath>

#include "graft/detection/agreement.h"

namespace graft::detection {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

Set small() {
  Set set;
  set.categories.resize(3);
  set.categories[0].name = "dog";
  set.categories[1].name = "cup";
  set.categories[2].name = "never";
  set.images.resize(4);
  for (auto& image : set.images) {
    image.width = 100;
    image.height = 200;
  }
  const auto add = [&](Index image, Index category, Box box) {
    Annotation annotation;
    annotation.image = image;
    annotation.category = category;
    annotation.box = box;
    annotation.area = box.area();
    set.annotations.push_back(annotation);
  };
  add(0, 0, {0, 0, 20, 20});      // a tenth of the image's side is 14.1
  add(0, 0, {50, 100, 50, 100});  // half of it
  add(0, 1, {10, 10, 32, 32});
  add(1, 0, {0, 0, 100, 200});
  add(2, 0, {0, 0, 96, 96});
  return set;
}

TEST(Survey, CountsWhatIsThere) {
  const Survey survey = survey_of(small());
  EXPECT_EQ(survey.images, 4u);
  EXPECT_EQ(survey.empty_images, 1u);
  EXPECT_EQ(survey.classes[0].boxes, 4u);
  EXPECT_EQ(survey.classes[0].images, 3u);
  EXPECT_EQ(survey.classes[1].images, 1u);
  EXPECT_EQ(survey.classes[2].known, 4u);
  EXPECT_THAT(survey.sizes, ElementsAre(1, 2, 2));  // 32 x 32 is medium, 96 x 96 is large
  EXPECT_THAT(survey.per_image, ElementsAre(1, 2, 0, 1, 0, 0, 0, 0));
  EXPECT_EQ(survey.share[2], 1u);   // 20 of 141.4 is 14 %
  EXPECT_EQ(survey.share[10], 1u);  // 50 %
  EXPECT_EQ(survey.share[19], 1u);
  EXPECT_EQ(survey.aspect[8], 3u);  // squares
  EXPECT_EQ(survey.aspect[6], 2u);  // 1 : 2
  ASSERT_EQ(survey.pairs.size(), 1u);
  EXPECT_EQ(survey.pairs[0].images, 1u);
  EXPECT_DOUBLE_EQ(survey.pairs[0].lift, 1 / (3.0 * 1 / 4));
  EXPECT_EQ(survey.bins().rare, 2u);
  EXPECT_EQ(survey.bins().none, 1u);
}

// Worked by hand: cup is in a quarter of the images, dog in three quarters.
TEST(Samplers, RepeatRareClassesAsTheirPaperSays) {
  const Set set = small();
  const auto repeated = weights_of(set, Sampler::repeat_factor, 0.5);
  const double most = std::sqrt(0.5 / 0.25), sum = most + 3;
  EXPECT_THAT(repeated, ElementsAre(DoubleEq(most * 4 / sum), DoubleEq(4 / sum), DoubleEq(4 / sum), DoubleEq(4 / sum)));
  EXPECT_THAT(seen(set, repeated), ElementsAre(DoubleEq((most + 2) / sum), DoubleEq(most / sum), 0));
  const auto aware = weights_of(set, Sampler::class_aware);
  EXPECT_THAT(aware, ElementsAre(DoubleEq(4.0 / 3 / 2 * 4), DoubleEq(1.0 / 3 / 2 * 4), DoubleEq(1.0 / 3 / 2 * 4), 0));
  EXPECT_THAT(weights_of(set, Sampler::uniform), ElementsAre(1, 1, 1, 1));
}

TEST(Agreement, SeesWhichBoxesBothDrewAndWhatTheyCallThem) {
  Set first = small(), second = small();
  for (std::size_t k = 0; k < 4; ++k)
    first.images[k].file = second.images[k].file = std::to_string(k) + ".jpg";
  second.images[3].file = "other.jpg";
  second.categories[0].name = "Dogs";
  second.categories[1].name = "mug";
  second.annotations[1].box.x = 0;  // elsewhere
  Findings findings;
  const auto agreement = agreement_of(marked(first, {}, findings), marked(second, {}, findings));
  EXPECT_EQ(agreement.images, 3u);
  EXPECT_EQ(agreement.first, 5u);
  EXPECT_EQ(agreement.both, 4u);
  EXPECT_EQ(agreement.same, 3u);
  EXPECT_EQ(agreement.names[0].boxes, 3u);
  EXPECT_EQ(agreement.names[1].second, "mug");
}

}  // namespace
}  // namespace graft::detection
