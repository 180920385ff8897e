#include "graft/methods/peft_field.h"

#include "graft/core/error.h"

namespace graft::methods {

std::string to_string(PeftField::Kind kind) {
  switch (kind) {
    case PeftField::Kind::read:
      return "read";
    case PeftField::Kind::tensors:
      return "read off the tensors";
    case PeftField::Kind::idle:
      return "of no consequence";
    case PeftField::Kind::refused:
      return "refused";
  }
  GRAFT_ASSERT(false);
}

PeftFields with_common(PeftFields own) {
  using enum PeftField::Kind;
  PeftFields all = {{"peft_type", read, "which method"},
                    {"peft_version", idle},
                    {"task_type", idle},
                    {"base_model_name_or_path", idle},
                    {"revision", idle},
                    {"inference_mode", idle},
                    {"auto_mapping", idle}};
  for (auto& field : own) {
    std::erase_if(all, [&](const PeftField& common) { return std::string(common.name) == field.name; });
    all.push_back(field);
  }
  return all;
}

void ignore_idle(const io::JsonObject& config, const PeftFields& fields) {
  std::vector<std::string> names;
  for (const auto& field : fields) {
    const bool known = field.kind == PeftField::Kind::idle || field.kind == PeftField::Kind::tensors;
    if (known || std::string(field.name) == "peft_type") names.emplace_back(field.name);
  }
  config.ignore(names);
}

}  // namespace graft::methods
