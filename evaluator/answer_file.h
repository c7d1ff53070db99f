// Files of v1.Answer, each behind its length as a varint: what the evaluation runner stores and reads back.
// Pure functions.
#ifndef BONSAI_EVALUATOR_ANSWER_FILE_H_
#define BONSAI_EVALUATOR_ANSWER_FILE_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/answer.pb.h"

namespace bonsai {

// The largest answer, serialised.
inline constexpr uint64_t kAnswerBytesMax = 16 << 20;

// The same answers give the same bytes.
std::string SerializeAnswers(std::span<const v1::Answer> answers);

// DataLoss names the byte offset of what is no answer.
absl::StatusOr<std::vector<v1::Answer>> ParseAnswers(absl::string_view bytes);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_ANSWER_FILE_H_
