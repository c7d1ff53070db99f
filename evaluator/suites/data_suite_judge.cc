// What the answers to a DataSuite's requests are worth.
#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "evaluator/degeneracy.h"
#include "evaluator/suites/answer_measure.h"
#include "evaluator/suites/data_suite.h"
#include "evaluator/suites/prompt_request.h"
#include "evaluator/white_space.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

// A text's beginning, for people.
std::string Shown(const std::string& text) {
  constexpr size_t kBytesMax = 60;
  return text.size() <= kBytesMax ? text : absl::StrCat(ValidUtf8(text.substr(0, kBytesMax)), "...");
}

// What measures of one text share is computed once, as long as the metrics read the same out of it.
std::optional<double> ValueOf(const TextAnswer& text, absl::string_view measure,
                              std::optional<MeasuredText>& measured) {
  if (!measured.has_value() || measured->text() != text) measured.emplace(text);
  return measured->Value(measure);
}

bool IsBlank(absl::string_view text) { return StripSpace(text).empty(); }

// Mean, and the standard error of a mean: the sample's standard deviation / sqrt(n).
v1::MetricResult MeanOf(const std::string& name, const std::vector<std::optional<double>>& values) {
  v1::MetricResult metric;
  metric.set_name(name);
  double sum = 0, count = 0;
  for (const std::optional<double>& value : values) {
    if (!value.has_value()) continue;
    sum += *value;
    ++count;
  }
  const double mean = sum / count;
  metric.set_value(mean);
  double squares = 0;
  for (const std::optional<double>& value : values) {
    if (value.has_value()) squares += (*value - mean) * (*value - mean);
  }
  if (count > 1) metric.set_stderr(std::sqrt(squares / (count - 1) / count));
  return metric;
}

void SetFloor(double value, const std::string& name, v1::MetricResult* metric) {
  v1::Floor* floor = metric->add_floors();
  floor->set_name(name);
  floor->set_value(value);
  if (metric->has_floor() && metric->floor() >= value) return;
  metric->set_floor(value);
  metric->set_floor_name(name);
}

}  // namespace

struct DataSuite::Column {
  std::string name;
  std::vector<std::optional<double>> values;  // nullopt: the question does not count
  std::vector<std::string> extracted;
  std::vector<std::string> expected;
};

std::vector<double> DataSuite::ScoresOf(const Item& item, const Answers& answers) const {
  std::vector<double> scores;
  for (size_t i = 0; i < item.choices.size(); ++i) {
    const size_t at = item.first_request + i;
    const Score& score = answers.scores[at];
    scores.push_back(rules_.suite.request() == v1::Suite::PERPLEXITY ? -MeanCrossEntropy(requests_[at], score)
                                                                     : score.loglikelihood);
  }
  return scores;
}

DataSuite::Column DataSuite::JudgeMetric(const MetricRule& rule, const Answers& answers,
                                         MeasuredTexts& measured) const {
  Column column{.name = rule.metric.name(), .values = {}, .extracted = {}, .expected = {}};
  const std::string& measure = rule.metric.measure();
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    std::optional<double> value;
    if (rules_.chooses()) {
      const std::vector<double> scores = ScoresOf(item, answers);
      const ScoredChoices choices{.scores = scores, .texts = item.choices, .right = item.right_choices};
      column.extracted.push_back(item.letters[TakenChoice(measure, choices)]);
      column.expected.push_back(item.right_choices.empty() ? "" : item.letters[item.right_choices[0]]);
      if (!item.right_choices.empty()) value = MeasureChoices(measure, choices);
    } else {
      const std::string& response = answers.texts[item.first_request];
      const TextAnswer text{.response = rule.both.Apply(rule.response.Apply(response)),
                            .answer = rule.both.Apply(rule.answer.Apply(item.answer)),
                            .right = item.right,
                            .wrong = item.wrong};
      const bool known = !item.answer.empty() || !item.right.empty();
      if (measure == kPassAt1) {
        const size_t at = item.first_request;
        if (at < answers.verdicts.size()) value = answers.verdicts[at].passed;
      } else if (known && !(rule.metric.skip_blank() && IsBlank(response))) {
        value = ValueOf(text, measure, measured[i]);
      }
      column.extracted.push_back(text.response);
      column.expected.push_back(text.answer);
    }
    column.values.push_back(value);
  }
  return column;
}

