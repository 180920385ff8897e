#include "graft/video/ffmpeg_messages.h"

extern "C" {
#include <libavutil/log.h>
}

#include <cstdarg>
#include <mutex>

namespace graft::video {
namespace {

thread_local int errors = 0;

void count(void* object, int level, const char*, std::va_list) {
  if (object == nullptr || level > AV_LOG_ERROR) return;
  const AVClass* of = *static_cast<AVClass**>(object);
  if (of == nullptr) return;
  const auto category = of->get_category != nullptr ? of->get_category(object) : of->category;
  if (category == AV_CLASS_CATEGORY_DEMUXER) ++errors;
}

}  // namespace

void silence_ffmpeg() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(count); });
}

int demuxer_errors() {
  return errors;
}

}  // namespace graft::video
