#include "graft/detection/other_members.h"

#include "graft/detection/json_text.h"
#include "graft/detection/unknown_names.h"

namespace graft::detection {

void OtherMembers::add(const JsonPieces& piece) {
  if (keys_.empty() || keys_.back() != piece.key()) {
    keys_.push_back(piece.key());
    texts_.emplace_back();
  }
  std::string& text = texts_.back();
  if (piece.index() != JsonPieces::kWhole) text += text.empty() ? '[' : ',';
  text += piece.text();
  is_list_[piece.key()] = piece.index() != JsonPieces::kWhole;
}

std::string OtherMembers::members() const {
  std::string all;
  for (std::size_t k = 0; k < keys_.size(); ++k)
    all += fmt::format("{}{}:{}{}", all.empty() ? "" : ",", json_text(keys_[k]), texts_[k],
                       is_list_.at(keys_[k]) ? "]" : "");
  return all;
}

void OtherMembers::note_unknown(Findings& findings) const {
  UnknownNames unknown;
  for (const auto& key : keys_)
    if (key != "info" && key != "licenses") unknown.see("", key);
  unknown.note(findings, "carried-keys", "is carried and changes nothing");
}

}  // namespace graft::detection
