#include "graft/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace graft::report {
namespace {

constexpr std::string_view kStyle =
#include "graft/report/report.css.inc"
    ;

constexpr std::string_view kScript =
    "document.querySelectorAll('pre button').forEach(b=>b.addEventListener('click',()=>{navigator.clipboard.writeText("
    "b.previousElementSibling.textContent);b.textContent='copied'}))";

std::string_view image_type(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG")) return "image/png";
  if (text.starts_with("RIFF")) return "image/webp";
  return "image/jpeg";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? std::to_integer<uint32_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j)
      text += i + j > bytes.size() ? '=' : letters[group >> (18 - 6 * j) & 63];
  }
  return text;
}

std::string data_uri(std::span<const std::byte> image) {
  return fmt::format("data:{};base64,{}", image_type(image), base64(image));
}

std::string section(std::string_view title, std::string_view body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}\n</section>\n", escape(title), body);
}

std::string facts_table(const Facts& facts) {
  std::string rows;
  for (const auto& [name, value] : facts)
    rows += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value));
  return "<dl>\n" + rows + "</dl>";
}

std::string code_block(std::string_view text) {
  return fmt::format("<pre><code>{}</code><button type=\"button\">copy</button></pre>", escape(text));
}

std::string share_bar(double share, double low, double high) {
  constexpr double kWidth = 240;
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 {0} 12\" width=\"{0}\" height=\"12\" role=\"img\" aria-label=\"{1:.1f} %, "
      "between {2:.1f} and "
      "{3:.1f}\"><rect class=\"track\" width=\"{0}\" height=\"12\" rx=\"2\"/><rect class=\"fill\" width=\"{4:.1f}\" "
      "height=\"12\" "
      "rx=\"2\"/><path class=\"interval\" d=\"M{5:.1f} 3v6M{5:.1f} 6H{6:.1f}M{6:.1f} 3v6\"/></svg>",
      kWidth, 100 * share, 100 * low, 100 * high, kWidth * share, kWidth * low, kWidth * high);
}

std::string share_bar(double share) {
  constexpr double kWidth = 240;
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 {0} 12\" width=\"{0}\" height=\"12\" role=\"img\" aria-label=\"{1:.1f} %\">"
      "<rect class=\"track\" width=\"{0}\" height=\"12\" rx=\"2\"/><rect class=\"fill\" width=\"{2:.1f}\" "
      "height=\"12\" rx=\"2\"/></svg>",
      kWidth, 100 * share, kWidth * share);
}

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}</main>\n<script>{}</script>\n</body>\n</"
      "html>\n",
      escape(title), kStyle, body, kScript);
}

}  // namespace graft::report
