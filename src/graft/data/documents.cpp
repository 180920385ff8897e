#include "graft/data/documents.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/data/file_walk.h"
#include "graft/data/problems.h"
#include "graft/io/json_object.h"
#include "graft/text/answer_span.h"
#include "graft/text/text_file.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;
using io::JsonObject;
using text::Specials;

constexpr std::string_view kDocumentForms =
    "Expected a .jsonl with text, prompt and completion, or messages in each line, a .txt, or a folder of .txt files.";

class DocumentReader {
 public:
  DocumentReader(const text::Tokenizer& tokenizer, const DocumentOptions& options, const fs::path& path)
      : tokenizer_(tokenizer), options_(options), path_(path.string()), problems_(path_) {
    using Kind = text::Frame::Part::Kind;
    bool behind = false;
    for (const auto& part : tokenizer.frame().single) {
      if (part.kind == Kind::kText)
        behind = true;
      else
        (behind ? after_ : before_).push_back(part.id);
    }
    const auto end = tokenizer.special().find("eos_token");
    if (end != tokenizer.special().end() && after_.empty()) after_.push_back(end->second);
  }

  void add_text(std::string_view words, std::string name) {
    Document document{before_, {}, std::move(name)};
    append(document, tokenizer_.encode(words, Specials::kAsText), true);
    append(document, after_, true);
    add(std::move(document), options_.long_text);
  }

  void add_lines(const std::string& lines, const std::string& file) {
    std::size_t number = 1;
    for (std::size_t begin = 0; begin < lines.size(); ++number) {
      stop_if_asked();
      const auto end = std::min(lines.find('\n', begin), lines.size());
      const std::string_view line = std::string_view(lines).substr(begin, end - begin);
      begin = end + 1;
      if (!text::trimmed(line).empty()) add_line(line, fmt::format("{}:{}", file, number));
    }
  }

  Documents take() {
    problems_.throw_if_any();
    if (read_.documents.empty()) {
      for (const auto& line : read_.left_out)
        problems_.add("{}", line);
      problems_.throw_if_any();
      throw DataError("data", "{}: no document. {}", path_, kDocumentForms);
    }
    return std::move(read_);
  }

 private:
  void leave_out(std::string line) {
    constexpr std::size_t kKept = 20;
    if (++read_.left_out_count <= kKept) read_.left_out.push_back(std::move(line));
  }

  void add_line(std::string_view line, const std::string& name) {
    std::optional<JsonObject> row;
    try {
      row = JsonObject::parse(line, name);
      if (row->has("messages")) return add_messages(*row, name);
      if (row->has("prompt") && row->has("completion")) {
        return add_pair(row->need<std::string>("prompt"), row->need<std::string>("completion"), name);
      }
      if (row->has("text")) return add_text(row->need<std::string>("text"), name);
      leave_out(fmt::format("{}: it has the keys {}: expected text, prompt and completion, or messages.", name,
                            row->keys().empty() ? "none" : fmt::format("{}", fmt::join(row->keys(), ", "))));
    } catch (const FileError& error) {
      leave_out(std::string(words_of(error)));
    } catch (const DataError& error) {
      problems_.add_error(name, error);
    }
  }

  void add_pair(const std::string& prompt, const std::string& completion, const std::string& name) {
    if (text::trimmed(completion).empty()) {
      problems_.add("{}: the completion is empty: there is nothing to learn from it.", name);
      return;
    }
    const auto span = text::encode_answer(tokenizer_, prompt, completion, true);
    Document document{before_, {}, name};
    const auto begin = span.ids.begin() + static_cast<std::ptrdiff_t>(span.begin);
    append(document, {span.ids.begin(), begin}, !options_.completions_alone);
    append(document, {begin, span.ids.end()}, true);
    append(document, after_, true);
    read_.straddling += span.straddles ? 1 : 0;
    add(std::move(document), options_.too_long);
  }

  void add_messages(const JsonObject& row, const std::string& name) {
    std::vector<text::Message> messages;
    bool answered = false;
    for (const auto& each : row.objects("messages")) {
      messages.push_back({each.need<std::string>("role"), each.need<std::string>("content")});
      if (messages.back().role != "assistant") continue;
      answered = true;
      if (text::trimmed(messages.back().content).empty()) {
        problems_.add("{}: message {} is an answer that is empty: there is nothing to learn from it.", name,
                      messages.size());
        return;
      }
    }
    if (!answered && options_.completions_alone) {
      problems_.add("{}: a conversation without an answer of the assistant: there is nothing to learn from it.", name);
      return;
    }
    if (!asked_ && options_.chat) chat_ = options_.chat();
    asked_ = true;
    if (!chat_) {
      throw ConfigError("data",
                        "{}: conversations need a chat template, and the model's files have none. Name one: "
                        "--chat-template chatml (or one of {}).",
                        name, fmt::join(text::ChatTemplate::names(), ", "));
    }
    auto chat = text::chat_row(chat_->parts(messages, /*asks=*/false), tokenizer_);
    Document document{std::move(chat.ids), std::move(chat.answer), name};
    if (!options_.completions_alone) document.targets.assign(document.ids.size(), 1);
    read_.straddling += chat.straddling;
    add(std::move(document), options_.too_long);
  }

