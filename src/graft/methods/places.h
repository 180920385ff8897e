// Which sites and parameters of a model a method means: by tower, by kind, by pattern.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/methods/entry.h"
#include "graft/methods/setting.h"
#include "graft/models/head.h"
#include "graft/models/model.h"
#include "graft/nn/joint.h"

namespace graft::methods {

// The towers that an option --tower names; the reader is the one that the examples come in by.
enum class Towers { reader, vision, text, both };
std::vector<std::pair<Towers, std::string>> choices(Towers);
bool contains(Towers towers, nn::Tower tower, const models::Model& model);

// ModelError where a tower alone is asked of a model that lacks it, ConfigError where nothing would come of changing
// it: beside an image tower with a linear head no text is read.
void check_towers(const std::string& method, Towers towers, const models::Model& model, const models::Head& head);

// Sites of these kinds in order of computation. None at all: the ModelError of `lacks`.
std::vector<const nn::Site*> sites_of(const std::string& method, models::Model& model,
                                      const std::vector<nn::SiteKind>& kinds, Towers towers);
inline std::vector<const nn::Site*> sites_of(const std::string& method, models::Model& model, nn::SiteKind kind,
                                             Towers towers) {
  return sites_of(method, model, std::vector{kind}, towers);
}

// What an entry says that it needs beside its sites. ModelError of `lacks` where the model has no prompts, `text_for`
// being what the text tower is for, or where there are no clips; ConfigError, with the methods that can, where it does
// not learn from what is told.
void check_needs(const Entry& entry, const Setting& setting, const std::string& text_for = {});

// "[vpt] resnet50 has no token sites (it offers: 53 linear maps, 16 sub-layers). Methods that fit: adapter, bias."
ModelError lacks(const std::string& method, models::Model& model, const std::string& what);

// Names of the model's parameters in the towers whose name passes.
std::vector<std::string> parameters_where(models::Model& model, Towers towers, bool (*passes)(const std::string& name));
// Names of all scales and shifts of norms in the towers.
std::vector<std::string> norm_parameters(models::Model& model, Towers towers);

// What a binding's path stands for.
struct Located {
  nn::Joint* joint = nullptr;
  const nn::Slice* slice = nullptr;  // of a linear map; nullptr: the whole site
};
// "vision.blocks.0.attn.qkv.q"; "head" is the head's. ModelError with the nearest path.
Located locate(models::Model& model, models::Head* head, const std::string& path);

// The module of the loaded checkpoint that a site or slice is part of, or our path where it names none.
std::string checkpoint_path(models::Model& model, const std::string& path);

}  // namespace graft::methods
