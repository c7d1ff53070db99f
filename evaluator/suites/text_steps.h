// A chain of steps that makes a text out of a text (v1.TextStep): an answer out of a response, a field out of
// what a record holds. Called by suites that are data. Patterns are RE2's, whose time is linear in the text,
// since they come from users' task files and are matched against what models say.
//
// Immutable once compiled; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_TEXT_STEPS_H_
#define BONSAI_EVALUATOR_SUITES_TEXT_STEPS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/suite.pb.h"
#include "evaluator/suites/prompt_template.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace re2 {
class RE2;
}

namespace bonsai {

class TextSteps {
 public:
  static constexpr int kStepsMax = 64;

  TextSteps() = default;

  // InvalidArgument names the step and what is wrong with it: none is set, RE2 refuses the pattern, there is
  // no such group.
  static absl::StatusOr<TextSteps> Compile(const google::protobuf::RepeatedPtrField<v1::TextStep>& steps);

  // What the chain makes of `text`, of which malformed UTF-8 becomes U+FFFD first. `fields` finds what
  // Replace.with_field and json_member_field name; a field that is not there is empty.
  std::string Apply(absl::string_view text, const FieldLookup& fields = nullptr) const;

 private:
  struct Compiled {
    v1::TextStep step;
    std::shared_ptr<const re2::RE2> pattern;
  };

  std::vector<Compiled> steps_;
};

// `text` with U+FFFD in the place of each byte that is not part of a UTF-8 character.
std::string ValidUtf8(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_TEXT_STEPS_H_
