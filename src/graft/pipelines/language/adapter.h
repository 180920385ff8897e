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

// What save_adapter() wrote, or PEFT. ModelError for an adapter of another base (by its fingerprint, where it says
// one), and for what does not fit.
methods::Adapted load_adapter(const std::filesystem::path& folder, std::shared_ptr<models::Model> model,
                              Reporter& report);

}  // namespace graft::pipelines::language
