#include "evaluator/suite_groups.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

using Parts = std::vector<const Judgement*>;

// nullptr if the part has no such metric.
const v1::MetricResult* FindMetric(const Judgement& part, const std::string& name) {
  for (const v1::MetricResult& metric : part.result.metrics()) {
    if (metric.name() == name) return &metric;
  }
  return nullptr;
}

double Mean(const Parts& parts, bool by_size, const std::function<double(const Judgement&)>& value) {
  double sum = 0, weights = 0;
  for (const Judgement* part : parts) {
    const double weight = by_size ? static_cast<double>(part->result.documents()) : 1;
    sum += weight * value(*part);
    weights += weight;
  }
  return sum / weights;
}

// By size: sqrt(sum (n - 1) sd^2 / (sum n - parts) / sum n) with sd^2 = stderr^2 n, lm-evaluation-harness'
// pooled_sample_stderr. Otherwise that of a sum of independent means.
double StandardError(const Parts& parts, bool by_size, const std::string& name) {
  double squares = 0, questions = 0;
  for (const Judgement* part : parts) {
    const double n = static_cast<double>(part->result.documents());
    const double error = FindMetric(*part, name)->stderr();
    squares += by_size ? (n - 1) * error * error * n : error * error;
    questions += n;
  }
  const double count = static_cast<double>(parts.size());
  return by_size ? std::sqrt(squares / (questions - count) / questions) : std::sqrt(squares) / count;
}

// nullopt if a part lacks the metric.
std::optional<v1::MetricResult> GroupMetric(const Parts& parts, bool by_size, const v1::MetricResult& first) {
  const std::string& name = first.name();
  bool stderrs = true, floors = true;
  for (const Judgement* part : parts) {
    const v1::MetricResult* metric = FindMetric(*part, name);
    if (metric == nullptr) return std::nullopt;
    stderrs = stderrs && metric->has_stderr();
    floors = floors && metric->has_floor();
  }
  v1::MetricResult group;
  group.set_name(name);
  group.set_lower_is_better(first.lower_is_better());
  if (first.has_ceiling()) group.set_ceiling(first.ceiling());
  group.set_value(
      Mean(parts, by_size, [&](const Judgement& part) { return FindMetric(part, name)->value(); }));
  if (stderrs) group.set_stderr(StandardError(parts, by_size, name));
  if (floors) {
    group.set_floor(
        Mean(parts, by_size, [&](const Judgement& part) { return FindMetric(part, name)->floor(); }));
    group.set_floor_name("each part's own");
  }
  return group;
}

Judgement GroupOf(const Parts& parts) {
  const Judgement& first = *parts[0];
  Judgement group;
  group.result.set_suite(first.subset_of.suite);
  group.result.set_profile(first.result.profile());
  group.result.set_suite_sha256(first.result.suite_sha256());
  uint64_t documents = 0;
  for (const Judgement* part : parts) documents += part->result.documents();
  group.result.set_documents(documents);
  for (const v1::MetricResult& metric : first.result.metrics()) {
    std::optional<v1::MetricResult> mean = GroupMetric(parts, first.subset_of.by_size, metric);
    if (mean.has_value()) *group.result.add_metrics() = *std::move(mean);
  }
  group.result.add_notes(
      absl::StrCat(parts.size(), " parts; the mean ",
                   first.subset_of.by_size ? "over all questions" : "of the parts' means"));
  size_t degenerate = 0;
  for (const Judgement* part : parts) degenerate += !part->result.degenerate().empty();
  if (degenerate > 0)
    group.result.set_degenerate(absl::StrCat(degenerate, " of ", parts.size(), " parts are"));
  return group;
}

}  // namespace

void AddGroups(std::vector<Judgement>* judgements) {
  std::vector<std::string> names;
  for (const Judgement& judgement : *judgements) {
    const std::string& name = judgement.subset_of.suite;
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const std::string& name : names) {
    Parts parts;
    for (const Judgement& judgement : *judgements) {
      // A secret suite's figures are rounded, and say which questions they are of.
      if (judgement.subset_of.suite != name || judgement.result.holdout()) continue;
      // Parts of two profiles make no figure.
      if (!parts.empty() && judgement.result.suite_sha256() != parts[0]->result.suite_sha256()) continue;
      parts.push_back(&judgement);
    }
    // Some parts' mean would stand beside other models' of all.
    if (parts.size() < 2 || parts.size() != parts[0]->subset_of.parts) continue;
    Judgement group = GroupOf(parts);
    judgements->push_back(std::move(group));
  }
}

}  // namespace bonsai
