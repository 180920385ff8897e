// Which head a method wishes for, and the head that most tasks have.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "graft/core/random.h"
#include "graft/methods/setting.h"
#include "graft/models/clip/prompts.h"
#include "graft/models/head.h"
#include "graft/models/model.h"
#include "graft/nn/site.h"

namespace graft::methods {

struct HeadWish {
  models::HeadKind kind = models::HeadKind::own;   // own: whichever the task has
  models::HeadInit init = models::HeadInit::zero;  // of a linear head
  int64_t learned_words = 0;                       // that class prompts leave room for (CoOp)
  models::WordPosition word_position = models::WordPosition::end;
  std::optional<int64_t> projected = {};  // of pairs: how wide the space is that maps behind both towers lead to
  std::optional<nn::Place> at = {};       // the place whose values a linear head reads; absent: the reader's last
  // A head of the method's own, which reads rows, in place of both.
  std::function<std::shared_ptr<models::Head>(int64_t features, int64_t outputs, Random&)> make = {};
};

nn::Place place_of(const HeadWish& wish, const models::Model& model);

// A task makes its heads; the same Random gives the same start.
using MakeHead = std::function<std::shared_ptr<models::Head>(const Setting&, const HeadWish&, Random&)>;

// The head of tasks that answer once for an example: class prompts where classes are told and the model has prompts,
// unless the wish is a linear one; else linear, an output for each class or number. ModelError and ConfigError at
// "adapt" for prompts that cannot be.
std::shared_ptr<models::Head> head_of_examples(const Setting& setting, const HeadWish& wish, Random& random);

// Class prompts with the words that the wish leaves room for. ModelError and ConfigError at "adapt", "<needed_by> ...",
// where the model has no text tower, or no classes are told.
std::shared_ptr<models::Head> class_prompts(const Setting& setting, const HeadWish& wish, const std::string& needed_by);

}  // namespace graft::methods
