// What a language model learns from: documents as ids, with the tokens that its loss counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graft/text/chat_template.h"
#include "graft/text/tokenizer.h"

namespace graft::data {

struct Document {
  std::vector<std::int32_t> ids;
  std::vector<std::uint8_t> targets;  // [ids] 1: the loss counts how well those before it foretell it
  std::string name;                   // "chat.jsonl:12"
};

enum class TooLong {
  cut,    // behind the longest length; where no target is left, the document is left out
  split,  // into documents of that length, each from the last token of the one before, behind what stands before a text
  refuse,
};

struct DocumentOptions {
  std::int64_t max_length = 0;         // of a document, special tokens included
  bool completions_alone = true;       // of prompts and conversations; plain texts count whole
  TooLong too_long = TooLong::cut;     // of prompts and conversations
  TooLong long_text = TooLong::split;  // of plain texts
  // Of conversations; asked once, when the first comes, so that a model whose template is not known reads other texts.
  std::function<std::optional<text::ChatTemplate>()> chat = {};
};

struct Documents {
  std::vector<Document> documents;
  // Rows that could not be read, each "file:line: why", and how many: the first twenty are kept.
  std::vector<std::string> left_out;
  std::size_t left_out_count = 0;
  std::int64_t cut = 0, lost_tokens = 0;  // documents that were cut, and the tokens that they lost
  std::int64_t split = 0;                 // texts that became several documents
  // Answers whose beginning is one token with the prompt's end (text/answer_span.h).
  std::int64_t straddling = 0;

  std::int64_t tokens() const;
  std::int64_t targets() const;
};

// A .jsonl, of which each line is {"text": ...}, {"prompt": ..., "completion": ...} or {"messages": [{"role": ...,
// "content": ...}, ...]}, other keys being of no account; a .txt, which is one text; or a folder, each .txt below it
// one. Around texts and prompts stands what the tokeniser's frame says, and its eos_token behind them; conversations
// stand as their template says. Special tokens in what people wrote are text. A line that is no JSON, or is none of the
// three, is left out and named. A DataError lists completions and answers that are empty, conversations that the
// template has no place for, and documents that are too long where that is refused, each with its line; and is thrown
// where nothing is left. ConfigError for conversations without a template.
Documents read_documents(const std::filesystem::path& path, const text::Tokenizer& tokenizer,
                         const DocumentOptions& options);

}  // namespace graft::data
