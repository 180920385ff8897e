#include "graft/detection/coco_text.h"

#include "graft/detection/json_text.h"

namespace graft::detection {

std::string text_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const auto& text : texts)
    list += fmt::format("{}{}", list.size() > 1 ? "," : "", json_text(text));
  return list + "]";
}

std::string category_members(const Category& category) {
  std::string text = fmt::format("\"id\":{},\"name\":{}", category.id, json_text(category.name));
  if (!category.supercategory.empty()) text += fmt::format(",\"supercategory\":{}", json_text(category.supercategory));
  if (!category.synset.empty()) text += fmt::format(",\"synset\":{}", json_text(category.synset));
  if (!category.synonyms.empty()) text += fmt::format(",\"synonyms\":{}", text_list(category.synonyms));
  if (!category.definition.empty()) text += fmt::format(",\"def\":{}", json_text(category.definition));
  if (category.frequency != 0) text += fmt::format(",\"frequency\":\"{}\"", category.frequency);
  if (!category.rest.empty()) text += "," + category.rest;
  return text;
}

void append_box(std::string& text, const Box& box) {
  char before = '[';
  for (const double value : {box.x, box.y, box.width, box.height}) {
    text += before;
    append_number(text, value);
    before = ',';
  }
  text += ']';
}

std::string box_text(const Box& box) {
  std::string text;
  append_box(text, box);
  return text;
}

}  // namespace graft::detection
