// RunnerEvents on a pipe: each behind its length as a varint, as protobuf's own delimited streams are.
//
// A runner writes them (EventWriter, safe from any thread), its agent reads them (EventReader, one thread) as
// the bytes come, in pieces of any size.
#ifndef BONSAI_RUNNER_EVENT_STREAM_H_
#define BONSAI_RUNNER_EVENT_STREAM_H_

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

// The largest event, serialised. What is longer is not written, and ends the stream for a reader.
inline constexpr size_t kEventBytesMax = 64 << 10;

// The event as it stands in the stream.
std::string EncodeEvent(const v1::RunnerEvent& event);

class EventWriter {
 public:
  // The descriptor stays the caller's.
  explicit EventWriter(int fd) : fd_(fd) {}

  // InvalidArgument if the event is larger than kEventBytesMax; Internal if the pipe is broken.
  absl::Status Write(const v1::RunnerEvent& event);

 private:
  std::mutex mutex_;
  const int fd_;
};

class EventReader {
 public:
  // The events that these bytes complete. DataLoss, then and ever after, once the stream is not one of
  // events.
  absl::StatusOr<std::vector<v1::RunnerEvent>> Feed(absl::string_view bytes);

  // Whether the stream stands between two events.
  bool AtBoundary() const { return pending_.empty(); }

 private:
  absl::Status broken_;
  std::string pending_;  // an event's first bytes, at most kEventBytesMax and its length
};

}  // namespace bonsai

#endif  // BONSAI_RUNNER_EVENT_STREAM_H_
