#include "graft/text/normalizer.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/text/base64.h"
#include "graft/text/characters.h"
#include "graft/text/pieces.h"
#include "graft/text/sentence_normalizer.h"
#include "graft/text/tokenizer_component.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

using characters::is;
using characters::NormalForm;
using enum characters::Class;
using io::JsonObject;

TextStep form_step(NormalForm form) {
  return [form](std::u32string text) { return characters::normalized(text, form); };
}

TextStep strip_step(bool left, bool right) {
  return [left, right](std::u32string text) {
    size_t begin = 0, end = text.size();
    while (left && begin < end && is(text[begin], kWhiteSpace))
      ++begin;
    while (right && begin < end && is(text[end - 1], kWhiteSpace))
      --end;
    return text.substr(begin, end - begin);
  };
}

TextStep replace_step(FindMatches find, std::u32string content) {
  return [find = std::move(find), content = std::move(content)](std::u32string text) {
    std::vector<Match> matches;
    find(text, matches);
    std::u32string replaced;
    size_t at = 0;
    for (const Match& match : matches) {
      replaced.append(text, at, match.begin - at).append(content);
      at = match.end;
    }
    return replaced.append(text, at);
  };
}

TextStep sequence_step(std::vector<TextStep> steps) {
  return [steps = std::move(steps)](std::u32string text) {
    for (const auto& step : steps)
      text = step(std::move(text));
    return text;
  };
}

TextStep bert_step(const JsonObject& json) {
  const BertCleaning cleaning{json.get("clean_text", true), json.get("handle_chinese_chars", true),
                              json.get("lowercase", true), json.find<bool>("strip_accents")};
  return [cleaning](std::u32string text) { return clean_as_bert(std::move(text), cleaning); };
}

}  // namespace

std::u32string clean_as_bert(std::u32string text, const BertCleaning& cleaning) {
  std::u32string cleaned;
  cleaned.reserve(text.size() + text.size() / 8);
  for (const char32_t c : text) {
    if (cleaning.clean && is(c, kControl)) continue;
    if (cleaning.space_chinese && characters::is_chinese(c)) {
      cleaned.append({U' ', c, U' '});
    } else {
      cleaned += cleaning.clean && is(c, kWhiteSpace) ? U' ' : c;
    }
  }
  if (cleaning.strip_accents.value_or(cleaning.lower)) {
    cleaned = characters::normalized(cleaned, NormalForm::kNfd);
    std::erase_if(cleaned, [](char32_t c) { return is(c, kNonspacing); });
  }
  return cleaning.lower ? characters::lower_case(cleaned) : cleaned;
}

TextStep read_normalizer(const JsonObject& json) {
  const auto type = json.need<std::string>("type");
  TextStep step;
  if (type == "BertNormalizer") {
    step = bert_step(json);
  } else if (type == "Lowercase") {
    step = [](std::u32string text) { return characters::lower_case(text); };
  } else if (type == "NFC") {
    step = form_step(NormalForm::kNfc);
  } else if (type == "NFD") {
    step = form_step(NormalForm::kNfd);
  } else if (type == "NFKC") {
    step = form_step(NormalForm::kNfkc);
  } else if (type == "NFKD") {
    step = form_step(NormalForm::kNfkd);
  } else if (type == "StripAccents") {
    step = [](std::u32string text) {
      std::erase_if(text, [](char32_t c) { return is(c, kCombining); });
      return text;
    };
  } else if (type == "Strip") {
    step = strip_step(json.get("strip_left", true), json.get("strip_right", true));
  } else if (type == "Replace") {
    step = replace_step(read_pattern(json), decode_utf8(json.need<std::string>("content")));
  } else if (type == "Precompiled") {
    const auto map = decode_base64(json.need<std::string>("precompiled_charsmap"));
    if (!map) json.refuse(json.name_of("precompiled_charsmap"), "base64", &json.raw("precompiled_charsmap"));
    step = precompiled_normalizer(std::make_shared<CharacterMap>(*map, json.file()));
  } else if (type == "Prepend") {
    step = [prefix = decode_utf8(json.need<std::string>("prepend"))](std::u32string text) {
      return text.empty() ? text : prefix + text;
    };
  } else if (type == "Sequence") {
    std::vector<TextStep> steps;
    for (const auto& each : json.objects("normalizers"))
      steps.push_back(read_normalizer(each));
    step = sequence_step(std::move(steps));
  } else {
    refuse_component(json, "normalizer", type,
                     "BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, Sequence, Strip, "
                     "StripAccents");
  }
  json.refuse_unread("tokenizer", kUnknownSetting);
  return step;
}

}  // namespace graft::text
