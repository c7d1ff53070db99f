#include "evaluator/answer_file.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

}  // namespace

std::string SerializeAnswers(std::span<const v1::Answer> answers) {
  std::string bytes;
  {
    StringOutputStream stream(&bytes);
    CodedOutputStream coded(&stream);
    for (const v1::Answer& answer : answers) {
      coded.WriteVarint32(static_cast<uint32_t>(answer.ByteSizeLong()));
      answer.SerializeWithCachedSizes(&coded);
    }
  }
  return bytes;
}

absl::StatusOr<std::vector<v1::Answer>> ParseAnswers(absl::string_view bytes) {
  std::vector<v1::Answer> answers;
  for (size_t at = 0; at < bytes.size();) {
    const auto wrong = [&](absl::string_view what) {
      return absl::DataLossError(absl::StrCat("answer ", answers.size(), " at byte ", at, ": ", what));
    };
    const size_t left = std::min<size_t>(bytes.size() - at, kAnswerBytesMax + 5);
    ArrayInputStream stream(bytes.data() + at, static_cast<int>(left));
    CodedInputStream coded(&stream);
    uint32_t size = 0;
    if (!coded.ReadVarint32(&size)) return wrong("its length is not a varint");
    const size_t begin = at + static_cast<size_t>(coded.CurrentPosition());
    if (size > kAnswerBytesMax || size > bytes.size() - begin)
      return wrong(absl::StrCat("its length is ", size, "; ", bytes.size() - begin, " bytes are left"));
    v1::Answer& answer = answers.emplace_back();
    if (!answer.ParseFromArray(bytes.data() + begin, static_cast<int>(size))) {
      answers.pop_back();
      return wrong("its bytes are not an Answer");
    }
    if (!IsSha256Hex(answer.request_sha256()) || !std::isfinite(answer.loglikelihood())) {
      answers.pop_back();
      return wrong("it names no request, or its score is not a number");
    }
    at = begin + size;
  }
  return answers;
}

}  // namespace bonsai
