#include "graft/text/chat_style.h"

#include "graft/core/error.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

using Kind = ChatPart::Kind;

// Python's strip(), as `| trim` in Jinja.
std::string stripped(std::string_view text) {
  const std::u32string characters = decode_utf8(text);
  size_t begin = 0, end = characters.size();
  while (begin < end && is_space(characters[begin]))
    ++begin;
  while (begin < end && is_space(characters[end - 1]))
    --end;
  return encode_utf8(std::u32string_view(characters).substr(begin, end - begin));
}

class Writer {
 public:
  Writer& begin(bool there = true) {
    if (there) parts_.push_back({Kind::kBegin, {}});
    return *this;
  }
  Writer& token(std::string_view spelling) {
    parts_.push_back({Kind::kToken, std::string(spelling), answers_});
    return *this;
  }
  Writer& token_or_text(std::string_view spelling) {
    parts_.push_back({Kind::kToken, std::string(spelling), answers_, true});
    return *this;
  }
  Writer& text(std::string_view words) {
    if (!words.empty()) parts_.push_back({Kind::kText, std::string(words), answers_});
    return *this;
  }
  Writer& end() {
    parts_.push_back({Kind::kEnd, {}, answers_});
    return *this;
  }
  // What is written from here on is the assistant's, or not.
  Writer& answers(bool whether) {
    answers_ = whether;
    return *this;
  }
  std::vector<ChatPart> take() { return std::move(parts_); }

 private:
  std::vector<ChatPart> parts_;
  bool answers_ = false;
};

bool is_assistant(const Message& message) {
  return message.role == "assistant";
}

void check_role(const Message& message) {
  if (message.role != "system" && message.role != "user" && !is_assistant(message)) {
    throw DataError("chat", "a message's role is '{}': expected system, user or assistant.", message.role);
  }
}

// The conversation without its system message, which stands first or nowhere; the rest begins with the user, and the
// two take turns.
struct Turns {
  std::optional<std::string> system;
  std::span<const Message> turns;
};
Turns turns_of(std::span<const Message> messages, std::string_view style, bool alternate = true) {
  Turns split{std::nullopt, messages};
  if (!messages.empty() && messages[0].role == "system") {
    split.system = messages[0].content;
    split.turns = messages.subspan(1);
  }
  for (size_t i = 0; i < split.turns.size(); ++i) {
    check_role(split.turns[i]);
    const std::string_view expected = i % 2 == 0 ? "user" : "assistant";
    const bool second_system = split.turns[i].role == "system";
    if (second_system || (alternate && split.turns[i].role != expected)) {
      throw DataError("chat", "message {} is the {}'s where the template {} has the {}'s: the two take turns.",
                      i + 1 + messages.size() - split.turns.size(), split.turns[i].role, style, expected);
    }
  }
  return split;
}

// Qwen's and many others' (OpenAI's ChatML).
std::vector<ChatPart> write_chatml(std::span<const Message> messages, bool asks, const ChatSettings& settings) {
  Writer out;
  out.begin(settings.begins);
  const auto open = [&](std::string_view role) { out.token("<|im_start|>").text(std::string(role) + "\n"); };
  const bool has_system = !messages.empty() && messages[0].role == "system";
  if (!settings.system.empty() && !has_system) {
    open("system");
    out.text(settings.system).token("<|im_end|>").text("\n");
  }
  for (const auto& message : messages) {
    check_role(message);
    open(message.role);
    out.answers(is_assistant(message)).text(message.content).token("<|im_end|>").answers(false).text("\n");
  }
  if (asks) open("assistant");
  return out.take();
}

// Llama 3 (Llama Team 2024, arXiv:2407.21783).
std::vector<ChatPart> write_llama3(std::span<const Message> messages, bool asks, const ChatSettings& settings) {
  Writer out;
  out.begin(settings.begins);
  const auto open = [&](std::string_view role) {
    out.token("<|start_header_id|>").text(role).token("<|end_header_id|>").text("\n\n");
  };
  const bool has_system = !messages.empty() && messages[0].role == "system";
  if (!settings.dates.empty()) {
    open("system");
    out.text(std::string(settings.dates) + (has_system ? stripped(messages[0].content) : "")).token("<|eot_id|>");
    if (has_system) messages = messages.subspan(1);
  }
  for (const auto& message : messages) {
    check_role(message);
    open(message.role);
    out.answers(is_assistant(message)).text(stripped(message.content)).token("<|eot_id|>").answers(false);
  }
  if (asks) open("assistant");
  return out.take();
}

