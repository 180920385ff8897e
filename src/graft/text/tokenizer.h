// What every model that reads text shares: a text, or a pair of texts, becomes ids, framed by the model's special
// tokens and cut to the length that it reads. Ids equal those of the `tokenizers` library for the files that
// read_tokenizer() takes, and those of open_clip for CLIP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace graft::text {

// What is done with a text that is longer than the model reads.
enum class Truncation {
  kRefuse,        // DataError
  kLongestFirst,  // of a pair the longer text loses tokens until both are of one length, then both do
  kOnlyFirst,     // a pair's second text stays whole, DataError if it cannot
  kOnlySecond,
};

struct Encoding {
  std::vector<int32_t> ids;      // with the special tokens, no padding
  std::vector<int32_t> types;    // [ids] token type ids
  std::vector<uint8_t> special;  // [ids] 1 where the frame put the token, 0 where the text did
  int64_t cut = 0;               // tokens of the text and its pair that were left out
};

// A special token's spelling inside a text.
enum class Specials {
  kParsed,  // is that token, as the `tokenizers` library has it
  kAsText,  // is text like any other: what a stranger wrote ends no turn and begins none
};

// Where the special tokens stand around one text and around two.
struct Frame {
  struct Part {
    enum class Kind { kText, kPair, kSpecial } kind;
    int32_t type = 0;
    int32_t id = 0;  // of a special token
  };
  std::vector<Part> single, pair;  // an empty pair: the model reads no pairs
  bool cut_left = false;           // truncation takes the beginning, not the end
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The text's own ids, without the frame. Text that is not UTF-8 is a DataError.
  // `begins`: nothing stands before it; some tokenisers put a blank there.
  virtual std::vector<int32_t> encode(std::string_view text, Specials specials, bool begins) const = 0;
  std::vector<int32_t> encode(std::string_view text, Specials specials) const { return encode(text, specials, true); }
  std::vector<int32_t> encode(std::string_view text) const { return encode(text, Specials::kParsed, true); }
  // Framed, and at most `max_length` ids.
  Encoding encode(std::string_view text, std::optional<std::string_view> pair, int64_t max_length,
                  Truncation truncation) const;
  Encoding encode(std::string_view text, std::optional<std::string_view> pair, int64_t max_length,
                  Truncation truncation, Specials specials) const;
  // The text again, as far as the ids keep it; special tokens are spelled out.
  virtual std::string decode(std::span<const int32_t> ids) const = 0;
  virtual std::string spelling(int32_t id) const = 0;  // as the vocabulary writes the token
  virtual std::optional<int32_t> id_of(std::string_view spelling) const = 0;

  virtual int vocabulary_size() const = 0;  // the highest id plus 1
  // The ids of cls_token, mask_token and their like, by those names.
  const std::map<std::string, int32_t>& special() const { return special_; }
  const Frame& frame() const { return frame_; }
  int32_t pad() const { return pad_; }
  bool pads_left() const { return pads_left_; }
  // The longest row that the tokeniser's files speak of; nullopt: they do not.
  std::optional<int64_t> max_length() const { return max_length_; }

 protected:
  Frame frame_;
  std::map<std::string, int32_t> special_;
  int32_t pad_ = 0;
  bool pads_left_ = false;
  std::optional<int64_t> max_length_;
};

// The tokeniser of a model's folder: tokenizer.json where there is one, else vocab.txt (BERT's kind), else vocab.json
// and merges.txt (GPT-2's, RoBERTa's and CLIP's), else a sentencepiece file (tokenizer.model), each as
// tokenizer_config.json says; or of a GGUF file, which carries its own. What is not understood is a ModelError that
// names it.
std::shared_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& model);
// Whether files of a tokeniser, of any kind, lie in the folder, or one in the GGUF.
bool has_tokenizer(const std::filesystem::path& model);

}  // namespace graft::text
