// Focal loss, after Lin et al. 2017 (arXiv:1708.02002), eq. 5: -alpha (1 - p)^gamma log p. There p is a sigmoid a
// class, alpha weighs the label's class and 1 - alpha the others, and the sum is divided by the number of positives.
// Over a softmax, which is the default here, only the label's class is asked, and each class may have a weight of its
// own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/plugins/losses/class_counts.h"
#include "graft/plugins/losses/loss.h"

namespace graft::plugins::focal {

enum class Form { softmax, sigmoid };
std::vector<std::pair<Form, std::string>> choices(Form);

struct Options {
  double gamma = 2;  // 0: cross-entropy
  Form form = Form::softmax;
  std::optional<double> alpha = {};
  std::string weights = {};
  Normaliser normaliser = Normaliser::positives;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("gamma", o.gamma, "how far photos that are already right count less; 0: cross-entropy");
  visit("form", o.form, "over the classes together, or over each class by itself (then several may be true)");
  visit("alpha", o.alpha,
        "sigmoid: weight of a true class; the others weigh 1 - alpha; below 0: all weigh 1 (default: 0.25)");
  visit("weights", o.weights, "of the classes: balanced, or a number for each (default: all alike)");
  visit("normaliser", o.normaliser,
        "a mean over the examples (with several classes true: over all answers), or over the true classes' weights");
}

// Made for another loss too, which errors then name.
std::unique_ptr<Loss> make(const std::string& loss, const Options& options, const LossSetting& setting);

extern const LossEntry entry;

}  // namespace graft::plugins::focal
