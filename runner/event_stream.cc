#include "runner/event_stream.h"

#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kLengthBytesMax = 3;  // of a varint up to kEventBytesMax
static_assert(kEventBytesMax < (size_t{1} << (7 * kLengthBytesMax)));

enum class Length { kComplete, kPartial, kTooLong };

// Reads the varint at the front of `bytes`; its value to `length`, its size to `used`.
Length ReadLength(absl::string_view bytes, size_t* length, size_t* used) {
  *length = 0;
  for (size_t i = 0; i < kLengthBytesMax; ++i) {
    if (i == bytes.size()) return Length::kPartial;
    unsigned char byte = bytes[i];
    *length |= static_cast<size_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *used = i + 1;
      return *length <= kEventBytesMax ? Length::kComplete : Length::kTooLong;
    }
  }
  return Length::kTooLong;
}

}  // namespace

std::string EncodeEvent(const v1::RunnerEvent& event) {
  std::string body = event.SerializeAsString();
  std::string bytes;
  for (size_t length = body.size();; length >>= 7) {
    if (length < 0x80) {
      bytes.push_back(static_cast<char>(length));
      break;
    }
    bytes.push_back(static_cast<char>((length & 0x7f) | 0x80));
  }
  return bytes + body;
}

absl::Status EventWriter::Write(const v1::RunnerEvent& event) {
  if (event.ByteSizeLong() > kEventBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("an event of ", event.ByteSizeLong(), " bytes is too long: at most ", kEventBytesMax));
  }
  std::string bytes = EncodeEvent(event);
  std::lock_guard<std::mutex> lock(mutex_);
  return WriteAll(fd_, bytes, "the event pipe");
}

absl::StatusOr<std::vector<v1::RunnerEvent>> EventReader::Feed(absl::string_view bytes) {
  if (!broken_.ok()) return broken_;
  pending_.append(bytes.data(), bytes.size());
  std::vector<v1::RunnerEvent> events;
  absl::string_view rest = pending_;
  while (!rest.empty()) {
    size_t length = 0;
    size_t used = 0;
    Length state = ReadLength(rest, &length, &used);
    if (state == Length::kPartial) break;
    if (state == Length::kTooLong) {
      broken_ = absl::DataLossError(
          absl::StrCat("the event stream is broken: an event longer than ", kEventBytesMax, " bytes"));
      return broken_;
    }
    if (rest.size() - used < length) break;
    v1::RunnerEvent event;
    if (!event.ParseFromArray(rest.data() + used, static_cast<int>(length))) {
      broken_ = absl::DataLossError("the event stream is broken: bytes that are not a bonsai.v1.RunnerEvent");
      return broken_;
    }
    events.push_back(std::move(event));
    rest.remove_prefix(used + length);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return events;
}

}  // namespace bonsai
