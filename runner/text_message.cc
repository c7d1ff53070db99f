#include "runner/text_message.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr int kNestingMax = 32;

// Keeps the first error; lines and columns count from 1 for people.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = line < 0 ? message : absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

absl::Status ParseTextMessage(absl::string_view text, absl::string_view file_name,
                              google::protobuf::Message& message) {
  if (text.size() > kTextMessageBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_name, ": has ", text.size(), " bytes: want at most ", kTextMessageBytesMax));
  }
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(kNestingMax);
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  if (parser.Parse(&input, &message)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(file_name, ":", error.text().empty() ? " not a " + message.GetTypeName() : error.text()));
}

absl::Status ReadTextMessage(const std::string& path, google::protobuf::Message& message) {
  absl::StatusOr<std::string> text = ReadFileBytes(path, kTextMessageBytesMax);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return ParseTextMessage(*text, path, message);
}

}  // namespace bonsai
