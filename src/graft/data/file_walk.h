// The one walk over folders of photos, texts or clips: what was taken, and what was left, by reason and count, so that
// it can be said. Links are followed, never round in a circle. A photo is known by its name's ending, and so is a text;
// what it holds is seen when it is read. Names are bytes: they need not be UTF-8.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

enum class LeftReason {
  hidden,             // begins with a dot, or lies in a folder that does
  shadow,             // a system's own: __MACOSX, @eaDir, #recycle, Thumbs.db, ...
  not_readable,       // an image that graft does not decode: .gif, .heic, ...
  unknown_ending,     // a photo by its first bytes, called otherwise
  no_photo,           // anything else where photos are looked for
  no_text,            // anything else where texts are
  no_clip,            // anything else where clips are
  dangling_link,      // of something that is not looked for; of what is it is taken, and missed when it is read
  link_loop,          // a link to a folder that it lies in
  unreadable_folder,  // it may not be listed
  no_class_folder,    // beside the class folders
  unlabelled,         // in a folder of those that have no class
  no_split,           // a folder beside train/ that is no split
};

class LeftOut {
 public:
  // `example` is what the reason is told with: an ending, or a name.
  void add(LeftReason reason, const std::string& example, std::size_t count = 1);
  void add(const LeftOut& other);
  std::size_t count(LeftReason reason) const;
  std::size_t count() const;
  bool empty() const { return reasons_.empty(); }

  // "12 hidden, 3 no photos (.txt, .csv)"; empty when nothing was left.
  std::string words() const;

 private:
  struct Counted {
    std::size_t count = 0;
    std::map<std::string, std::size_t> examples;
  };
  std::map<LeftReason, Counted> reasons_;
};

struct Walk {
  std::vector<std::string> files;  // photos, texts, or clips (files, and folders of frames), relative to the root, '/'
                                   // between; in the order of their names, part by part
  std::vector<std::string> folders;  // those that were entered, likewise
  LeftOut left;
  Reads reads = Reads::photo;
};

// Everything below `root`, which is a folder (FileError where it may not be listed). Stopped when a signal comes.
Walk walk_photos(const std::filesystem::path& root);
Walk walk_texts(const std::filesystem::path& root);
Walk walk_clips(const std::filesystem::path& root);

// By its name's ending, in any case: jpg, jpeg, jpe, jfif, png, webp, bmp and their kin.
bool is_photo_name(const std::filesystem::path& file);

// txt or text, in any case.
bool is_text_name(const std::filesystem::path& file);

// What lies directly in a folder, by name: for formats that look for their file. Hidden ones are left out.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

}  // namespace graft::data
