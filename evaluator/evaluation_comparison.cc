#include "evaluator/evaluation_comparison.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/mapped_file.h"
#include "evaluator/item_reader.h"
#include "evaluator/paired_test.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr uint64_t kSeed = 1234;  // of the permutation test: fixed, so that a report can be made again
constexpr int kChangedIdsMax = 100;

using ItemPair = std::pair<const v1::ItemResult*, const v1::ItemResult*>;  // now, then

std::vector<ItemPair> Match(std::span<const v1::ItemResult> items, std::span<const v1::ItemResult> earlier) {
  std::map<absl::string_view, const v1::ItemResult*> by_id;
  for (const v1::ItemResult& item : earlier) by_id.emplace(item.id(), &item);
  std::vector<ItemPair> pairs;
  for (const v1::ItemResult& item : items) {
    const auto found = by_id.find(item.id());
    if (found == by_id.end() || found->second->expected() != item.expected()) continue;
    pairs.emplace_back(&item, found->second);
    by_id.erase(found);
  }
  return pairs;
}

std::optional<double> ValueOf(const v1::ItemResult& item, absl::string_view metric) {
  for (const v1::MetricValue& value : item.metrics()) {
    if (value.name() == metric) return value.value();
  }
  return std::nullopt;
}

std::optional<v1::MetricComparison> CompareMetric(const v1::SuiteResult& result,
                                                  const v1::MetricResult& metric,
                                                  std::span<const ItemPair> pairs) {
  std::vector<double> now;
  std::vector<double> then;
  v1::MetricComparison comparison;
  for (const auto& [item, earlier] : pairs) {
    const std::optional<double> value = ValueOf(*item, metric.name());
    const std::optional<double> before = ValueOf(*earlier, metric.name());
    if (!value.has_value() || !before.has_value()) continue;
    now.push_back(*value);
    then.push_back(*before);
    if (*value != *before && comparison.changed_ids_size() < kChangedIdsMax)
      comparison.add_changed_ids(item->id());
  }
  if (now.empty()) return std::nullopt;
  const PairedResult test = PairedTest(now, then, kSeed);
  comparison.set_suite(result.suite());
  comparison.set_metric(metric.name());
  comparison.set_items(now.size());
  comparison.set_better(metric.lower_is_better() ? test.smaller : test.larger);
  comparison.set_worse(metric.lower_is_better() ? test.larger : test.smaller);
  comparison.set_difference(test.difference);
  comparison.set_p_value(test.p_value);
  comparison.set_test(test.test);
  return comparison;
}

absl::StatusOr<std::vector<v1::ItemResult>> ReadEarlier(RunnerContext& context, const InputArtifact& input,
                                                        const std::string& path) {
  const absl::StatusOr<std::string> local = context.InputPath(input, path);
  if (!local.ok()) return local.status();
  std::string error;
  const auto file = edge::MappedFile::Open(*local, &error);
  const auto place = absl::StrCat("evaluation ", input.id.substr(0, 12), ", ", path, ": ");
  if (file == nullptr) return absl::FailedPreconditionError(place + error);
  absl::StatusOr<std::vector<v1::ItemResult>> items = ParseItems({file->text().data(), file->text().size()});
  if (items.ok()) return items;
  return absl::Status(items.status().code(), place + std::string(items.status().message()));
}

}  // namespace

std::vector<v1::MetricComparison> CompareItems(const v1::SuiteResult& result,
                                               std::span<const v1::ItemResult> items,
                                               std::span<const v1::ItemResult> earlier) {
  const std::vector<ItemPair> pairs = Match(items, earlier);
  std::vector<v1::MetricComparison> comparisons;
  for (const v1::MetricResult& metric : result.metrics()) {
    std::optional<v1::MetricComparison> comparison = CompareMetric(result, metric, pairs);
    if (comparison.has_value()) comparisons.push_back(*std::move(comparison));
  }
  return comparisons;
}

absl::Status AddComparisons(RunnerContext& context, std::span<const Judgement> judgements,
                            v1::EvaluationReport* report) {
  if (context.task().spec().evaluate().compare_with().empty()) return absl::OkStatus();
  const absl::StatusOr<InputArtifact> input = context.Input("evaluate.compare_with");
  if (!input.ok()) return input.status();
  report->set_compared_with(input->id);
  for (size_t i = 0; i < judgements.size(); ++i) {
    const Judgement& judgement = judgements[i];
    if (judgement.items.empty() || judgement.result.holdout()) continue;
    const std::string path = absl::StrCat("items/", judgement.result.suite(), ".binpb");
    if (FindFile(input->manifest, path) == nullptr) {
      report->mutable_suites(static_cast<int>(i))
          ->add_notes("not compared: the earlier evaluation has no items of this suite");
      continue;
    }
    const absl::StatusOr<std::vector<v1::ItemResult>> earlier = ReadEarlier(context, *input, path);
    if (!earlier.ok()) return earlier.status();
    for (v1::MetricComparison& comparison : CompareItems(judgement.result, judgement.items, *earlier))
      *report->add_comparisons() = std::move(comparison);
  }
  return absl::OkStatus();
}

}  // namespace bonsai
