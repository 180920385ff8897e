// Class names in, accuracy out: a CLIP's prompts as the classifier (Radford et al. 2021, arXiv:2103.00020). Several
// templates make an ensemble, normalised twice. Of photos with captions it is retrieval: recall at 1, 5 and 10 both
// ways.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"
#include "graft/features/encoder.h"
#include "graft/pipelines/evaluate.h"

namespace graft::pipelines {

struct ZeroShotOptions {
  engine::ModelOptions model;
  engine::DataOptions data;
  data::Split split = data::Split::test;
  std::string templates;
  std::string templates_file;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, ZeroShotOptions& o) {
  fields(visit, o.model);
  fields(visit, o.data);
  visit("split", o.split, "split to evaluate on");
  visit("template", o.templates, "class prompt with {} for the name; several, one a line, make an ensemble");
  visit("templates", o.templates_file, "file of class prompts, one a line");
  visit("output", o.output, "file for predictions, a JSON object a line");
}

// ModelError for a model that reads no text. With --classes and a plain folder of photos there are no labels: the
// scores then count nothing and the predictions are the result.
Evaluation zero_shot(const ZeroShotOptions& options, const engine::Host& host, Reporter& report);
Evaluation zero_shot(engine::Session& session, const std::vector<std::string>& templates, data::Split split,
                     Reporter& report);
// Of any source's examples, whose labels are places in `classes`.
Evaluation zero_shot(const std::shared_ptr<models::Model>& model, features::Encoder& encoder,
                     const std::vector<std::string>& classes, const std::vector<std::string>& templates,
                     const data::Source& source, Reporter& report);

}  // namespace graft::pipelines
