#include "worker/train/checkpoint_ranges.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

void AppendNumber(uint64_t number, std::string& bytes) {
  for (int shift = 0; shift < 64; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xff));
}

uint64_t NumberAt(absl::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = 8; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

}  // namespace

std::string EncodeRanges(absl::Span<const OwnedRange> ranges) {
  std::string bytes;
  bytes.reserve(ranges.size() * kRangeBytes);
  for (const OwnedRange& range : ranges) {
    AppendNumber(range.begin, bytes);
    AppendNumber(range.end, bytes);
    AppendNumber(static_cast<uint64_t>(range.owner), bytes);
  }
  return bytes;
}

absl::StatusOr<std::vector<OwnedRange>> DecodeRanges(absl::string_view bytes, uint64_t parameters,
                                                     uint32_t parts) {
  if (bytes.size() % kRangeBytes != 0 || bytes.size() / kRangeBytes > kCheckpointRangesMax) {
    return absl::DataLossError(absl::StrCat("has ", bytes.size(), " bytes; valid: a multiple of ",
                                            kRangeBytes, " of at most ", kCheckpointRangesMax * kRangeBytes));
  }
  std::vector<OwnedRange> ranges;
  ranges.reserve(bytes.size() / kRangeBytes);
  uint64_t next = 0;
  for (size_t at = 0; at < bytes.size(); at += kRangeBytes) {
    const uint64_t begin = NumberAt(bytes, at), end = NumberAt(bytes, at + 8),
                   part = NumberAt(bytes, at + 16);
    if (begin != next || end <= begin || end > parameters || part >= parts) {
      return absl::DataLossError(absl::StrCat("range ", at / kRangeBytes, " is [", begin, ", ", end,
                                              ") of part ", part, "; valid: from ", next, ", of ", parameters,
                                              " values, below part ", parts));
    }
    ranges.push_back({begin, end, static_cast<int>(part)});
    next = end;
  }
  if (next != parameters) {
    return absl::DataLossError(absl::StrCat("ends at value ", next, "; valid: ", parameters));
  }
  return ranges;
}

}  // namespace bonsai
