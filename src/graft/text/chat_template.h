// Chat templates: how a conversation is written for a model that was trained on conversations. A model's file carries
// its template as a Jinja program; those that are known are recognised by their text and rendered here as ids, so that
// what a message says is never taken for the template's own tokens.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/text/tokenizer.h"

namespace graft::text {

struct Message {
  std::string role, content;  // "system", "user" or "assistant"
};

// A conversation as a row of parts: text, and tokens of the template.
struct ChatPart {
  enum class Kind {
    kText,   // a message's or the template's own: special tokens in it are text
    kToken,  // by its spelling; text where the vocabulary has no special token so called and `or_text`
    kBegin,  // the tokeniser's own token before a text
    kEnd,    // ... and behind one
  } kind;
  std::string text;
  bool answer = false;  // the assistant's: what it says, and the token that ends its turn
  bool or_text = false;
};

struct ChatStyle;

class ChatTemplate {
 public:
  // "chatml", "llama3" and their like; a UsageError lists them for any other name.
  static ChatTemplate named(std::string_view name);
  // The template of this Jinja program. ModelError that shows it where it is not known.
  static ChatTemplate recognised(std::string_view program, const std::string& file);
  static std::vector<std::string_view> names();

  std::string_view name() const;
  // `asks`: the beginning of the assistant's turn stands at the end, for it to answer. A DataError says what this
  // template has no place for: a role, a system message, two turns of one role.
  std::vector<ChatPart> parts(std::span<const Message> messages, bool asks) const;

 private:
  ChatTemplate() = default;

  const ChatStyle* style_ = nullptr;
  bool begins_ = false;  // the program writes the token before a text
  std::string system_;   // of a conversation without a system message; empty: none
  std::string dates_;    // before what the system message says
};

struct ChatRow {
  std::vector<int32_t> ids;
  std::vector<uint8_t> answer;  // [ids] 1: a token that the assistant wrote
  // Answers whose first characters became one token with what stands before them: that token counts to the answer,
  // and asked for an answer the model reads other ids than it was trained on.
  int64_t straddling = 0;
};
// The row of these parts; nothing else is put around it. ModelError for a token that the vocabulary lacks.
ChatRow chat_row(std::span<const ChatPart> parts, const Tokenizer& tokenizer);

// The Jinja program of a model's folder (chat_template.jinja, or tokenizer_config.json's chat_template, of several the
// one called "default"), or of a GGUF file (tokenizer.chat_template); empty: it has none.
std::string chat_program(const std::filesystem::path& model);

}  // namespace graft::text
