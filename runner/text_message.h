// Messages in protobuf's text format, as people write them: one clear error with line and column.
//
// Called for task files and for a worker's configuration. Functions without state.
#ifndef BONSAI_RUNNER_TEXT_MESSAGE_H_
#define BONSAI_RUNNER_TEXT_MESSAGE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace bonsai {

// The largest text that is parsed.
inline constexpr size_t kTextMessageBytesMax = 4 << 20;

// Parses `text` into `message`. InvalidArgument: "<file_name>:<line>:<column>: <what>".
absl::Status ParseTextMessage(absl::string_view text, absl::string_view file_name,
                              google::protobuf::Message& message);

// As ParseTextMessage, of a file's bytes; InvalidArgument also if the file cannot be read.
absl::Status ReadTextMessage(const std::string& path, google::protobuf::Message& message);

}  // namespace bonsai

#endif  // BONSAI_RUNNER_TEXT_MESSAGE_H_
