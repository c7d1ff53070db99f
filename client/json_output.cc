#include "client/json_output.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <cstdlib>

namespace bonsai {

std::string ToJsonLine(const google::protobuf::Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) {
    // Only strings that are not UTF-8 could do this, and protobuf does not let those through a parse.
    std::fputs("bonsai: a message could not be written as JSON\n", stderr);
    std::abort();
  }
  json += '\n';
  return json;
}

}  // namespace bonsai
