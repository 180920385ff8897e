// Where in a photo an object is, without labels: a number from 0 to 1 a patch, or a pixel. A way to find it is named on
// the command line with its options: "tokencut", "tokencut:tau=0.3", "folder:masks/".
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/data/resize.h"
#include "graft/discovery/patch_reader.h"
#include "graft/nn/parameters.h"

namespace graft::discovery {

// A photo as a way of saliency sees it.
struct SeenPhoto {
  std::string name;                                     // relative, '/' between
  data::Size size;                                      // of the photo
  std::optional<Patches> patches;                       // where the way reads them
  std::shared_ptr<const data::Image> pixels = nullptr;  // the photo itself
};

// All photos, as a way that learns of them sees them.
class SeenPhotos {
 public:
  virtual ~SeenPhotos() = default;
  virtual size_t size() const = 0;
  virtual SeenPhoto see(size_t index) const = 0;  // computed each time
};

struct Salient {
  at::Tensor map;        // [rows, columns] float32 from 0 to 1, over the whole photo; undefined: there is no object
  std::string why = {};  // there is none
};

class Saliency {
 public:
  virtual ~Saliency() = default;
  virtual bool reads_patches() const { return true; }
  virtual bool reads_attention() const { return false; }  // of the class token: the model needs one
  virtual Salient find(const SeenPhoto& photo) const = 0;

  // A way that learns of all photos is shown them once before it is asked to find; or it is given what `learn` gave,
  // by name, which whoever asks keeps. The same photos give the same numbers.
  virtual bool learns() const { return false; }
  virtual nn::NamedTensors learn(const SeenPhotos&, Reporter&) { return {}; }
  virtual void recall(const nn::NamedTensors&) {}

  // What the map of the photo of that name depends on beside the options and the patches: of a file, a hash of it.
  virtual std::string content(const std::string&) const { return ""; }
  virtual std::vector<Note> notes() const { return {}; }  // what was taken for granted
};

struct SaliencyEntry {
  const char* name;
  const char* summary;
  const char* paper;
  const char* alone;  // the option that a text without option=value gives; empty: none
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Saliency> (*parse)(const OptionValues& values);
  bool supervised = false;  // it was trained on masks that people drew
};

const std::vector<const SaliencyEntry*>& saliencies();  // in the order of saliency.def

// UsageError for a name that none has, with the nearest; ConfigError for an option that the way lacks or refuses.
std::unique_ptr<Saliency> make_saliency(const std::string& text);
// The entry that such a text names.
const SaliencyEntry& saliency_entry(const std::string& text);

// A mask [N] bool of patches as a map. All of them or none are no object.
Salient salient(const at::Tensor& mask, nn::Grid grid);

// Whether all rows are the same vector, as those of a photo of one colour nearly are: nothing stands out.
bool are_alike(const at::Tensor& rows);

}  // namespace graft::discovery
