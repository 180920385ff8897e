#include "graft/text/token_decoder.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/text/byte_alphabet.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

using Spellings = std::vector<std::string>;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

// English put together again as `tokenizers` does it, token by token.
void clean_up(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kJoined[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kJoined)
    replace_all(text, from, to);
}

TokenDecoder word_piece_decoder(std::string prefix, bool cleanup) {
  return [prefix = std::move(prefix), cleanup](const Spellings& tokens) {
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string token = tokens[i];
      if (i > 0) token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
      if (cleanup) clean_up(token);
      text += token;
    }
    return text;
  };
}

std::string from_byte_letters(const Spellings& tokens) {
  std::string bytes;
  for (const auto& token : tokens) {
    std::string own;
    bool in_alphabet = true;
    for (const char32_t letter : decode_utf8(token)) {
      const auto byte = ByteAlphabet::get().byte_of(letter);
      in_alphabet = in_alphabet && byte;
      if (byte) own += static_cast<char>(*byte);
    }
    bytes += in_alphabet ? own : token;
  }
  return encode_utf8(decode_utf8(bytes));
}

TokenDecoder suffix_decoder(std::string suffix) {
  return [suffix = std::move(suffix)](const Spellings& tokens) {
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string token = tokens[i];
      if (!suffix.empty()) replace_all(token, suffix, i + 1 == tokens.size() ? "" : " ");
      text += token;
    }
    return text;
  };
}

}  // namespace

TokenDecoder join_with_blanks() {
  return [](const Spellings& tokens) {
    std::string text;
    for (const auto& token : tokens)
      text.append(text.empty() ? "" : " ").append(token);
    return text;
  };
}

TokenDecoder read_decoder(const io::JsonObject& json) {
  const auto type = json.need<std::string>("type");
  if (type == "WordPiece") return word_piece_decoder(json.get("prefix", std::string("##")), json.get("cleanup", true));
  if (type == "ByteLevel") return from_byte_letters;
  if (type == "BPEDecoder") return suffix_decoder(json.get("suffix", std::string("</w>")));
  return [type, file = json.file()](const Spellings&) -> std::string {
    throw ModelError("tokenizer",
                     "{}: the decoder '{}' is not known here: expected BPEDecoder, ByteLevel or WordPiece.", file,
                     type);
  };
}

}  // namespace graft::text
