#include "graft/text/sentence_piece_folder.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"
#include "graft/text/added_token_reader.h"
#include "graft/text/sentence_pieces.h"

namespace graft::text {
namespace {

struct KnownClass {
  std::string_view name;
  bool adds_bos, adds_eos;  // unless the configuration says otherwise
};
// Those whose ids are the pieces' places.
constexpr KnownClass kClasses[] = {{"", true, false},
                                   {"LlamaTokenizer", true, false},
                                   {"LlamaTokenizerFast", true, false},
                                   {"CodeLlamaTokenizer", true, false},
                                   {"GemmaTokenizer", true, false},
                                   {"GemmaTokenizerFast", true, false},
                                   {"T5Tokenizer", false, true},
                                   {"T5TokenizerFast", false, true}};

}  // namespace

Pipeline read_sentence_piece_pipeline(const std::filesystem::path& path, const io::JsonObject& config) {
  const auto name = config.get("tokenizer_class", std::string());
  const auto known =
      std::find_if(std::begin(kClasses), std::end(kClasses), [&](const KnownClass& each) { return each.name == name; });
  if (known == std::end(kClasses)) {
    throw ModelError("tokenizer",
                     "{}: the class '{}' gives the pieces of a sentencepiece file ids that are not known here. Save it "
                     "once with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...)), which writes a "
                     "tokenizer.json.",
                     path.string(), name);
  }
  const auto file = io::MappedFile::open(path);
  auto model =
      read_sentence_pieces({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()}, path.string());
  model.adds_bos = config.get("add_bos_token", known->adds_bos);
  model.adds_eos = config.get("add_eos_token", known->adds_eos);
  Pipeline parts = pipeline_of(std::move(model), path.string());
  for (auto& token : added_tokens_of(config)) {
    const auto* piece = parts.model->vocabulary().token(token.id);
    if (piece == nullptr) {
      parts.added.push_back(std::move(token));
    } else if (*piece != token.content) {
      throw ModelError("tokenizer",
                       "{}: the added token '{}' has the id {}, which is '{}' in {}. Are both of one model?",
                       config.file(), token.content, token.id, *piece, path.string());
    }
  }
  return parts;
}

}  // namespace graft::text
