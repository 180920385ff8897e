#include "graft/video/clip_remarks.h"

extern "C" {
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

#include <cmath>
#include <cstring>
#include <utility>

namespace graft::video {
namespace {

// The turn that the file asks for, clockwise. One that is no quarter turn, or mirrors, is said and not made.
int asked_rotation(const AVStream& stream, std::vector<std::string>& remarks) {
  std::size_t size = 0;
  const std::uint8_t* bytes = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  std::int32_t matrix[9];
  if (bytes == nullptr || size < sizeof matrix) return 0;
  std::memcpy(matrix, bytes, sizeof matrix);
  const double counter_clockwise = av_display_rotation_get(matrix);
  if (std::isnan(counter_clockwise)) return 0;
  const double determinant = static_cast<double>(matrix[0]) * matrix[4] - static_cast<double>(matrix[1]) * matrix[3];
  if (determinant < 0) {
    remarks.emplace_back("to be shown mirrored, which is not done");
    return 0;
  }
  const double quarters = -counter_clockwise / 90;
  const double nearest = std::nearbyint(quarters);
  if (std::abs(quarters - nearest) * 90 > 1) {
    remarks.push_back(fmt::format("to be shown turned by {:.1f} degrees, which is not done", -counter_clockwise));
    return 0;
  }
  return (static_cast<int>(nearest) * 90 + 360) % 360;
}

void remark_streams(const ClipPackets& packets, std::vector<std::string>& remarks) {
  int videos = 0, pictures = 0;
  for (unsigned i = 0; i < packets.format().nb_streams; ++i) {
    const AVStream& stream = *packets.format().streams[i];
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    ++((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 ? pictures : videos);
  }
  if (videos > 1)
    remarks.push_back(fmt::format("{} videos, of which stream {} is read", videos, packets.stream().index));
  if (pictures > 0) remarks.emplace_back("a cover picture, which is not read");
}

void remark_pictures(const AVStream& stream, std::vector<std::string>& remarks) {
  const auto& codec = *stream.codecpar;
  const auto aspect = stream.sample_aspect_ratio.num != 0 ? stream.sample_aspect_ratio : codec.sample_aspect_ratio;
  if (aspect.num > 0 && aspect.num != aspect.den) {
    remarks.push_back(fmt::format("pixels of {}:{}, not square, taken as they are", aspect.num, aspect.den));
  }
  if (codec.field_order > AV_FIELD_PROGRESSIVE) remarks.emplace_back("interlaced, not deinterlaced");
  if (codec.color_trc == AVCOL_TRC_SMPTE2084 || codec.color_trc == AVCOL_TRC_ARIB_STD_B67) {
    remarks.push_back(
        fmt::format("HDR ({}), without tone mapping", codec.color_trc == AVCOL_TRC_SMPTE2084 ? "PQ" : "HLG"));
  }
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(codec.format));
  const AVDictionaryEntry* alpha = av_dict_get(stream.metadata, "alpha_mode", nullptr, 0);
  const bool has_alpha = alpha != nullptr && std::strcmp(alpha->value, "0") != 0;
  if (has_alpha ||
      (format != nullptr && (format->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 && codec.codec_id != AV_CODEC_ID_GIF)) {
    remarks.emplace_back("transparency is dropped, not blended");
  }
}

}  // namespace

ClipFacts facts_of(const ClipPackets& packets, const ClipIndex& index, bool upright) {
  ClipFacts facts;
  const AVStream& stream = packets.stream();
  facts.width = stream.codecpar->width;
  facts.height = stream.codecpar->height;
  facts.codec = avcodec_get_name(stream.codecpar->codec_id);
  facts.container = packets.container();
  facts.rate = index.rate;
  const int asked = asked_rotation(stream, facts.remarks);
  if (upright) {
    facts.rotation = asked;
    if (asked % 180 == 90) std::swap(facts.width, facts.height);
  } else if (asked != 0) {
    facts.remarks.push_back(fmt::format("to be shown turned by {} degrees, which is not done", asked));
  }
  remark_streams(packets, facts.remarks);
  remark_pictures(stream, facts.remarks);
  if (!index.timed) facts.remarks.emplace_back("frames have no times of their own, so it is decoded from its start");
  if (index.leading > 0) {
    facts.remarks.push_back(fmt::format("begins with {} packets before its first key frame", index.leading));
  }
  if (packets.gap()) {
    facts.remarks.push_back(fmt::format("joined of parts, or a piece is missing, at {:.2f} s", *packets.gap()));
  }
  return facts;
}

}  // namespace graft::video
