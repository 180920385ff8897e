// The known chat templates.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "graft/text/chat_template.h"

namespace graft::text {

// What a style's writer is given beside the messages.
struct ChatSettings {
  bool begins;
  std::string_view system, dates;
};

struct ChatStyle {
  std::string_view name;
  bool begins;  // unless a program says otherwise
  std::vector<ChatPart> (*write)(std::span<const Message> messages, bool asks, const ChatSettings& settings);
};

std::span<const ChatStyle> chat_styles();
const ChatStyle* find_chat_style(std::string_view name);  // null: none is so called

}  // namespace graft::text
