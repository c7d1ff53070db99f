// A v1.Suite made ready: its templates parsed, its patterns compiled, and everything checked that can be
// checked without questions. Made by suite_file.h; read by whoever reads questions, asks and judges.
//
// Immutable once compiled; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_SUITE_RULES_H_
#define BONSAI_EVALUATOR_SUITES_SUITE_RULES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/suite.pb.h"
#include "evaluator/suites/prompt_template.h"
#include "evaluator/suites/text_steps.h"

namespace bonsai {

struct FieldRule {
  std::string name;
  PromptTemplate value;
  TextSteps steps;
};

struct ListRule {
  v1::SuiteList list;
  TextSteps steps;
};

struct MetricRule {
  v1::SuiteMetric metric;
  TextSteps response, answer, both;
};

struct SuiteRules {
  v1::Suite suite;  // without subsets
  std::vector<FieldRule> fields;

  std::vector<PromptTemplate> choices;  // or choice_list
  ListRule choice_list;
  std::vector<FieldRule> choice_fields;

  PromptTemplate answer;
  TextSteps answer_steps;
  ListRule right, wrong;

  PromptTemplate only_if;
  PromptTemplate description, prompt, target;
  std::string delimiter = " ";
  std::string shot_separator = "\n\n";
  PromptTemplate few_shot_document;
  TextSteps few_shot_steps;

  std::vector<MetricRule> metrics;
  PromptTemplate code_before, code_entry_point, code_setup, code_test;

  // Whether the model chooses, rather than speaks.
  bool chooses() const;
  // Whether questions have choices; a model that speaks may be shown some.
  bool has_choices() const { return suite.choices().has_list() || !choices.empty(); }
};

// `suite` has no subsets. InvalidArgument: "<field>: <what>", for whoever wrote the file.
absl::StatusOr<SuiteRules> CompileSuite(const v1::Suite& suite);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_SUITE_RULES_H_
