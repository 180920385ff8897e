// The same photos through several stages, side by side: a row a photo, a column a stage.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace graft::report {

using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

// What a colour in the pictures stands for.
struct Swatch {
  std::string name;
  Colour colour;
};

struct SheetRow {
  std::string name;                   // of the photo
  std::string remark;                 // "cluster 3", or why it was left out
  std::vector<std::string> pictures;  // a column each, as data_uri() writes them; empty where a stage gave none
};

struct ContactSheet {
  std::vector<std::string> columns;
  std::vector<Swatch> legend;
  std::vector<SheetRow> photos;
};

// Columns of which no photo has a picture are left out.
std::string to_html(const ContactSheet& sheet);

std::string swatch_of(const Colour& colour);
std::string picture(const std::string& uri, const std::string& what);  // a dash where there is none

}  // namespace graft::report