// Gemma (Gemma Team 2024, arXiv:2403.08295; 2025, arXiv:2503.19786). `has_system`: its words stand before the user's
// first.
std::vector<ChatPart> write_gemma(std::span<const Message> messages, bool asks, const ChatSettings& settings,
                                  bool has_system) {
  const auto [system, turns] = turns_of(messages, has_system ? "gemma" : "gemma2");
  if (system && !has_system) throw DataError("chat", "the template gemma2 has no place for a system message.");
  Writer out;
  out.begin(settings.begins);
  for (const auto& message : turns) {
    out.token("<start_of_turn>").text(is_assistant(message) ? "model\n" : "user\n");
    if (&message == turns.data() && system) out.text(*system + "\n\n");
    out.answers(is_assistant(message)).text(stripped(message.content)).token("<end_of_turn>").answers(false).text("\n");
  }
  if (asks) out.token("<start_of_turn>").text("model\n");
  return out.take();
}
std::vector<ChatPart> write_gemma3(std::span<const Message> messages, bool asks, const ChatSettings& settings) {
  return write_gemma(messages, asks, settings, true);
}
std::vector<ChatPart> write_gemma2(std::span<const Message> messages, bool asks, const ChatSettings& settings) {
  return write_gemma(messages, asks, settings, false);
}

// Mistral's, which changed with its tokenisers.
struct MistralSpaces {
  std::string_view name, before, after, before_close, before_answer;
  bool strips_answer;
  // Before which of the user's messages the system message stands. kLast: transformers has it so when it asks, and
  // leaves it out where an answer follows; here it stands there then too, so that what is learned is what is asked.
  enum class System { kNone, kFirst, kLast, kOwn } system;
};
std::vector<ChatPart> write_mistral(std::span<const Message> messages, const ChatSettings& settings,
                                    const MistralSpaces& spaces) {
  using System = MistralSpaces::System;
  const auto [system, turns] = turns_of(messages, spaces.name, spaces.system != System::kOwn);
  if (system && spaces.system == System::kNone) {
    throw DataError("chat", "the template {} has no place for a system message.", spaces.name);
  }
  Writer out;
  out.begin(settings.begins);
  if (system && spaces.system == System::kOwn) {
    out.token_or_text("[SYSTEM_PROMPT]").text(" " + *system).token_or_text("[/SYSTEM_PROMPT]");
  }
  size_t last_user = 0;
  for (size_t i = 0; i < turns.size(); ++i)
    if (!is_assistant(turns[i])) last_user = i;
  for (size_t i = 0; i < turns.size(); ++i) {
    if (is_assistant(turns[i])) {
      out.text(spaces.before_answer).answers(true);
      out.text(spaces.strips_answer ? stripped(turns[i].content) : turns[i].content).end().answers(false);
      continue;
    }
    const bool here = (spaces.system == System::kFirst && i == 0) || (spaces.system == System::kLast && i == last_user);
    out.text(spaces.before).token_or_text("[INST]").text(spaces.after);
    if (system && here) out.text(*system + "\n\n");
    out.text(turns[i].content).text(spaces.before_close).token_or_text("[/INST]");
  }
  return out.take();
}
template <const MistralSpaces& kSpaces>
std::vector<ChatPart> write_mistral_of(std::span<const Message> messages, bool, const ChatSettings& settings) {
  return write_mistral(messages, settings, kSpaces);
}
constexpr MistralSpaces kMistralV0{"mistral-v0", "", " ", " ", "", false, MistralSpaces::System::kNone};
constexpr MistralSpaces kMistralV1{"mistral-v1", " ", " ", " ", " ", false, MistralSpaces::System::kFirst};
constexpr MistralSpaces kMistralV3{"mistral-v3", "", " ", "", " ", true, MistralSpaces::System::kLast};
constexpr MistralSpaces kMistralTekken{"mistral-v3-tekken", "", "", "", "", false, MistralSpaces::System::kLast};
constexpr MistralSpaces kMistralV7{"mistral-v7", "", " ", "", " ", false, MistralSpaces::System::kOwn};

constexpr ChatStyle kStyles[] = {
    {"chatml", false, write_chatml},
    {"llama3", true, write_llama3},
    {"gemma", true, write_gemma3},
    {"gemma2", true, write_gemma2},
    {kMistralV0.name, true, write_mistral_of<kMistralV0>},
    {kMistralV1.name, true, write_mistral_of<kMistralV1>},
    {kMistralV3.name, true, write_mistral_of<kMistralV3>},
    {kMistralTekken.name, true, write_mistral_of<kMistralTekken>},
    {kMistralV7.name, true, write_mistral_of<kMistralV7>},
};

}  // namespace

std::span<const ChatStyle> chat_styles() {
  return kStyles;
}

const ChatStyle* find_chat_style(std::string_view name) {
  for (const auto& style : kStyles) {
    if (style.name == name) return &style;
  }
  return nullptr;
}

}  // namespace graft::text
