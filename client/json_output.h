// Messages as JSON, for `--json`: protobuf's own mapping, one document on one line.
//
// Called by the verbs. Pure.
#ifndef BONSAI_CLIENT_JSON_OUTPUT_H_
#define BONSAI_CLIENT_JSON_OUTPUT_H_

#include <string>

namespace google::protobuf {
class Message;
}

namespace bonsai {

// One line with its newline. Fields in lowerCamelCase; what has its default value is absent; 64-bit integers
// are strings; figures that are not numbers are "NaN", "Infinity", "-Infinity".
std::string ToJsonLine(const google::protobuf::Message& message);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_JSON_OUTPUT_H_
