// What a corpus' document holds, by paths: "question.stem", "choices.0.text". A record is a JSON object; the
// older typed documents look like one (text: {text}; instruction: {instruction, input, output}; multiple
// choice: {question, choices: [{label, text}], answerKey}). Called by suites that are data.
//
// Immutable once read; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_RECORD_FIELDS_H_
#define BONSAI_EVALUATOR_SUITES_RECORD_FIELDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/document.pb.h"
#include "edge_runtime/model/json.h"

namespace bonsai {

class RecordFields {
 public:
  // InvalidArgument if the record is no JSON object, or larger than a record may be (16 MiB).
  static absl::StatusOr<RecordFields> Read(const v1::Document& document);

  // The value at the path, nullptr if there is none. A number in a path is an array's index.
  const edge::JsonValue* Find(absl::string_view path) const;

  // The value as text: strings as they are, numbers as JSON writes them, True and False as Python does,
  // nothing for null. nullopt if there is no value, or it is an array or an object.
  std::optional<std::string> Text(absl::string_view path) const;

 private:
  edge::JsonValue value_;
};

// As RecordFields::Text, of a value at hand.
std::optional<std::string> ScalarText(const edge::JsonValue& value);

// The strings of a list as Python's repr or JSON writes one: ['a', "b's"]. InvalidArgument says what is wrong
// at which byte.
absl::StatusOr<std::vector<std::string>> ParseStringList(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_RECORD_FIELDS_H_
