// Answers come from a store that others may write to: any bytes are parsed or refused.
#include <cstdint>
#include <cstdlib>

#include "evaluator/answer_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto answers = bonsai::ParseAnswers(absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!answers.ok()) return 0;
  // What is accepted can be written and read again, with the same meaning.
  const std::string bytes = bonsai::SerializeAnswers(*answers);
  const auto again = bonsai::ParseAnswers(bytes);
  if (!again.ok() || again->size() != answers->size()) std::abort();
  if (bonsai::SerializeAnswers(*again) != bytes) std::abort();
  return 0;
}
