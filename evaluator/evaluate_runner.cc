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
#include "evaluator/evaluation_comparison.h"
#include "evaluator/evaluation_progress.h"
#include "evaluator/item_file.h"
#include "evaluator/model_artifact.h"
#include "evaluator/report_file.h"
#include "evaluator/sandbox/machine_code_judge.h"
#include "evaluator/suite_groups.h"
#include "evaluator/suite_judge.h"
#include "evaluator/suite_list.h"
#include "evaluator/suite_requests.h"
#include "evaluator/suites/bits_per_byte.h"

namespace bonsai {
namespace {

// A suite that asks what no model of this shape can answer is told before any is asked; so is a machine that
// cannot run the programs that a suite wants run.
absl::Status CheckSuites(const SuiteList& list, const edge::ModelConfig& config,
                         MachineCodeJudge& code_judge) {
  for (const auto* suites : {&list.suites, &list.secret}) {
    for (size_t i = 0; i < suites->size(); ++i) {
      const Suite& suite = *(*suites)[i];
      absl::Status status = CheckRequests(suite.requests(), config.vocab_size, config.max_seq_len);
      if (status.ok()) status = CheckRequests(suite.generations(), config.vocab_size, config.max_seq_len);
      if (!status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("evaluate: ", suite.secret() ? "secret " : "", "suite ", i, ", ", status.message()));
      }
      if (!suite.has_programs()) continue;
      if (absl::Status refused = code_judge.Prepare(); !refused.ok()) return refused;
    }
  }
  return absl::OkStatus();
}

int ThreadsOf(RunnerContext& context) {
  return static_cast<int>(std::clamp<uint32_t>(context.task().spec().resources().cpus(), 1, 256));
}

struct LoadedModel {
  std::unique_ptr<edge::Model> weights;
  std::unique_ptr<EngineLanguageModel> model;
};

absl::StatusOr<LoadedModel> LoadModel(RunnerContext& context, const ModelArtifact& artifact) {
  LoadedModel loaded;
  std::string error;
  loaded.weights = edge::Model::FromSafetensors(artifact.config_json(), artifact.weights(), &error);
  if (loaded.weights == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("the engine cannot load the model: ", error));
  absl::StatusOr<std::unique_ptr<EngineLanguageModel>> model =
      EngineLanguageModel::Create(*loaded.weights, ThreadsOf(context));
  if (!model.ok()) return model.status();
  loaded.model = *std::move(model);
  return loaded;
}

// The model answers what the store lacks of the entries [begin, end).
absl::Status AskModel(RunnerContext& context, const ModelArtifact& artifact, const SuiteRequests& requests,
                      size_t begin, size_t end, AnswerStore& store) {
  const absl::StatusOr<LoadedModel> loaded = LoadModel(context, artifact);
  if (!loaded.ok()) return loaded.status();
  EvaluationProgress progress(context, end - begin);
  return AnswerAll({requests.plan(), requests.digests(), begin, end},
                   context.task().spec().evaluate().batch_requests(), artifact.tokenizer(), *loaded->model,
                   store, [&](uint64_t done) { return progress.Update(done); });
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

absl::Status JudgeSecrets(RunnerContext& context, const ModelArtifact& artifact, const SuiteList& list,
                          CodeJudge& code_judge, std::vector<Judgement>& judgements) {
  if (list.secret.empty()) return absl::OkStatus();
  const absl::StatusOr<LoadedModel> loaded = LoadModel(context, artifact);
  if (!loaded.ok()) return loaded.status();
  uint64_t total = 0, before = 0;
  for (const auto& suite : list.secret) total += suite->requests().size() + suite->generations().size();
  EvaluationProgress progress(context, total);
  for (const auto& suite : list.secret) {
    absl::StatusOr<Judgement> judgement =
        AskAndJudge(*suite, *loaded->model, artifact.tokenizer(), code_judge,
                    [&](uint64_t done) { return progress.Update(before + done); });
    if (!judgement.ok()) return judgement.status();
    judgements.push_back(*std::move(judgement));
    before += suite->requests().size() + suite->generations().size();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Judgement>> JudgeSuites(RunnerContext& context, const ModelArtifact& artifact,
                                                   const SuiteRequests& requests, const AnswerStore& store,
                                                   SuiteList& list, CodeJudge& code_judge) {
  const CodeProgress go_on = [&](uint64_t) {
    return context.StopRequested() ? absl::CancelledError("asked to stop") : absl::OkStatus();
  };
  std::vector<Judgement> judgements;
  for (size_t i = 0; i < list.suites.size(); ++i) {
    absl::StatusOr<Judgement> judgement = requests.Judge(i, store, code_judge, go_on);
    if (!judgement.ok()) return judgement.status();
    judgements.push_back(*std::move(judgement));
  }
  absl::Status secrets = JudgeSecrets(context, artifact, list, code_judge, judgements);
  if (!secrets.ok()) return secrets;
  AddGroups(&judgements);
  std::set<std::string> names;
  for (const Judgement& judgement : judgements) {
    if (names.insert(judgement.result.suite()).second) continue;
    return absl::InvalidArgumentError(absl::StrCat("evaluate: two suites are called \"",
                                                   judgement.result.suite(), "\"; their names must differ"));
  }
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
  MachineCodeJudge code_judge(ThreadsOf(context));
  absl::Status checked = CheckSuites(*list, (*artifact)->config(), code_judge);
  if (!checked.ok()) return checked;
  const SuiteRequests requests(list->suites);
  AnswerStore store(context, input->id);
  store.Resume();
  if (spec.has_part()) return RunPart(context, **artifact, requests, store);
  if (absl::Status status = CollectAnswers(context, **artifact, requests, store); !status.ok()) return status;
  const absl::StatusOr<std::vector<Judgement>> judgements =
      JudgeSuites(context, **artifact, requests, store, *list, code_judge);
  if (!judgements.ok()) return judgements.status();

  v1::EvaluationReport report;
  report.set_model_id(input->id);
  report.set_parameters((*artifact)->parameters());
  for (const Judgement& judgement : *judgements) *report.add_suites() = judgement.result;
  if (absl::Status status = AddComparisons(context, *judgements, &report); !status.ok()) return status;
  return Publish(context, report, *judgements);
}

}  // namespace bonsai
