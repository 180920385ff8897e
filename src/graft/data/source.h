// What a data set's samples are to a model: examples by index, each read as pixels, of one photo or of a clip's frames,
// as ids, or as features that it gives on as they are. The same random stream gives the same bits, whoever reads and in
// whatever order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/data/dataset.h"
#include "graft/data/masks.h"

namespace graft::data {

// Where an example goes.
struct Row {
  std::span<float> pixels;               // or features; floats() of them, written in place
  std::vector<std::int32_t> ids, types;  // length() of each
  std::span<std::uint8_t> mask = {};     // as many as mask_size() has pixels, beside the pixels; empty: it is not asked
};

// Every function but size() asks for one example, from 0. Threads may share a source.
class Source {
 public:
  virtual ~Source() = default;
  virtual Reads reads() const = 0;
  virtual std::int64_t size() const = 0;

  virtual std::string name(std::int64_t i) const = 0;  // as the data names it: for predictions and errors
  // A hash of what is read: of a photo the file's bytes, of a text the text and its pair, of a clip its bytes and
  // which frames.
  virtual std::string content(std::int64_t i) const = 0;
  virtual std::int64_t label(std::int64_t i) const = 0;
  virtual std::span<const float> values(std::int64_t i) const = 0;
  virtual std::string group(std::int64_t) const { return {}; }  // empty: none is told

  virtual std::int64_t frames() const { return 1; }  // of an example
  // How many examples one after another are views of one thing, whose answers are one.
  virtual std::int64_t views() const { return 1; }
  virtual std::size_t floats() const { return 0; }  // of an example's pixels or features; 0: it is read as ids
  virtual std::int64_t length(std::int64_t) const { return 0; }  // of its ids
  virtual std::int64_t max_length() const { return 0; }          // no example has more ids
  virtual std::int32_t pad() const { return 0; }                 // the id that stands behind a shorter example's
  virtual void read(std::int64_t i, Random random, Row& row) const = 0;

  // Of photos with captions: the caption's ids, all of which stand for a text; empty: there is none.
  virtual std::span<const std::int32_t> caption(std::int64_t) const { return {}; }

  // Of photos with a mask each: the size at which read() gives one (none: there are no masks), the photo's own whole
  // mask, and a hash of that.
  virtual Size mask_size() const { return {}; }
  virtual std::shared_ptr<const Mask> mask(std::int64_t) const { return nullptr; }
  virtual std::string told(std::int64_t) const { return {}; }
};

// What sources of a data set's samples share.
class SampleSource : public Source {
 public:
  std::int64_t size() const override { return static_cast<std::int64_t>(samples_.size()); }
  std::string name(std::int64_t i) const override;
  std::int64_t label(std::int64_t i) const override { return at(i).label; }
  std::span<const float> values(std::int64_t i) const override { return at(i).values; }
  std::string group(std::int64_t i) const override { return at(i).group; }

 protected:
  explicit SampleSource(std::vector<Sample> samples) : samples_(std::move(samples)) {}
  const Sample& at(std::int64_t i) const { return samples_[static_cast<std::size_t>(i)]; }
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;
};

// Some of a source's examples, in an order of one's own, each for itself. `of` must outlive it.
class Selection final : public Source {
 public:
  Selection(const Source& of, std::vector<std::int64_t> chosen) : of_(of), chosen_(std::move(chosen)) {}
  Reads reads() const override { return of_.reads(); }
  std::int64_t size() const override { return static_cast<std::int64_t>(chosen_.size()); }
  std::string name(std::int64_t i) const override { return of_.name(at(i)); }
  std::string content(std::int64_t i) const override { return of_.content(at(i)); }
  std::int64_t label(std::int64_t i) const override { return of_.label(at(i)); }
  std::span<const float> values(std::int64_t i) const override { return of_.values(at(i)); }
  std::string group(std::int64_t i) const override { return of_.group(at(i)); }
  std::int64_t frames() const override { return of_.frames(); }
  std::size_t floats() const override { return of_.floats(); }
  std::int64_t length(std::int64_t i) const override { return of_.length(at(i)); }
  std::int64_t max_length() const override { return of_.max_length(); }
  std::int32_t pad() const override { return of_.pad(); }
  void read(std::int64_t i, Random random, Row& row) const override { of_.read(at(i), random, row); }
  std::span<const std::int32_t> caption(std::int64_t i) const override { return of_.caption(at(i)); }
  Size mask_size() const override { return of_.mask_size(); }
  std::shared_ptr<const Mask> mask(std::int64_t i) const override { return of_.mask(at(i)); }
  std::string told(std::int64_t i) const override { return of_.told(at(i)); }

 private:
  std::int64_t at(std::int64_t i) const { return chosen_[static_cast<std::size_t>(i)]; }
  const Source& of_;
  std::vector<std::int64_t> chosen_;
};

}  // namespace graft::data
