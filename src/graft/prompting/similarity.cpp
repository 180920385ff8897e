#include "graft/prompting/similarity.h"

#include <cmath>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

class Embedded final : public Similarity {
 public:
  Embedded(std::vector<std::vector<float>> queries, std::vector<std::vector<float>> examples)
      : queries_(std::move(queries)), examples_(std::move(examples)) {}
  double of(size_t query, size_t example) const override {
    double sum = 0;
    for (size_t i = 0; i < queries_[query].size(); ++i)
      sum += static_cast<double>(queries_[query][i]) * examples_[example][i];
    return sum;
  }

 private:
  std::vector<std::vector<float>> queries_, examples_;  // each of length 1
};

std::vector<std::vector<float>> unit_rows(std::span<const float> values, size_t width) {
  GRAFT_ASSERT(width > 0 && values.size() % width == 0);
  std::vector<std::vector<float>> rows;
  for (size_t at = 0; at < values.size(); at += width) {
    double squares = 0;
    for (const float value : values.subspan(at, width))
      squares += static_cast<double>(value) * value;
    auto& row = rows.emplace_back();
    for (const float value : values.subspan(at, width))
      row.push_back(squares > 0 ? static_cast<float>(value / std::sqrt(squares)) : 0.0F);
  }
  return rows;
}

using Words = std::map<std::string, double>;

Words counted(const std::string& text) {
  Words words;
  std::u32string word;
  const auto end_word = [&] {
    if (!word.empty()) ++words[text::encode_utf8(word)];
    word.clear();
  };
  for (const char32_t c : text::lower_case(text::decode_utf8(text))) {
    if (text::is_word(c)) {
      word += c;
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

class Worded final : public Similarity {
 public:
  Worded(std::span<const std::string> queries, std::span<const std::string> examples) {
    for (const auto& text : examples)
      examples_.push_back(counted(text));
    for (const auto& text : queries)
      queries_.push_back(counted(text));
    Words have;
    for (const auto& words : examples_) {
      for (const auto& [word, count] : words)
        ++have[word];
    }
    const auto n = static_cast<double>(examples_.size());
    const auto weigh = [&](std::vector<Words>& all) {
      for (auto& words : all) {
        double squares = 0;
        for (auto& [word, count] : words) {
          const auto found = have.find(word);
          count *= std::log((1 + n) / (1 + (found == have.end() ? 0 : found->second))) + 1;
          squares += count * count;
        }
        for (auto& [word, count] : words)
          count /= std::sqrt(squares);
      }
    };
    weigh(examples_);
    weigh(queries_);
  }
  double of(size_t query, size_t example) const override {
    double sum = 0;
    const auto& other = examples_[example];
    for (const auto& [word, weight] : queries_[query]) {
      if (const auto found = other.find(word); found != other.end()) sum += weight * found->second;
    }
    return sum;
  }

 private:
  std::vector<Words> queries_, examples_;
};

}  // namespace

std::unique_ptr<Similarity> by_embeddings(std::span<const float> queries, std::span<const float> examples,
                                          size_t width) {
  return std::make_unique<Embedded>(unit_rows(queries, width), unit_rows(examples, width));
}

std::unique_ptr<Similarity> by_words(std::span<const std::string> queries, std::span<const std::string> examples) {
  return std::make_unique<Worded>(queries, examples);
}

}  // namespace graft::prompting
