#include "graft/text/chat_template.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/io/gguf.h"
#include "graft/io/json_object.h"
#include "graft/io/mapped_file.h"
#include "graft/text/answer_span.h"
#include "graft/text/chat_style.h"
#include "graft/text/text_file.h"

namespace graft::text {
namespace {

namespace fs = std::filesystem;

bool has(std::string_view program, std::string_view words) {
  return program.find(words) != std::string_view::npos;
}

// A program without what makes templates of one family differ: either quote is '"', and blanks stand only inside them.
std::string squeezed(std::string_view program) {
  std::string out;
  char quote = 0;
  for (const char c : program) {
    if (quote == 0 && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) continue;
    if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = 0;
    out += c == '\'' ? '"' : c;
  }
  return out;
}

// What a ChatML program writes where no system message is given, as Qwen 2.5's and SmolLM's do: the literal between a
// system turn's two tokens.
std::string literal_system(std::string_view program) {
  for (const std::string_view open : {"<|im_start|>system\\n", "<|im_start|>system\n"}) {
    for (size_t at = program.find(open); at != std::string_view::npos; at = program.find(open, at + 1)) {
      const std::string_view rest = program.substr(at + open.size());
      const std::string_view words = rest.substr(0, rest.find("<|im_end|>"));
      if (words.size() == rest.size() || words.empty()) continue;
      if (words.find_first_of("'\"{}\\") == std::string_view::npos) return std::string(words);
    }
  }
  return {};
}

// Of a program that uses [INST]; null: it differs from those that are known.
const char* mistral_of(const std::string& p) {
  if (has(p, "<<SYS>>") || has(p, "strftime_now")) return nullptr;
  if (has(p, "\"[SYSTEM_PROMPT]\"+") && has(p, "[/SYSTEM_PROMPT]")) return nullptr;  // without the blanks of v7
  if (has(p, "[SYSTEM_PROMPT] ") && has(p, "\"[INST] \"+")) return "mistral-v7";
  if (has(p, "\" [INST] \"+")) return "mistral-v1";
  if (has(p, "[AVAILABLE_TOOLS]") && has(p, "\"[INST] \"+")) return "mistral-v3";
  if (has(p, "[AVAILABLE_TOOLS]") && has(p, "\"[INST]\"+")) return "mistral-v3-tekken";
  if (has(p, "\"[INST] \"+message[\"content\"]+\" [/INST]\"") && has(p, "message[\"content\"]+eos_token}}"))
    return "mistral-v0";
  return nullptr;
}

const char* style_of(std::string_view program) {
  const std::string p = squeezed(program);
  if (has(p, "<think>") || has(p, "reasoning") || has(p, "enable_thinking")) return nullptr;
  if (has(p, "<|im_start|>")) {
    const bool plain = has(p, "<|im_end|>") && !has(p, "|trim") && !has(p, ".strip(") && !has(p, "<|im_sep|>");
    return plain ? "chatml" : nullptr;
  }
  if (has(p, "<|start_header_id|>")) return has(p, "<|eot_id|>") && has(p, "|trim") ? "llama3" : nullptr;
  if (has(p, "<start_of_turn>")) {
    if (!has(p, "<end_of_turn>") || !has(p, "\"model\"")) return nullptr;
    return has(p, "first_user_prefix")                                                     ? "gemma"
           : has(p, "raise_exception(\"Systemrole") || has(p, "System role not supported") ? "gemma2"
                                                                                           : nullptr;
  }
  return has(p, "[INST]") ? mistral_of(p) : nullptr;
}

}  // namespace

ChatTemplate ChatTemplate::named(std::string_view name) {
  ChatTemplate chat;
  chat.style_ = find_chat_style(name);
  if (chat.style_ == nullptr) {
    throw UsageError("chat", "no chat template is called '{}': expected one of {}.", name, fmt::join(names(), ", "));
  }
  chat.begins_ = chat.style_->begins;
  return chat;
}

ChatTemplate ChatTemplate::recognised(std::string_view program, const std::string& file) {
  const char* name = style_of(program);
  if (name == nullptr) {
    constexpr size_t kShown = 600;
    throw ModelError("chat",
                     "{}: its chat template is none that graft knows:\n  {}{}\nIf another writes conversations as this "
                     "one does, name it: --chat-template chatml (or one of {}).",
                     file, program.substr(0, kShown), program.size() > kShown ? " ..." : "", fmt::join(names(), ", "));
  }
  ChatTemplate chat = named(name);
  chat.begins_ = has(program, "bos_token") || has(program, "<|begin_of_text|>") || has(program, "<bos>");
  if (chat.name() == "chatml") chat.system_ = literal_system(program);
  if (chat.name() == "llama3" && has(program, "Cutting Knowledge Date")) {
    // Llama 3.2's writes the day of the rendering where it can: here it is the day that stands in for it.
    chat.dates_ = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";
  }
  return chat;
}

std::vector<std::string_view> ChatTemplate::names() {
  std::vector<std::string_view> all;
  for (const auto& style : chat_styles())
    all.push_back(style.name);
  return all;
}

std::string_view ChatTemplate::name() const {
  return style_->name;
}

std::vector<ChatPart> ChatTemplate::parts(std::span<const Message> messages, bool asks) const {
  if (messages.empty()) throw DataError("chat", "a conversation without a message: expected one or more.");
  return style_->write(messages, asks, {begins_, system_, dates_});
}

ChatRow chat_row(std::span<const ChatPart> parts, const Tokenizer& tokenizer) {
  using Kind = ChatPart::Kind;
  ChatRow row;
  std::string text;     // that waits to be encoded, with what follows it
  size_t answered = 0;  // where in it the answer begins; its length: nowhere
  const auto flush = [&] {
    if (text.empty()) return;
    const auto span = encode_answer(tokenizer, std::string_view(text).substr(0, answered),
                                    std::string_view(text).substr(answered), row.ids.empty());
    row.ids.insert(row.ids.end(), span.ids.begin(), span.ids.end());
    row.answer.resize(row.ids.size() - (span.ids.size() - span.begin), 0);
    row.answer.resize(row.ids.size(), 1);
    row.straddling += span.straddles ? 1 : 0;
    text.clear();
    answered = 0;
  };
  const auto add_text = [&](const ChatPart& part) {
    if (!part.answer && answered < text.size()) flush();
    text += part.text;
    if (!part.answer) answered = text.size();
  };
  const auto add_token = [&](int32_t id, bool answer) {
    flush();
    row.ids.push_back(id);
    row.answer.push_back(answer ? 1 : 0);
  };
  const auto named = [&](const char* name) {
    const auto found = tokenizer.special().find(name);
    if (found != tokenizer.special().end()) return found->second;
    throw ModelError("chat", "the chat template needs the tokenizer's {}, which it does not name.", name);
  };
  const auto is_special = [&](const std::string& spelling) {  // as text it would be several tokens
    const auto parsed = tokenizer.encode(spelling, Specials::kParsed);
    return parsed.size() == 1 && parsed[0] == tokenizer.id_of(spelling);
  };
  for (const auto& part : parts) {
    switch (part.kind) {
      case Kind::kText:
        add_text(part);
        break;
      case Kind::kBegin:
        add_token(named("bos_token"), false);
        break;
      case Kind::kEnd:
        add_token(named("eos_token"), part.answer);
        break;
      case Kind::kToken:
        if (is_special(part.text)) {
          add_token(*tokenizer.id_of(part.text), part.answer);
        } else if (part.or_text) {
          add_text(part);
        } else {
          throw ModelError("chat",
                           "the chat template needs the token '{}', which the vocabulary lacks. Name another template, "
                           "or a model whose tokenizer has it.",
                           part.text);
        }
        break;
    }
  }
  flush();
  return row;
}

std::string chat_program(const fs::path& folder) {
  std::error_code ignored;
  if (fs::is_regular_file(folder, ignored)) {
    if (!io::is_gguf(io::MappedFile::open(folder)->bytes())) return {};
    const auto file = io::GgufFile::open(folder);
    return std::string(file.metadata().text("tokenizer.chat_template").value_or(""));
  }
  if (fs::exists(folder / "chat_template.jinja", ignored)) return read_text_file(folder / "chat_template.jinja");
  const auto config = io::JsonObject::read(folder / "tokenizer_config.json");
  if (!config) return {};
  const auto& value = config->raw("chat_template");
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    for (const auto& each : config->objects("chat_template")) {
      if (each.need<std::string>("name") == "default") return each.need<std::string>("template");
    }
    return {};
  }
  if (!value.is_null()) config->refuse("chat_template", "a text, or a list of names and templates", &value);
  return {};
}

}  // namespace graft::text
