#include "graft/text/token_decoder.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/text/byte_alphabet.h"
#include "graft/text/byte_tokens.h"
#include "graft/text/tokenizer_component.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

using io::JsonObject;
using Spellings = std::vector<std::string>;
using Step = std::function<void(Spellings&)>;

constexpr std::string_view kReplacement = "\uFFFD", kPieceBlank = "\u2581";

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

Step word_piece_step(std::string prefix, bool cleanup) {
  return [prefix = std::move(prefix), cleanup](Spellings& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
      if (cleanup) clean_up(token);
    }
  };
}

void read_byte_letters(Spellings& tokens) {
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
  tokens = {encode_utf8(decode_utf8(bytes))};
}

Step suffix_step(std::string suffix) {
  return [suffix = std::move(suffix)](Spellings& tokens) {
    for (size_t i = 0; i < tokens.size() && !suffix.empty(); ++i)
      replace_all(tokens[i], suffix, i + 1 == tokens.size() ? "" : " ");
  };
}

void read_byte_tokens(Spellings& tokens) {
  Spellings texts;
  std::string bytes;
  const auto end_run = [&] {
    if (valid_utf8_prefix(bytes) == bytes.size()) {
      if (!bytes.empty()) texts.push_back(bytes);
    } else {
      texts.insert(texts.end(), bytes.size(), std::string(kReplacement));
    }
    bytes.clear();
  };
  for (auto& token : tokens) {
    if (const auto byte = byte_of_token(token)) {
      bytes += static_cast<char>(*byte);
      continue;
    }
    end_run();
    texts.push_back(std::move(token));
  }
  end_run();
  tokens = std::move(texts);
}

void fuse(Spellings& tokens) {
  std::string text;
  for (const auto& token : tokens)
    text += token;
  tokens = {std::move(text)};
}

Step replace_step(FindMatches find, std::string content) {
  return [find = std::move(find), content = std::move(content)](Spellings& tokens) {
    for (auto& token : tokens) {
      const std::u32string text = decode_utf8(token);
      std::vector<Match> matches;
      find(text, matches);
      token.clear();
      size_t at = 0;
      for (const Match& match : matches) {
        append_utf8(token, std::u32string_view(text).substr(at, match.begin - at));
        token += content;
        at = match.end;
      }
      append_utf8(token, std::u32string_view(text).substr(at));
    }
  };
}

// Up to `begin` times `content`, and up to `end` times, from the two ends of each token.
Step strip_step(char32_t content, size_t begin, size_t end) {
  return [content, begin, end](Spellings& tokens) {
    for (auto& token : tokens) {
      std::u32string text = decode_utf8(token);
      for (size_t i = 0; i < begin && text.starts_with(content); ++i)
        text.erase(0, 1);
      for (size_t i = 0; i < end && text.ends_with(content); ++i)
        text.pop_back();
      token = encode_utf8(text);
    }
  };
}

// `first_loses`: the first token's marks are what the pre-tokeniser put there.
Step metaspace_step(std::string mark, bool first_loses) {
  return [mark = std::move(mark), first_loses](Spellings& tokens) {
    for (size_t i = 0; i < tokens.size(); ++i)
      replace_all(tokens[i], mark, i == 0 && first_loses ? "" : " ");
  };
}

TokenDecoder joined(std::vector<Step> steps) {
  return [steps = std::move(steps)](Spellings tokens) {
    for (const auto& step : steps)
      step(tokens);
    fuse(tokens);
    return std::move(tokens[0]);
  };
}

size_t count_of(const JsonObject& json, const char* key) {
  const auto count = json.need<int64_t>(key);
  if (count < 0) json.refuse(json.name_of(key), "a count", &json.raw(key));
  return static_cast<size_t>(count);
}

std::vector<Step> read_steps(const JsonObject& json) {
  const auto type = json.need<std::string>("type");
  std::vector<Step> steps;
  if (type == "WordPiece") {
    steps.push_back(word_piece_step(json.get("prefix", std::string("##")), json.get("cleanup", true)));
  } else if (type == "ByteLevel") {
    steps.push_back(read_byte_letters);
    json.ignore({"add_prefix_space", "trim_offsets", "use_regex"});
  } else if (type == "BPEDecoder") {
    steps.push_back(suffix_step(json.get("suffix", std::string("</w>"))));
  } else if (type == "ByteFallback") {
    steps.push_back(read_byte_tokens);
  } else if (type == "Fuse") {
    steps.push_back(fuse);
  } else if (type == "Metaspace") {
    const auto settings = read_metaspace(json);
    steps.push_back(metaspace_step(encode_utf8({&settings.mark, 1}), settings.where != Metaspace::Where::kNever));
  } else if (type == "Replace") {
    steps.push_back(replace_step(read_pattern(json), json.need<std::string>("content")));
  } else if (type == "Strip") {
    steps.push_back(strip_step(read_character(json, "content"), count_of(json, "start"), count_of(json, "stop")));
  } else if (type == "Sequence") {
    for (const auto& each : json.objects("decoders")) {
      for (auto& step : read_steps(each))
        steps.push_back(std::move(step));
    }
  } else {
    refuse_component(json, "decoder", type,
                     "BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece");
  }
  json.refuse_unread("tokenizer", "It may change the text. Use a tokenizer without it.");
  return steps;
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

TokenDecoder byte_level_decoder() {
  return joined({read_byte_letters});
}

TokenDecoder sentence_piece_decoder(bool strips_blank) {
  std::vector<Step> steps = {metaspace_step(std::string(kPieceBlank), false), read_byte_tokens, fuse};
  if (strips_blank) steps.push_back(strip_step(U' ', 1, 0));
  return joined(std::move(steps));
}

TokenDecoder read_decoder(const JsonObject& json) {
  try {
    return joined(read_steps(json));
  } catch (const ModelError& error) {
    return [error](const Spellings&) -> std::string { throw error; };
  }
}

}  // namespace graft::text
