#include "evaluator/request_digest.h"

#include <cstdint>

#include "storage/digest.h"

namespace bonsai {
namespace {

void AppendNumber(uint64_t number, std::string& bytes) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xFF));
}

void AppendIds(const std::vector<int32_t>& ids, std::string& bytes) {
  AppendNumber(ids.size(), bytes);
  for (int32_t id : ids) AppendNumber(static_cast<uint64_t>(id), bytes);
}

}  // namespace

std::string RequestDigest(const ModelRequest& request) {
  std::string bytes;
  if (request.score != nullptr) {
    bytes = "score";
    AppendIds(request.score->context, bytes);
    AppendIds(request.score->continuation, bytes);
    return Sha256Hex(bytes);
  }
  bytes = "generate";
  AppendIds(request.generate->context, bytes);
  AppendNumber(request.generate->stops.size(), bytes);
  for (const std::string& stop : request.generate->stops) {
    AppendNumber(stop.size(), bytes);
    bytes += stop;
  }
  AppendNumber(static_cast<uint64_t>(request.generate->tokens_max), bytes);
  return Sha256Hex(bytes);
}

}  // namespace bonsai
