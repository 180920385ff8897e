// What stands between a question and its answer: nothing, worked steps (Wei et al. 2022, arXiv:2201.11903), the words
// that ask for them (Kojima et al. 2022, arXiv:2205.11916; its second call, which asks for the answer anew, is left to
// the filters), and two controls for them, steps in another order and words that say nothing (Lanham et al. 2023,
// arXiv:2307.13702).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/random.h"

namespace graft::prompting {

enum class Strategy { direct, cot, zero_shot_cot, scrambled, filler };
std::vector<std::pair<Strategy, std::string>> choices(Strategy);

inline constexpr const char* kThinkStepByStep = "Let's think step by step.";

bool shows_steps(Strategy strategy);  // in its examples

// The lines of a reasoning of several lines, else its sentences, else its words.
std::vector<std::string> steps_of(std::string_view reasoning);

// The reasoning as its examples show it: as it is, its steps in another order than the given one, or "..." as many
// times as it has words. Where all steps are equal there is no other order.
std::string shown_reasoning(Strategy strategy, std::string_view reasoning, Random random);

}  // namespace graft::prompting
