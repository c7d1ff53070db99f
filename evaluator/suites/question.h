// One question as a suite sees it: the fields that its templates use, its choices and its right answers, read
// from a document by the suite's rules. Also made of few-shot examples, which are questions with answers.
//
// Immutable once read; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_QUESTION_H_
#define BONSAI_EVALUATOR_SUITES_QUESTION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/document.pb.h"
#include "evaluator/suites/prompt_template.h"
#include "evaluator/suites/record_fields.h"
#include "evaluator/suites/suite_rules.h"

namespace bonsai {

class Question {
 public:
  static constexpr size_t kChoicesMax = 256;

  // InvalidArgument says what is wrong: a field that is not there, an answer that is none of the choices.
  // Whoever calls names the document. `subset` and `examples` become fields of these names.
  static absl::StatusOr<Question> Read(const SuiteRules& rules, const v1::Document& document,
                                       absl::string_view subset, absl::string_view examples);

  // Whether rules.suite's only_if_field keeps the document.
  static absl::StatusOr<bool> Keeps(const SuiteRules& rules, const v1::Document& document,
                                    absl::string_view subset);

  // Of the question's own fields, and of those of a choice as well. They live as long as this.
  FieldLookup fields() const;
  FieldLookup choice(size_t index) const;
  std::vector<FieldLookup> choices() const;

  size_t choice_count() const { return choices_.size(); }
  const std::string& choice_text(size_t index) const { return choices_[index].at("choice"); }

  // The indices of the right choices, in order; none where the answer is not known, or this has no choices.
  const std::vector<size_t>& right_choices() const { return right_choices_; }
  // What a generated text is compared with; empty where it is not known.
  const std::string& answer() const { return answer_; }
  const std::vector<std::string>& right_answers() const { return right_answers_; }
  const std::vector<std::string>& wrong_answers() const { return wrong_answers_; }

 private:
  using Fields = std::map<std::string, std::string, std::less<>>;

  absl::Status ReadFields(const std::vector<FieldRule>& rules, const FieldLookup& lookup, Fields* out) const;
  absl::Status ReadChoices(const SuiteRules& rules);
  absl::Status ListChoices(const SuiteRules& rules);
  absl::Status ReadAnswer(const SuiteRules& rules);
  absl::Status FindRightChoice(const SuiteRules& rules);
  absl::StatusOr<std::vector<std::string>> ReadList(const ListRule& rule) const;
  void AddChoice(const std::string& text, const std::string& label);

  RecordFields record_;
  Fields fields_;
  std::vector<Fields> choices_;
  std::vector<double> weights_;  // of the choices, or none
  std::vector<size_t> right_choices_;
  std::string answer_;
  std::vector<std::string> right_answers_, wrong_answers_;
};

// A, B, ..., Z, then 26, 27, ...: how prompts name choices.
std::string ChoiceLetter(size_t index);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_QUESTION_H_
