// What the numbers of well-known data sets' masks are called, where their layout says which set it is.
#pragma once

#include <filesystem>

#include "graft/data/mask_classes.h"
#include "graft/data/problems.h"

namespace graft::data {

// Eleven, of whose numbers 11 is void, as SegNet has CamVid (Badrinarayanan et al. 2015, arXiv:1511.00561).
MaskClasses classes_of_camvid();

// Twenty kinds of thing and, 0, what lies behind them (Everingham et al. 2010).
MaskClasses classes_of_pascal();

// The 19 classes that are scored (Cordts et al. 2016, arXiv:1604.01685), out of its ids 0 to 33, whose others are not
// counted, or out of its training numbers 0 to 18.
enum class CityNumbers { ids, training };
MaskClasses classes_of_cityscapes(CityNumbers numbers);

// ADE20K's scene parsing (Zhou et al. 2017, arXiv:1608.05442): a table of Idx, Ratio, Train, Val, Stuff, Name with tabs
// between; of several names the first is taken, with its number where two classes have one name. 0 is not counted.
inline constexpr const char* kAdeClassesFile = "objectInfo150.txt";
MaskClasses ade_classes(const std::filesystem::path& file, Problems& problems);

// COCO-Stuff (Caesar et al. 2018, arXiv:1612.03716): "N: name" a line, and the masks' numbers are N - 1; "0: unlabeled"
// is 255 in them.
inline constexpr const char* kStuffClassesFile = "labels.txt";
MaskClasses stuff_classes(const std::filesystem::path& file, Problems& problems);

}  // namespace graft::data
