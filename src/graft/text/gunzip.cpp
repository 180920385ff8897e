#include "graft/text/gunzip.h"

#include <zlib.h>

#include "graft/core/error.h"

namespace graft::text {

std::string gunzip(std::string_view compressed, size_t limit) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  GRAFT_ASSERT(inflateInit2(&stream, kGzipOnly) == Z_OK);
  std::string out(limit, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  GRAFT_ASSERT(status == Z_STREAM_END);
  return out;
}

}  // namespace graft::text
