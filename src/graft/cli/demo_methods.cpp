#include "graft/cli/demo_methods.h"

#include <fmt/format.h>

#include <map>

namespace graft::cli {
namespace {

// The photos are 64 pixels wide, of which a random crop leaves little, and all of it should fit into a minute and a
// half. Rates were chosen on photos of the train split that were kept apart.
const std::map<std::string, OptionValues>& chosen() {
  static const std::map<std::string, OptionValues> settings = {
      {"tip-adapter-f", {{"epochs", "20"}, {"augment", "none"}, {"views", "1"}}},
      {"tip-adapter", {{"views", "1"}}},
      {"coop", {{"epochs", "50"}, {"augment", "none"}}},
      {"clip-adapter", {{"epochs", "50"}, {"augment", "none"}}},
      {"vpt", {{"epochs", "6"}, {"augment", "flip"}, {"lr", "0.1"}, {"batch-size", "4"}, {"tokens", "8"}}},
      {"adapter", {{"epochs", "5"}, {"augment", "flip"}, {"lr", "0.003"}}},
      {"lora", {{"epochs", "6"}, {"augment", "flip"}, {"lr", "0.008"}}},
      {"bias", {{"epochs", "6"}, {"augment", "flip"}, {"lr", "0.01"}, {"batch-size", "8"}}},
      {"norm", {{"epochs", "6"}, {"augment", "flip"}, {"lr", "0.01"}, {"batch-size", "8"}}},
      {"full", {{"epochs", "6"}, {"augment", "flip"}, {"lr", "0.0001"}}},
  };
  return settings;
}
constexpr int64_t kMostEpochs = 6;  // that methods inside the blocks have above

}  // namespace

DemoMethods demo_methods(const std::vector<const methods::Entry*>& entries, models::Model& model) {
  DemoMethods methods;
  for (const auto* entry : entries) {
    if (methods::fits(*entry, model)) {
      methods.run.push_back(entry);
    } else {
      methods.left_out.emplace_back(entry->name);
    }
  }
  return methods;
}

OptionValues demo_setting(const methods::Entry& entry, const methods::Setting& setting) {
  if (const auto found = chosen().find(entry.name); found != chosen().end()) return found->second;
  const auto recipe = entry.parse({})->recipe(setting);
  OptionValues shortened;
  if (recipe.epochs > kMostEpochs) shortened["epochs"] = std::to_string(kMostEpochs);
  if (recipe.augmentation > methods::Augmentation::flip)
    shortened["augment"] = option::print(methods::Augmentation::flip);
  return shortened;
}

std::string describe_settings(const std::vector<const methods::Entry*>& entries, const methods::Setting& setting) {
  std::vector<std::pair<std::string, OptionValues>> settings;
  for (const auto* entry : entries)
    settings.emplace_back(entry->name, demo_setting(*entry, setting));
  std::string all;
  for (const auto& [method, values] : settings) {
    if (values.empty()) continue;
    all += (all.empty() ? "" : "; ") + method;
    for (const auto& [name, value] : values)
      all += fmt::format(" --{} {}", name, value);
  }
  return "Shorter than the papers' recipes, with flips or nothing in place of random crops: " + all +
         ". graft adapt trains by the recipes.";
}

}  // namespace graft::cli
