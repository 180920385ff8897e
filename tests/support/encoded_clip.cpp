#include "tests/support/encoded_clip.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace graft {
namespace {

constexpr AVRational kTick = {1, 600};

int checked(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string("encoded clip: ") + what);
  return result;
}

AVDictionary* dictionary(const std::map<std::string, std::string>& values) {
  AVDictionary* made = nullptr;
  for (const auto& [key, value] : values)
    av_dict_set(&made, key.c_str(), value.c_str(), 0);
  return made;
}

// Waves that drift, over a pattern that is fixed, and a bright bar whose place tells the frame.
int value_at(int plane, int x, int y, int frame) {
  const double wave = 60 * std::sin(0.13 * x + 0.21 * frame + plane) + 40 * std::cos(0.17 * y - 0.11 * frame);
  const int bar = plane == 0 && (x + 64 - (frame * 5) % 64) % 64 < 4 ? 60 : 0;
  return std::clamp(static_cast<int>(120 + wave) + (x * 7 + y * 13) % 9 + bar, 16, 235);
}

void draw(AVFrame& picture, int number) {
  const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(picture.format));
  for (int plane = 0; plane < 3; ++plane) {
    const int width = plane == 0 ? picture.width : AV_CEIL_RSHIFT(picture.width, format->log2_chroma_w);
    const int height = plane == 0 ? picture.height : AV_CEIL_RSHIFT(picture.height, format->log2_chroma_h);
    for (int y = 0; y < height; ++y) {
      std::uint8_t* row = picture.data[plane] + static_cast<std::ptrdiff_t>(y) * picture.linesize[plane];
      for (int x = 0; x < width; ++x) {
        const int value = value_at(plane, x, y, number);
        if (format->comp[0].depth == 8) {
          row[x] = static_cast<std::uint8_t>(value);
        } else {
          const auto wide = static_cast<std::uint16_t>(value << 2 | (x & 3));
          std::memcpy(row + 2 * x, &wide, sizeof wide);
        }
      }
    }
  }
}

void turn(AVStream& stream, const ClipSpec& spec) {
  if (spec.rotation == 0 && !spec.mirrored) return;
  auto* matrix = reinterpret_cast<std::int32_t*>(
      av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t)));
  av_display_rotation_set(matrix, spec.rotation);  // clockwise, unlike what av_display_rotation_get says
  if (spec.mirrored) av_display_matrix_flip(matrix, 1, 0);
}

