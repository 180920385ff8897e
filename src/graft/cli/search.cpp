#include "graft/pipelines/search.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/printable.h"
#include "graft/report/search_page.h"

namespace graft::cli {
namespace {

constexpr int kShownOfText = 90;  // characters of a text in a table

std::string shortened(const std::string& text) {
  const auto beginning = fmt::format("{:.{}}", text, kShownOfText);  // cuts between characters
  return beginning.size() == text.size() ? text : fmt::format("{}...", beginning);
}

void print_found(const pipelines::SearchResult& result, Terminal& terminal) {
  TextTable table({Align::right, Align::left, Align::left});
  for (const auto& found : result.found) {
    if (result.found.size() > 1) table.row({"", printable(found.query), ""});
    for (const auto& hit : found.hits)
      table.row({fmt::format("{:.3f}", hit.cosine), printable(hit.name),
                 result.photos ? "" : printable(shortened(hit.input))});
  }
  print(table, terminal);
}

void print_json(const pipelines::SearchResult& result, Terminal& terminal) {
  for (const auto& found : result.found) {
    for (const auto& hit : found.hits) {
      nlohmann::json line = {
          {"query", found.query}, {"file", hit.name}, {"cosine", std::round(hit.cosine * 1e6) / 1e6}};
      if (!result.photos) line["text"] = hit.input;
      terminal.print(dump(line));
    }
  }
}

void write_page(const pipelines::SearchOptions& options, const pipelines::SearchResult& result) {
  std::vector<report::SearchRow> rows;
  for (const auto& found : result.found) {
    report::SearchRow row{found.query, {}};
    for (const auto& hit : found.hits) {
      row.hits.push_back({.name = hit.name, .cosine = hit.cosine});
      if (result.photos) {
        row.hits.back().image = thumbnail_uri(hit.input);
      } else {
        row.hits.back().text = hit.input;
      }
    }
    rows.push_back(std::move(row));
  }
  write_file_atomically(
      options.html,
      report::to_html(fmt::format("{} · {} of {}", options.model.model, result.searched, options.data.data), rows));
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SearchOptions>();
  arguments.take_positional("query", "what is looked for, in words", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("model", "a CLIP or a sentence encoder: folder, file, or org/name in the Hugging Face cache");
  arguments.require("data", "photos or texts: a folder, a file or a table");
  auto options = arguments.get<pipelines::SearchOptions>();
  for (const auto& words : arguments.positionals())
    options.query.push_back(words);
  const auto result = pipelines::search(options, host_of(arguments), terminal);
  if (!options.html.empty()) write_page(options, result);
  if (terminal.json()) {
    print_json(result, terminal);
  } else {
    print_found(result, terminal);
  }
  return 0;
}

}  // namespace

Command search_command() {
  return {"search",
          "Find photos by words, or texts by a text.",
          "--model M --data D WORDS ...",
          "graft search --model openai/clip-vit-base-patch16 --data holiday/ 'a red bicycle'\n"
          "graft search --model all-MiniLM-L6-v2/ --data questions.csv 'how do I reset it' --top 3 --json",
          run,
          [] { return describe_options<pipelines::SearchOptions>(); }};
}

}  // namespace graft::cli
