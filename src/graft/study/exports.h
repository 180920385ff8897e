// A study's tables for other programs: a CSV of every number, a Markdown and a LaTeX table of means with half the width
// of their 95 % intervals over seeds. Nothing is printed bold: what may be claimed is in the sentences below the table.
// Of others' predictions there are no trained parameters and seconds: empty in the CSV, no column in the tables.
#pragma once

#include <filesystem>
#include <string>

#include "graft/study/outcome.h"

namespace graft::study {

std::string to_csv(const StudyOutcome& outcome);  // shots, method, data, runs, mean, low, high, trained, seconds
// A row a comparison: its verdict, every interval and every p, of Wilcoxon's signed ranks too.
std::string comparisons_csv(const StudyOutcome& outcome);
std::string to_markdown(const StudyOutcome& outcome);  // with the sentences
std::string to_latex(const StudyOutcome& outcome);     // tabulars alone, for booktabs

// report.html is the page; beside it table.csv, comparisons.csv, table.md and table.tex.
void write_exports(const StudyOutcome& outcome, const std::string& page, const std::filesystem::path& folder);

}  // namespace graft::study
