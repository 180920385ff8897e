#include "graft/discovery/asked.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/discovery/clustering/clustering.h"
#include "graft/discovery/refinement/refinement.h"
#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery {
namespace {

using testing::HasSubstr;

std::string refusal(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return "it was taken";
}

TEST(Asked, ANameWithoutOptionsIsTaken) {
  EXPECT_TRUE(make_saliency("tokencut")->reads_patches());
  EXPECT_TRUE(make_saliency("found:tau=0.2")->reads_attention());
  EXPECT_TRUE(make_clustering("spectral:neighbours=5,restarts=2")->has_graph());
}

TEST(Asked, WhatIsNoNameOrNoOptionIsRefusedByName) {
  EXPECT_THAT(refusal([] { make_saliency("tokenct"); }), HasSubstr("Did you mean 'tokencut'?"));
  EXPECT_THAT(refusal([] { make_saliency("tokencut:tua=1"); }), HasSubstr("tua"));
  EXPECT_THAT(refusal([] { make_saliency("tokencut:tau"); }), HasSubstr("expected option=value"));
  EXPECT_THAT(refusal([] { make_saliency("tokencut:tau=0.1,tau=0.2"); }), HasSubstr("set twice"));
  EXPECT_THAT(refusal([] { make_saliency("tokencut:tau=2"); }), HasSubstr("expected a cosine"));
  EXPECT_THAT(refusal([] { make_saliency("folder"); }), HasSubstr("which masks?"));
  EXPECT_THAT(refusal([] { make_saliency("folder:/nowhere"); }), HasSubstr("/nowhere is no folder"));
  EXPECT_THAT(refusal([] { make_refinement("bilateral:sigma-luma=0"); }),
              HasSubstr("sigma-luma 0: expected 1 or more"));
  EXPECT_THAT(refusal([] { make_refinement("none:x=1"); }), HasSubstr("x"));
  EXPECT_THAT(refusal([] { make_clustering("spectral:neighbours=1"); }), HasSubstr("2 or more"));
  EXPECT_THAT(refusal([] { make_clustering("kmeans:restarts=0"); }), HasSubstr("restarts 0"));
}

TEST(Asked, EveryWayHasASummaryAndSaysItsPaperWhereThereIsOne) {
  for (const auto* entry : saliencies()) {
    EXPECT_TRUE(*entry->summary) << entry->name;
    const std::string_view name = entry->name;  // the file or folder is of somebody's own
    EXPECT_EQ(*entry->paper != 0, name != "folder" && name != "model") << entry->name;
    EXPECT_EQ(entry->supervised, name == "model") << entry->name;
  }
  for (const auto* entry : refinements())
    EXPECT_EQ(*entry->paper != 0, std::string_view(entry->name) != "none") << entry->name;
  for (const auto* entry : clusterings())
    EXPECT_TRUE(*entry->paper) << entry->name;
}

}  // namespace
}  // namespace graft::discovery
