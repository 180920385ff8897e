#include "graft/data/text_list.h"

#include <cstdio>
#include <filesystem>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/data/file_walk.h"
#include "graft/data/problems.h"
#include "graft/data/table.h"
#include "graft/data/table_columns.h"
#include "graft/text/text_file.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;

std::string standard_input() {
  std::string bytes;
  char part[1 << 16];
  for (size_t got = 0; (got = std::fread(part, 1, sizeof part, stdin)) > 0;) {
    bytes.append(part, got);
    stop_if_asked();
  }
  return text::decode_text(bytes, "standard input");
}

void add_lines(std::vector<Sample>& samples, const std::string& text, const std::string& name) {
  size_t line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto one = text.substr(begin, end - begin);
    if (!text::trimmed(one).empty())
      samples.push_back({.input = one, .label = -1, .name = fmt::format("{}:{}", name, line)});
    begin = end + 1;
  }
}

void add_table(std::vector<Sample>& samples, const fs::path& file, DatasetOptions options) {
  const auto table = read_table(file);
  Problems problems(file.string());
  // No label is asked for: any column will do.
  if (options.label_column.empty() && !table.columns.empty()) options.label_column = table.columns.front();
  const auto columns = find_columns(table, file.parent_path(), options, problems);
  if (columns.reads != Reads::text) problems.add("holds photos: expected texts.");
  problems.throw_if_any();
  for (const auto& row : table.rows) {
    samples.push_back({.input = row.written(*columns.input),
                       .label = -1,
                       .pair = columns.pair ? row.written(*columns.pair) : std::string(),
                       .name = fmt::format("{}:{}", file.string(), row.line)});
  }
}

}  // namespace

std::vector<Sample> list_texts(const std::vector<std::string>& words, const DatasetOptions& options) {
  std::vector<Sample> samples;
  for (const auto& word : words) {
    const auto before = samples.size();
    std::error_code error;
    if (word == "-") {
      add_lines(samples, standard_input(), "-");
    } else if (fs::is_directory(word, error)) {
      for (const auto& file : walk_texts(word).files)
        samples.push_back(
            {.input = text::read_text_file(fs::path(word) / file), .label = -1, .name = word + "/" + file});
    } else if (table_kind(word)) {
      add_table(samples, word, options);
    } else {
      add_lines(samples, text::read_text_file(word), word);
    }
    if (samples.size() == before) throw DataError("data", "{} holds no text.", word == "-" ? "standard input" : word);
  }
  return samples;
}

}  // namespace graft::data
