#include "evaluator/evaluate_runner.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/engine.h"
#include "evaluator/answer_run.h"
#include "evaluator/answer_store.h"
#include "evaluator/engine_language_model.h"
#include "evaluator/evaluation_progress.h"
#include "evaluator/item_file.h"
#include "evaluator/model_artifact.h"
#include "evaluator/report_file.h"
#include "evaluator/suite_groups.h"
#include "evaluator/suite_list.h"
#include "evaluator/suite_requests.h"
#include "evaluator/suites/bits_per_byte.h"

namespace bonsai {
namespace {

// A suite that asks what no model of this shape can answer is told before any is asked.
absl::Status CheckSuites(const SuiteList& list, const edge::ModelConfig& config) {
  for (size_t i = 0; i < list.suites.size(); ++i) {
    const Suite& suite = *list.suites[i];
    absl::Status status = CheckRequests(suite.requests(), config.vocab_size, config.max_seq_len);
    if (status.ok()) status = CheckRequests(suite.generations(), config.vocab_size, config.max_seq_len);
    if (!status.ok())
      return absl::InvalidArgumentError(absl::StrCat("evaluate: suite ", i, ", ", status.message()));
  }
  return absl::OkStatus();
}

// The model answers what the store lacks of the entries [begin, end).
absl::Status AskModel(RunnerContext& context, const ModelArtifact& artifact, const SuiteRequests& requests,
                      size_t begin, size_t end, AnswerStore& store) {
  std::string error;
  const std::unique_ptr<edge::Model> weights =
      edge::Model::FromSafetensors(artifact.config_json(), artifact.weights(), &error);
  if (weights == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("the engine cannot load the model: ", error));
  const int threads =
      static_cast<int>(std::clamp<uint32_t>(context.task().spec().resources().cpus(), 1, 256));
  const absl::StatusOr<std::unique_ptr<EngineLanguageModel>> model =
      EngineLanguageModel::Create(*weights, threads);
  if (!model.ok()) return model.status();
  EvaluationProgress progress(context, end - begin);
  return AnswerAll({requests.plan(), requests.digests(), begin, end},
                   context.task().spec().evaluate().batch_requests(), artifact.tokenizer(), **model, store,
                   [&](uint64_t done) { return progress.Update(done); });
}

// A part of a split evaluation: its answers alone.
absl::Status RunPart(RunnerContext& context, const ModelArtifact& artifact, const SuiteRequests& requests,
                     AnswerStore& store) {
  const v1::EvaluateSpec::Part& part = context.task().spec().evaluate().part();
  if (part.index() >= part.count() || part.count() > kEvaluationPartsMax) {
    return absl::InvalidArgumentError(absl::StrCat("evaluate.part: index ", part.index(), " of ",
                                                   part.count(), " parts; must be one of at most ",
                                                   kEvaluationPartsMax));
  }
  const std::vector<size_t> cuts = requests.plan().Cut(part.count());
  const size_t begin = cuts[part.index()], end = cuts[part.index() + 1];
  if (absl::Status status = AskModel(context, artifact, requests, begin, end, store); !status.ok())
    return status;
  return store.PublishPart(requests.digests().subspan(begin, end - begin));
}

absl::Status CollectAnswers(RunnerContext& context, const ModelArtifact& artifact,
                            const SuiteRequests& requests, AnswerStore& store) {
  const int parts = context.task().spec().evaluate().answers_size();
  if (parts == 0) return AskModel(context, artifact, requests, 0, requests.plan().size(), store);
  if (absl::Status status = store.AddParts(); !status.ok()) return status;
  const size_t missing = requests.CountMissing(store);
  if (missing == 0) return EvaluationProgress(context, requests.plan().size()).Update(requests.plan().size());
  return absl::FailedPreconditionError(absl::StrCat("evaluate.answers: ", parts, " parts lack answers to ",
                                                    missing, " of ", requests.plan().size(), " requests"));
}

absl::StatusOr<std::vector<Judgement>> JudgeSuites(const SuiteRequests& requests, const AnswerStore& store,
                                                   SuiteList& list) {
  std::vector<Judgement> judgements;
  std::set<std::string> names;
  for (size_t i = 0; i < list.suites.size(); ++i) {
    judgements.push_back(requests.Judge(i, store));
    const std::string& name = judgements.back().result.suite();
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("evaluate: two suites are called \"", name, "\"; their names must differ"));
    }
  }
  AddGroups(&judgements);
  if (list.xz != nullptr) {
    const absl::StatusOr<XzFigures> figures = list.xz->Wait();
    if (!figures.ok()) return figures.status();
    BitsPerByteSuite::AddXzFigures(*figures, &judgements[0].result);
  }
  return judgements;
}

absl::Status Publish(RunnerContext& context, const v1::EvaluationReport& report,
                     std::span<const Judgement> judgements) {
  v1::Manifest manifest;
  manifest.set_kind("evaluation");
  if (absl::Status status = AddReport(context, report, "report", manifest); !status.ok()) return status;
  std::vector<std::pair<std::string, double>> metrics;
  for (const Judgement& judgement : judgements) {
    const v1::SuiteResult& result = judgement.result;
    for (const v1::MetricResult& metric : result.metrics()) {
      metrics.emplace_back(absl::StrCat(result.suite(), "/", metric.name()), metric.value());
      v1::Property* property = manifest.add_properties();
      property->set_name(metrics.back().first);
      property->set_value(absl::StrCat(metric.value()));
    }
    if (judgement.items.empty() || result.holdout()) continue;
    absl::Status status = AddItems(context, result.suite(), judgement.items, manifest);
    if (!status.ok()) return status;
  }
  context.ReportSample(0, metrics);
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace

absl::Status RunEvaluate(RunnerContext& context) {
  const v1::EvaluateSpec& spec = context.task().spec().evaluate();
  const absl::StatusOr<InputArtifact> input = context.Input("evaluate.model");
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::unique_ptr<ModelArtifact>> artifact = ModelArtifact::Open(context, *input);
  if (!artifact.ok()) return artifact.status();
  absl::StatusOr<SuiteList> list = MakeSuites(context, **artifact, !spec.has_part());
  if (!list.ok()) return list.status();
  if (absl::Status status = CheckSuites(*list, (*artifact)->config()); !status.ok()) return status;
  const SuiteRequests requests(list->suites);
  AnswerStore store(context, input->id);
  store.Resume();
  if (spec.has_part()) return RunPart(context, **artifact, requests, store);
  if (absl::Status status = CollectAnswers(context, **artifact, requests, store); !status.ok()) return status;
  const absl::StatusOr<std::vector<Judgement>> judgements = JudgeSuites(requests, store, *list);
  if (!judgements.ok()) return judgements.status();

  v1::EvaluationReport report;
  report.set_model_id(input->id);
  report.set_parameters((*artifact)->parameters());
  for (const Judgement& judgement : *judgements) *report.add_suites() = judgement.result;
  return Publish(context, report, *judgements);
}

}  // namespace bonsai
