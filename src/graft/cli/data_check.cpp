#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/detection/check.h"
#include "graft/detection/format.h"

namespace graft::cli {
namespace {

struct Options {
  std::string file, format, images, fix;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("file", o.file, "set of boxes to look at: a file, or a folder");
  visit("format", o.format, "its format (default: what it looks like)");
  visit("images", o.images, "folder of its photos, to see that they are there and as large as is told");
  visit("fix", o.fix, "write a copy of what can be used, mended, in the same format");
}

std::string_view words_of(detection::Severity severity) {
  switch (severity) {
    case detection::Severity::left_out:
      return "left out";
    case detection::Severity::wrong:
      return "wrong";
    case detection::Severity::suspicion:
      return "suspicion";
    case detection::Severity::note:
      return "note";
  }
  return "";
}

void print(const detection::Findings& findings, Terminal& terminal) {
  using detection::Severity;
  for (const auto severity : {Severity::left_out, Severity::wrong, Severity::suspicion, Severity::note}) {
    for (const auto& [kind, finding] : findings.kinds()) {
      if (finding.severity != severity) continue;
      terminal.print(fmt::format("{:<9} {:>7} {}", words_of(severity), finding.count, kind));
      for (const auto& example : finding.examples)
        terminal.print(fmt::format("{:18}{}", "", printable(example)));
    }
  }
}

nlohmann::json to_json(const detection::Findings& findings) {
  auto list = nlohmann::json::array();
  for (const auto& [kind, finding] : findings.kinds())
    list.push_back({{"kind", kind},
                    {"severity", words_of(finding.severity)},
                    {"count", finding.count},
                    {"examples", finding.examples}});
  return list;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  arguments.take_positional("file", "set of boxes to look at");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("file", "a file or folder of boxes");
  const auto options = arguments.get<Options>();
  const auto [file, format] = options.format.empty()
                                  ? detection::place_of(options.file)
                                  : detection::Place{options.file, detection::find_format(options.format)};
  detection::Findings findings;
  auto set = format.read(file, {.images = options.images}, findings);
  detection::check(set, findings);
  if (!options.images.empty()) detection::check_photos(set, options.images, findings);

  const auto bad = findings.total(detection::Severity::left_out) + findings.total(detection::Severity::wrong);
  nlohmann::json json = {{"format", format.name},
                         {"images", set.images.size()},
                         {"categories", set.categories.size()},
                         {"annotations", set.annotations.size()},
                         {"findings", to_json(findings)}};
  terminal.line("data", fmt::format("{} · {}", format.name, size_words(set)));
  if (!terminal.json()) {
    print(findings, terminal);
    if (bad == 0) terminal.print("nothing is left out and nothing is wrong");
  }
  if (!options.fix.empty()) {
    const auto done = detection::mend(set);
    const auto lost =
        format.write(set, options.fix, {.images = options.images.empty() ? options.file : options.images});
    json["mended"] = done;
    json["lost"] = lost;
    if (!terminal.json()) {
      for (const auto& line : done)
        terminal.print(fmt::format("mended    {}", line));
      for (const auto& line : lost)
        terminal.print(fmt::format("lost      {}", line));
    }
    terminal.line("saved", options.fix);
  }
  if (terminal.json()) terminal.print(dump(with_notes(std::move(json), terminal)));
  if (bad > 0 && options.fix.empty()) {
    throw DataError("data check", "{}: {} left out, {} wrong. --fix OUT writes a copy of what can be used.",
                    options.file, findings.total(detection::Severity::left_out),
                    findings.total(detection::Severity::wrong));
  }
  return 0;
}

}  // namespace

Command data_check_command() {
  return {"data check",
          "Look for what is wrong with a set of boxes, and mend it.",
          "FILE [--images DIR] [--fix OUT]",
          "graft data check instances.json\n"
          "graft data check instances.json --images photos/ --fix mended.json\n"
          "graft data check yolo/ --json",
          run,
          [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
