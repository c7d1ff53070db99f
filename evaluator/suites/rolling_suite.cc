#include "evaluator/suites/rolling_suite.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "evaluator/suites/question.h"
#include "evaluator/suites/suite_file.h"
#include "evaluator/suites/suite_rules.h"

namespace bonsai {

absl::StatusOr<std::unique_ptr<RollingSuite>> RollingSuite::Create(const v1::Suite& suite,
                                                                   const std::string& subset,
                                                                   std::span<const v1::Document> documents,
                                                                   const edge::Tokenizer& tokenizer,
                                                                   int32_t positions_max) {
  const std::vector<std::string> subsets = SubsetNames(suite);
  if (subsets.empty() != subset.empty() ||
      (!subset.empty() && std::find(subsets.begin(), subsets.end(), subset) == subsets.end())) {
    return absl::InvalidArgumentError(
        absl::StrCat("subset \"", subset, "\" is none of suite \"", suite.name(), "\""));
  }
  const absl::StatusOr<SuiteRules> rules = CompileSuite(RulesOfSubset(suite, subset));
  if (!rules.ok()) return rules.status();
  if (rules->suite.request() != v1::Suite::ROLLING) {
    return absl::InvalidArgumentError(absl::StrCat(suite.name(), ": request is not ROLLING"));
  }
  std::vector<std::string> texts;
  for (const v1::Document& document : documents) {
    const absl::StatusOr<Question> question = Question::Read(*rules, document, subset, "");
    absl::StatusOr<std::string> text = question.ok() ? rules->prompt.Render(question->fields())
                                                     : absl::StatusOr<std::string>(question.status());
    if (!text.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(suite.name(), ": document \"", document.id(), "\": ", text.status().message()));
    }
    texts.push_back(*std::move(text));
  }
  absl::StatusOr<std::unique_ptr<BitsPerByteSuite>> whole =
      BitsPerByteSuite::Create(tokenizer, positions_max, texts);
  if (!whole.ok()) return whole.status();
  std::unique_ptr<RollingSuite> rolling(new RollingSuite);
  rolling->texts_ = *std::move(whole);
  for (const MetricRule& rule : rules->metrics) {
    rolling->metrics_.emplace_back(rule.metric.measure(), rule.metric.name());
  }
  rolling->name_ = subset.empty() ? suite.name() : absl::StrCat(suite.name(), "/", subset);
  rolling->profile_ = absl::StrCat(suite.profile(), suite.version().empty() ? "" : ": ", suite.version());
  rolling->sha256_ = SuiteSha256(suite);
  if (!subset.empty()) {
    rolling->subset_of_ = {.suite = suite.name(),
                           .parts = SubsetNames(suite).size(),
                           .by_size = suite.aggregation() == v1::Suite::QUESTIONS};
  }
  return rolling;
}

Judgement RollingSuite::Judge(const Answers& answers) const {
  Judgement judgement = texts_->Judge(answers);
  judgement.result.set_suite(name_);
  judgement.result.set_profile(profile_);
  judgement.result.set_suite_sha256(sha256_);
  judgement.subset_of = subset_of_;
  google::protobuf::RepeatedPtrField<v1::MetricResult> named;
  for (const auto& [measure, name] : metrics_) {
    for (const v1::MetricResult& metric : judgement.result.metrics()) {
      if (metric.name() != measure) continue;
      *named.Add() = metric;
      named.rbegin()->set_name(name);
    }
  }
  judgement.result.mutable_metrics()->Swap(&named);
  return judgement;
}

}  // namespace bonsai