  static void append(Document& document, const std::vector<std::int32_t>& ids, bool targets) {
    document.targets.resize(document.ids.size(), 0);  // what stands before the text
    document.ids.insert(document.ids.end(), ids.begin(), ids.end());
    document.targets.resize(document.ids.size(), targets ? 1 : 0);
  }

  void add(Document document, TooLong too_long) {
    const auto longest = static_cast<std::size_t>(options_.max_length);
    if (document.ids.size() > longest) {
      if (too_long == TooLong::refuse) {
        problems_.add("{}: it has {} tokens, the longest may have {}.", document.name, document.ids.size(), longest);
        return;
      }
      if (too_long == TooLong::split) return add_parts(document, longest);
      const auto lost = static_cast<std::int64_t>(document.ids.size() - longest);
      document.ids.resize(longest);
      document.targets.resize(longest);
      ++read_.cut;
      read_.lost_tokens += lost;
    }
    keep(std::move(document));
  }

  // Each part behind the first begins with what stands before a text, as a model that was taught with it expects, and
  // the last token of the part before, which foretells its next: no target is lost.
  void add_parts(const Document& whole, std::size_t longest) {
    ++read_.split;
    const auto lead = before_.size() + 2 <= longest ? before_ : std::vector<std::int32_t>();
    for (std::size_t begin = 0; begin + 1 < whole.ids.size();) {
      Document part{.ids = {}, .targets = {}, .name = whole.name};
      if (begin > 0) append(part, lead, false);
      const auto end = std::min(begin + longest - part.ids.size(), whole.ids.size());
      for (std::size_t i = begin; i < end; ++i) {
        part.ids.push_back(whole.ids[i]);
        part.targets.push_back(begin > 0 && i == begin ? 0 : whole.targets[i]);
      }
      keep(std::move(part));
      begin = end - 1;
    }
  }

  void keep(Document document) {
    if (!document.targets.empty()) document.targets[0] = 0;  // nothing foretells the first
    if (std::find(document.targets.begin(), document.targets.end(), 1) == document.targets.end()) {
      leave_out(fmt::format("{}: within {} tokens there is none to learn.", document.name, options_.max_length));
      return;
    }
    read_.documents.push_back(std::move(document));
  }

  const text::Tokenizer& tokenizer_;
  const DocumentOptions& options_;
  std::string path_;
  Problems problems_;
  std::vector<std::int32_t> before_, after_;  // what stands around a text
  std::optional<text::ChatTemplate> chat_;
  bool asked_ = false;  // for it
  Documents read_;
};

}  // namespace

std::int64_t Documents::tokens() const {
  return std::accumulate(documents.begin(), documents.end(), std::int64_t{0},
                         [](std::int64_t sum, const Document& each) { return sum + std::ssize(each.ids); });
}

std::int64_t Documents::targets() const {
  return std::accumulate(documents.begin(), documents.end(), std::int64_t{0},
                         [](std::int64_t sum, const Document& each) {
                           return std::accumulate(each.targets.begin(), each.targets.end(), sum);
                         });
}

Documents read_documents(const fs::path& path, const text::Tokenizer& tokenizer, const DocumentOptions& options) {
  if (options.max_length < 2) {
    throw ConfigError("data", "documents of {} tokens: expected 2 or more.", options.max_length);
  }
  DocumentReader reader(tokenizer, options, path);
  if (fs::is_directory(path)) {
    for (const auto& file : walk_texts(path).files)
      reader.add_text(text::read_text_file(path / file), (path / file).string());
  } else if (path.extension() == ".jsonl") {
    reader.add_lines(text::read_text_file(path), path.string());
  } else if (path.extension() == ".txt") {
    reader.add_text(text::read_text_file(path), path.string());
  } else {
    throw DataError("data", "{}: no text for a language model. {}", path.string(), kDocumentForms);
  }
  return reader.take();
}

}  // namespace graft::data
