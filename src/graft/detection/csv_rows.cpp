#include "graft/detection/csv_rows.h"

#include <zlib.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/text/text_file.h"

namespace graft::detection {

struct CsvRows::Input {
  gzFile file;
};

CsvRows::CsvRows(const std::filesystem::path& path, Findings& findings)
    : name_(path.filename().string()), findings_(findings), input_(new Input{gzopen(path.c_str(), "rb")}) {
  if (input_->file == nullptr) {
    delete input_;
    throw FileError("detection", "{}: cannot be opened. Is the path right?", path.string());
  }
  gzbuffer(input_->file, 1 << 17);
  const int first = take(), second = first == -1 ? -1 : take();
  if ((first == 0xff && second == 0xfe) || (first == 0xfe && second == 0xff)) {
    gzclose(input_->file);
    delete input_;
    throw DataError("detection", "{}: is UTF-16, expected UTF-8: iconv -f UTF-16 -t UTF-8.", path.string());
  }
  const int third = second == -1 ? -1 : take();
  if (first == 0xef && second == 0xbb && third == 0xbf) return;
  for (const int byte : {third, second, first})
    if (byte != -1) gzungetc(byte, input_->file);
}

CsvRows::~CsvRows() {
  gzclose(input_->file);
  delete input_;
}

int CsvRows::take() {
  return gzgetc(input_->file);
}

std::string CsvRows::place() const {
  return fmt::format("{}:{}", name_, line_);
}

// False at the end of the file.
bool CsvRows::read_row(std::string& fault) {
  cells_.assign(1, {});
  line_ = next_line_;
  bool quoted = false, closed = false;
  std::size_t bytes = 0;
  for (int c = take();; c = take()) {
    if (c == -1) {
      int code = 0;
      const char* words = gzerror(input_->file, &code);
      if (code != Z_OK && code != Z_STREAM_END) fault = fmt::format("cannot be read on ({})", words);
      if (quoted) fault = "a quote is opened and never closed";
      ended_ = true;
      return bytes > 0 || quoted || code < 0;
    }
    if (++bytes > kLongest) {
      fault = "a row of more than 1 MiB: is a quote missing?";
      ended_ = true;
      return true;
    }
    auto& cell = cells_.back();
    if (quoted) {
      if (c == '"') {
        quoted = false;
        closed = true;
      } else {
        next_line_ += c == '\n';
        cell += static_cast<char>(c);
      }
    } else if (c == '"' && closed) {
      cell += '"';  // a doubled one
      quoted = true;
      closed = false;
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == ',') {
      cells_.emplace_back();
      closed = false;
    } else if (c == '\n' || c == '\r') {
      if (c == '\r') {
        const int after = take();
        if (after != '\n' && after != -1) gzungetc(after, input_->file);
      }
      ++next_line_;
      return true;
    } else if (closed && c != ' ') {
      fault = "text follows a closing quote";
    } else if (!closed) {
      cell += static_cast<char>(c);
    }
  }
}

bool CsvRows::next() {
  while (!ended_) {
    std::string fault;
    if (!read_row(fault)) return false;
    if (fault.empty() && !std::ranges::all_of(cells_, [](const std::string& cell) { return is_utf8(cell); }))
      fault = "is not UTF-8: iconv -f WINDOWS-1252 -t UTF-8";
    if (!fault.empty()) {
      findings_.add("csv-row", Severity::left_out, "{}: {}", place(), fault);
      continue;
    }
    if (cells_.size() == 1 && text::trimmed(cells_[0]).empty()) continue;
    for (auto& cell : cells_)
      cell = std::string(text::trimmed(cell));
    return true;
  }
  return false;
}

}  // namespace graft::detection
