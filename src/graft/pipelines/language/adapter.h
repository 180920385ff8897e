// A method on a decoder that tells the next token, and its folder on disk: PEFT's two files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/methods/adapted.h"
#include "graft/models/decoder/decoder.h"
#include "graft/models/model.h"

namespace graft::pipelines::language {

// ModelError for a model that is no decoder.
const models::decoder::Decoder& decoder_of(const models::Model& model);

// The method's inserts on the model, whose other weights are frozen. The same options and seed give the same start, bit
// for bit.
methods::Adapted adapt_decoder(std::shared_ptr<models::Model> model, const std::string& method,
                               const OptionValues& options, uint64_t seed);

void save_adapter(const std::filesystem::path& folder, const methods::Adapted& adapted);
// The same with nothing of graft's own in it. ModelError for a method that PEFT lacks.
void save_peft(const std::filesystem::path& folder, const methods::Adapted& adapted);

// What save_adapter() wrote, or PEFT, or a GGUF LoRA (gguf_lora.h). ModelError for an adapter of another base (by its
// fingerprint, where it says one), and for what does not fit.
methods::Adapted load_adapter(const std::filesystem::path& path, std::shared_ptr<models::Model> model,
                              Reporter& report);

// An adapter as a user names it: "runs/g", or "runs/g:0.7", whose change counts by that factor.
struct NamedAdapter {
  std::filesystem::path path;
  double factor = 1;
};
NamedAdapter named_adapter(const std::string& text);

// load_adapter() at its factor. ModelError for a factor of an adapter that is no plain LoRA.
methods::Adapted load_adapter(const NamedAdapter& named, std::shared_ptr<models::Model> model, Reporter& report);

// The model that an adapter says it was made for; UsageError where it says none.
std::string base_of_adapter(const std::filesystem::path& path);

}  // namespace graft::pipelines::language
