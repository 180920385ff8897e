// Pieces of COCO's JSON as we write them.
#pragma once

#include <string>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

std::string category_members(const Category& category);  // without braces
std::string box_text(const Box& box);                    // "[x,y,width,height]"
void append_box(std::string& text, const Box& box);      // the same
std::string text_list(const std::vector<std::string>& texts);

}  // namespace graft::detection