// What one gets without a model. Of choices that are named by letters: always the same letter; of others: one
// at random. Of texts: always the same one, the most frequent answer, or the right answer that most questions
// share.
void DataSuite::SetFloors(const MetricRule& rule, MeasuredTexts& constants, v1::MetricResult* metric) const {
  if (rule.metric.measure() == kPassAt1) return SetFloor(0, "a program that does nothing", metric);
  if (rules_.chooses()) {
    double chance = 0;
    std::map<std::string, double> letters;
    for (const Item& item : items_) {
      chance += static_cast<double>(item.right_choices.size()) / static_cast<double>(item.choices.size());
      for (const size_t right : item.right_choices) ++letters[item.letters[right]];
    }
    const double n = static_cast<double>(items_.size());
    SetFloor(chance / n, "chance", metric);
    if (!letters_shown_) return;
    for (const auto& [letter, count] : letters)
      SetFloor(count / n, absl::StrCat("constant answer ", letter), metric);
    return;
  }
  std::map<std::string, size_t> counts;
  for (const Item& item : items_) {
    if (item.right.empty() && !item.answer.empty()) ++counts[rule.both.Apply(rule.answer.Apply(item.answer))];
    for (const std::string& right : item.right) ++counts[right];
  }
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == counts.end()) return;
  double sum = 0, known = 0;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    if (item.right.empty() && item.answer.empty()) continue;
    const TextAnswer text{.response = most->first,
                          .answer = rule.both.Apply(rule.answer.Apply(item.answer)),
                          .right = item.right,
                          .wrong = item.wrong};
    const std::optional<double> value = ValueOf(text, rule.metric.measure(), constants[i]);
    known += value.has_value();
    sum += value.value_or(0);
  }
  if (known > 0) SetFloor(sum / known, absl::StrCat("constant answer \"", Shown(most->first), "\""), metric);
}

std::vector<v1::ItemResult> DataSuite::ListItems(const std::vector<Column>& columns,
                                                 const Answers& answers) const {
  std::vector<v1::ItemResult> items;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    v1::ItemResult result;
    result.set_id(item.id);
    result.set_prompt(item.prompt);
    result.set_prompt_sha256(Sha256Hex(item.prompt));
    if (rules_.chooses()) {
      for (size_t j = 0; j < item.choices.size(); ++j) {
        result.add_loglikelihoods(answers.scores[item.first_request + j].loglikelihood);
      }
    } else {
      result.set_response(answers.texts[item.first_request]);
    }
    result.set_extracted(columns[0].extracted[i]);
    result.set_expected(columns[0].expected[i]);
    for (const Column& column : columns) {
      if (!column.values[i].has_value()) continue;
      v1::MetricValue* value = result.add_metrics();
      value->set_name(column.name);
      value->set_value(*column.values[i]);
    }
    items.push_back(std::move(result));
  }
  return items;
}

bool DataSuite::has_programs() const {
  return std::any_of(rules_.metrics.begin(), rules_.metrics.end(),
                     [](const MetricRule& rule) { return rule.metric.measure() == kPassAt1; });
}

std::vector<CodeProgram> DataSuite::Programs(const Answers& answers) const {
  std::vector<CodeProgram> programs;
  for (const MetricRule& rule : rules_.metrics) {
    if (rule.metric.measure() != kPassAt1) continue;
    for (const Item& item : items_) {
      CodeProgram program = item.code;
      absl::StrAppend(&program.program,
                      rule.both.Apply(rule.response.Apply(answers.texts[item.first_request])), "\n");
      programs.push_back(std::move(program));
    }
  }
  return programs;
}

// Why programs did not pass, and how many, by reason.
void DataSuite::DescribeVerdicts(const Answers& answers, v1::SuiteResult* result) const {
  constexpr size_t kReasonsMax = 10;
  std::map<std::string, size_t> reasons;
  for (const CodeVerdict& verdict : answers.verdicts) {
    if (!verdict.passed) ++reasons[verdict.why];
  }
  for (const auto& [why, count] : reasons) {
    if (static_cast<size_t>(result->notes_size()) > kReasonsMax) return;
    result->add_notes(absl::StrCat(count, " of ", answers.verdicts.size(), ": ", why));
  }
}

Judgement DataSuite::Judge(const Answers& answers) const {
  v1::SuiteResult result;
  result.set_suite(name_);
  result.set_profile(absl::StrCat(rules_.suite.profile(), rules_.suite.version().empty() ? "" : ": ",
                                  rules_.suite.version()));
  result.set_documents(items_.size());
  result.set_suite_sha256(sha256_);
  std::vector<Column> columns;
  MeasuredTexts measured(items_.size()), constants(items_.size());
  for (const MetricRule& rule : rules_.metrics) {
    columns.push_back(JudgeMetric(rule, answers, measured));
    const std::vector<std::optional<double>>& values = columns.back().values;
    const size_t counted =
        std::count_if(values.begin(), values.end(), [](const auto& value) { return value.has_value(); });
    if (counted == 0) continue;
    v1::MetricResult* metric = result.add_metrics();
    *metric = MeanOf(rule.metric.name(), values);
    const std::optional<double> ceiling = MeasureCeiling(rule.metric.measure());
    if (ceiling.has_value()) metric->set_ceiling(*ceiling);
    SetFloors(rule, constants, metric);
    if (counted < items_.size()) {
      result.add_notes(absl::StrCat(metric->name(), ": of ", counted, " of ", items_.size(), " questions"));
    }
  }
  if (result.metrics().empty())
    result.add_notes("nothing to measure: no answer is known, or all were left out");
  for (const std::string& note : notes_) result.add_notes(note);
  DescribeVerdicts(answers, &result);
  Judgement judgement{.result = std::move(result), .items = ListItems(columns, answers)};
  judgement.result.set_degenerate(FindDegeneracy(judgement.items));
  if (name_ != rules_.suite.name()) {
    judgement.subset_of = {.suite = rules_.suite.name(),
                           .parts = subsets_,
                           .by_size = rules_.suite.aggregation() == v1::Suite::QUESTIONS};
  }
  return judgement;
}

}  // namespace bonsai
