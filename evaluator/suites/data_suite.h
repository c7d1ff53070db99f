// A suite that is data: makes a v1.Suite's requests for questions, and judges the answers by its metrics.
// Made by the evaluation runner's list of suites; tests feed it answers that others recorded.
//
// Immutable once created; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_DATA_SUITE_H_
#define BONSAI_EVALUATOR_SUITES_DATA_SUITE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bonsai/v1/document.pb.h"
#include "bonsai/v1/suite.pb.h"
#include "edge_runtime/model/chat_template.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/suites/example_source.h"
#include "evaluator/suites/suite.h"
#include "evaluator/suites/suite_rules.h"
#include "evaluator/suites/text_measure.h"

namespace bonsai {

struct DataSuiteInput {
  v1::Suite suite;     // as ParseSuite gives it
  std::string subset;  // one of its subsets; empty where it has none
  std::span<const v1::Document> questions;
  FewShotCorpus few_shot;
  std::optional<uint32_t> shots;  // instead of the suite's number
  // Prompts become a chat's first turn.
  std::optional<edge::ChatTemplate> chat_template;
  int32_t positions_max = 0;  // that the model reads at once
};

class DataSuite : public Suite {
 public:
  // InvalidArgument: a subset that the suite has not, no question, a document that its rules cannot read
  // (named), examples that are missing (ExampleSource), a request that the tokenizer gives no token for.
  static absl::StatusOr<std::unique_ptr<DataSuite>> Create(const DataSuiteInput& input,
                                                           const edge::Tokenizer& tokenizer);

  std::span<const ScoreRequest> requests() const override { return requests_; }
  std::span<const GenerateRequest> generations() const override { return generations_; }
  std::vector<CodeProgram> Programs(const Answers& answers) const override;
  bool has_programs() const override;
  Judgement Judge(const Answers& answers) const override;

  // The text that the model is asked with; of a suite whose choices stand in different contexts, the first's.
  const std::string& prompt(size_t question) const { return items_[question].prompt; }
  size_t size() const { return items_.size(); }

 private:
  struct Item {
    std::string id;
    std::string prompt;
    std::vector<std::string> choices, letters;
    std::vector<size_t> right_choices;
    std::string answer;
    std::vector<std::string> right, wrong;
    CodeProgram code;  // its program is what stands before the model's text
    size_t first_request = 0;
  };
  // Of one metric: each question's value, and what was read out of its answer.
  struct Column;
  using MeasuredTexts = std::vector<std::optional<MeasuredText>>;

  DataSuite() = default;

  absl::Status Add(const DataSuiteInput& input, const edge::Tokenizer& tokenizer,
                   const v1::Document& document, ExampleSource& examples);
  absl::Status AddChoices(const DataSuiteInput& input, const edge::Tokenizer& tokenizer,
                          const Question& question, const std::string& before, Item& item);
  std::string Framed(const DataSuiteInput& input, const std::string& prompt) const;
  Column JudgeMetric(const MetricRule& rule, const Answers& answers, MeasuredTexts& measured) const;
  std::vector<double> ScoresOf(const Item& item, const Answers& answers) const;
  void SetFloors(const MetricRule& rule, MeasuredTexts& constants, v1::MetricResult* metric) const;
  void DescribeVerdicts(const Answers& answers, v1::SuiteResult* result) const;
  std::vector<v1::ItemResult> ListItems(const std::vector<Column>& columns, const Answers& answers) const;

  SuiteRules rules_;
  std::string name_, sha256_;
  std::vector<std::string> notes_;
  bool letters_shown_ = false;
  bool chat_ = false;
  size_t cut_prompts_ = 0;
  size_t subsets_ = 0;  // of the suite that this is one of
  std::string delimiter_;
  std::vector<Item> items_;
  std::vector<ScoreRequest> requests_;
  std::vector<GenerateRequest> generations_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_DATA_SUITE_H_
