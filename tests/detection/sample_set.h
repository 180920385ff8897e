// A set that has something of everything that a Set can hold, for tests of what formats lose.
#pragma once

#include <string>

#include "graft/detection/set.h"

namespace graft::detection {

inline Set sample_set() {
  Set set;
  set.sources.push_back({"sample", "coco", "sample.json"});
  set.rest = "\"info\":{\"year\":2017}";
  const auto add_class = [&](std::int64_t id, std::string name) -> Category& {
    auto& category = set.categories.emplace_back();
    category.id = id;
    category.name = std::move(name);
    return category;
  };
  add_class(3, "bicycle, \"fixed\" & <new>").supercategory = "vehicle";
  add_class(7, "größe").synset = "/m/0abc";
  auto& cat = add_class(18, "cat");
  cat.synonyms = {"cat", "puss"};
  cat.definition = "a small animal";
  cat.frequency = 'f';
  cat.rest = "\"image_count\":2";
  add_class(20, "never seen");
  set.images.push_back({.id = 42, .file = "train/b ä.jpg", .width = 640, .height = 427});
  set.images.push_back({.id = 5, .file = "train/a.png", .width = 333, .height = 500});
  set.images.push_back({.id = 9, .file = "val/empty.jpg", .width = 64, .height = 64});
  set.images[0].rest = set.carried->add("\"license\":3");
  set.images[1].known = set.class_sets.add({0, 1, 2});
  set.images[1].open = set.class_sets.add({1});
  const auto add = [&](std::int64_t id, Index image, Index category, Box box) -> Annotation& {
    Annotation one;
    one.id = id;
    one.image = image;
    one.category = category;
    one.box = box;
    one.area = box.area();
    return set.annotations.emplace_back(one);
  };
  add(100, 0, 0, {10.5, 20.25, 100.125, 50});
  auto& outlined = add(101, 0, 1, {10, 20, 30, 40});
  outlined.shape = set.carried->add("[[10,20,40,20,40,60]]");
  outlined.area = 600;
  outlined.rest = set.carried->add("\"occluded\":1,\"attributes\":{\"colour\":\"red\"},\"keypoints\":[1,2,2]");
  auto& runs = add(7, 1, 2, {0, 0, 333, 500});
  runs.shape = set.carried->add(R"({"size":[500,333],"counts":"0nf0b\\Q5fH"})");
  runs.area = 1234;  // the first column, some of the second, the last
  runs.crowd = true;
  auto& parts = add(8, 1, 2, {100, 100, 100, 100});
  parts.shape = set.carried->add("[[100,100,120,100,120,120],[180,180,200,180,200,200]]");
  parts.area = 400;
  auto& group = add(9, 1, 0, {33.3, 44.4, 55.5, 66.6});
  group.group_of = true;
  group.rest = set.carried->add("\"difficult\":1,\"truncated\":1");
  return set;
}

}  // namespace graft::detection
