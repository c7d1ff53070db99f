// Gzip'd bytes for tests.
#ifndef BONSAI_WORKER_DATA_GZIP_BYTES_TESTING_H_
#define BONSAI_WORKER_DATA_GZIP_BYTES_TESTING_H_

#include <zlib.h>

#include <string>

namespace bonsai {

inline std::string GzipForTest(const std::string& text) {
  z_stream zlib = {};
  deflateInit2(&zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string gzip(deflateBound(&zlib, text.size()) + 64, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  zlib.avail_in = static_cast<uInt>(text.size());
  zlib.next_out = reinterpret_cast<Bytef*>(gzip.data());
  zlib.avail_out = static_cast<uInt>(gzip.size());
  deflate(&zlib, Z_FINISH);
  gzip.resize(zlib.total_out);
  deflateEnd(&zlib);
  return gzip;
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_GZIP_BYTES_TESTING_H_