class Writer {
 public:
  Writer(const std::filesystem::path& path, const ClipSpec& spec) : spec_(spec) {
    av_log_set_level(AV_LOG_QUIET);
    checked(avformat_alloc_output_context2(&format_, nullptr, nullptr, path.c_str()), "no such container");
    const AVCodec* encoder = avcodec_find_encoder_by_name(spec.encoder.c_str());
    if (encoder == nullptr) throw std::runtime_error("encoded clip: no encoder " + spec.encoder);
    codec_ = avcodec_alloc_context3(encoder);
    codec_->width = spec.width;
    codec_->height = spec.height;
    codec_->pix_fmt = av_get_pix_fmt(spec.pixels.c_str());
    // MPEG-4 and MPEG-2 want the rate itself as their clock
    codec_->time_base = spec.times.empty() ? AVRational{1, spec.rate} : kTick;
    codec_->framerate = {spec.rate, 1};
    codec_->sample_aspect_ratio = {spec.aspect, 1};
    codec_->colorspace = static_cast<AVColorSpace>(spec.matrix);
    if (spec.full_range) codec_->color_range = AVCOL_RANGE_JPEG;
    codec_->thread_count = 1;
    codec_->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
    if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* options = dictionary(spec.options);
    checked(avcodec_open2(codec_, encoder, &options), "the encoder does not open");
    av_dict_free(&options);

    stream_ = avformat_new_stream(format_, nullptr);
    stream_->time_base = codec_->time_base;
    stream_->avg_frame_rate = codec_->framerate;
    stream_->sample_aspect_ratio = codec_->sample_aspect_ratio;
    checked(avcodec_parameters_from_context(stream_->codecpar, codec_), "parameters");
    stream_->codecpar->codec_tag = 0;
    turn(*stream_, spec);
    checked(avio_open(&format_->pb, path.c_str(), AVIO_FLAG_WRITE), "the file does not open");
    AVDictionary* muxer = dictionary(spec.muxer);
    checked(avformat_write_header(format_, &muxer), "header");
    av_dict_free(&muxer);
  }
  ~Writer() {
    av_packet_free(&packet_);
    avcodec_free_context(&codec_);
    avio_closep(&format_->pb);
    avformat_free_context(format_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write() {
    AVFrame* picture = av_frame_alloc();
    picture->width = spec_.width;
    picture->height = spec_.height;
    picture->format = codec_->pix_fmt;
    picture->colorspace = codec_->colorspace;
    picture->color_range = codec_->color_range;
    checked(av_frame_get_buffer(picture, 0), "a picture");
    for (int i = 0; i < spec_.frames; ++i) {
      checked(av_frame_make_writable(picture), "a picture");
      draw(*picture, i);
      picture->pts = spec_.times.empty() ? i : spec_.times[i];
      checked(avcodec_send_frame(codec_, picture), "a frame is refused");
      take();
    }
    av_frame_free(&picture);
    checked(avcodec_send_frame(codec_, nullptr), "the end is refused");
    take();
    checked(av_write_trailer(format_), "trailer");
  }

 private:
  void take() {
    while (avcodec_receive_packet(codec_, packet_) >= 0) {
      if (count_++ < spec_.skip_first) continue;
      av_packet_rescale_ts(packet_, codec_->time_base, stream_->time_base);
      const auto shift = av_rescale_q(spec_.shift, kTick, stream_->time_base);
      packet_->pts += shift;
      packet_->dts += shift;
      packet_->stream_index = stream_->index;
      checked(av_interleaved_write_frame(format_, packet_), "a packet is refused");
    }
  }

  const ClipSpec& spec_;
  AVFormatContext* format_ = nullptr;
  AVCodecContext* codec_ = nullptr;
  AVStream* stream_ = nullptr;
  AVPacket* packet_ = av_packet_alloc();
  int count_ = 0;
};

// What calls itself AAC, and a grey square as its cover. Nobody decodes the sound.
void write_silence(AVFormatContext* format, bool cover) {
  AVStream* sound = avformat_new_stream(format, nullptr);
  sound->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
  sound->codecpar->codec_id = AV_CODEC_ID_AAC;
  sound->codecpar->sample_rate = 8000;
  sound->codecpar->frame_size = 1024;
  constexpr std::uint8_t kLowComplexityMono8000[] = {0x15, 0x88};  // AudioSpecificConfig, ISO/IEC 14496-3
  sound->codecpar->extradata_size = sizeof kLowComplexityMono8000;
  sound->codecpar->extradata =
      static_cast<std::uint8_t*>(av_mallocz(sizeof kLowComplexityMono8000 + AV_INPUT_BUFFER_PADDING_SIZE));
  std::memcpy(sound->codecpar->extradata, kLowComplexityMono8000, sizeof kLowComplexityMono8000);
  av_channel_layout_default(&sound->codecpar->ch_layout, 1);
  sound->time_base = {1, 8000};
  AVPacket* packet = av_packet_alloc();
  AVStream* picture = nullptr;
  if (cover) {
    const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_PNG);
    AVCodecContext* codec = avcodec_alloc_context3(encoder);
    codec->width = codec->height = 16;
    codec->pix_fmt = AV_PIX_FMT_RGB24;
    codec->time_base = {1, 1};
    checked(avcodec_open2(codec, encoder, nullptr), "the cover");
    AVFrame* frame = av_frame_alloc();
    frame->width = frame->height = 16;
    frame->format = AV_PIX_FMT_RGB24;
    checked(av_frame_get_buffer(frame, 0), "the cover");
    std::memset(frame->data[0], 200, static_cast<std::size_t>(frame->linesize[0]) * 16);
    frame->pts = 0;
    checked(avcodec_send_frame(codec, frame), "the cover");
    checked(avcodec_send_frame(codec, nullptr), "the cover");
    checked(avcodec_receive_packet(codec, packet), "the cover");
    av_frame_free(&frame);
    picture = avformat_new_stream(format, nullptr);
    checked(avcodec_parameters_from_context(picture->codecpar, codec), "the cover");
    picture->disposition = AV_DISPOSITION_ATTACHED_PIC;
    avcodec_free_context(&codec);
  }
  checked(avformat_write_header(format, nullptr), "header");
  if (picture != nullptr) {
    packet->stream_index = picture->index;
    checked(av_interleaved_write_frame(format, packet), "the cover is refused");
  }
  for (int i = 0; i < 16; ++i) {
    checked(av_new_packet(packet, 64), "sound");
    std::memset(packet->data, 0, 64);
    packet->pts = packet->dts = av_rescale_q(1024 * i, {1, 8000}, sound->time_base);
    packet->duration = av_rescale_q(1024, {1, 8000}, sound->time_base);
    packet->stream_index = sound->index;
    checked(av_interleaved_write_frame(format, packet), "sound is refused");
  }
  av_packet_free(&packet);
  checked(av_write_trailer(format), "trailer");
}

}  // namespace

bool has_encoder(const std::string& name) {
  return avcodec_find_encoder_by_name(name.c_str()) != nullptr;
}

void write_clip(const std::filesystem::path& path, const ClipSpec& spec) {
  Writer(path, spec).write();
}

void write_sound(const std::filesystem::path& path, bool cover) {
  av_log_set_level(AV_LOG_QUIET);
  AVFormatContext* format = nullptr;
  checked(avformat_alloc_output_context2(&format, nullptr, nullptr, path.c_str()), "no such container");
  checked(avio_open(&format->pb, path.c_str(), AVIO_FLAG_WRITE), "the file does not open");
  write_silence(format, cover);
  avio_closep(&format->pb);
  avformat_free_context(format);
}

}  // namespace graft
