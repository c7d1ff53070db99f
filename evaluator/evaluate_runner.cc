#include "evaluator/evaluate_runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "edge_runtime/engine/engine.h"
#include "evaluator/corpus.h"
#include "evaluator/data_suites.h"
#include "evaluator/engine_language_model.h"
#include "evaluator/model_artifact.h"
#include "evaluator/report_file.h"
#include "evaluator/suite_groups.h"
#include "evaluator/suites/bits_per_byte.h"
#include "evaluator/suites/csqa.h"
#include "evaluator/xz_size.h"

namespace bonsai {
namespace {

constexpr char kTextField[] = "evaluate.bits_per_byte.corpus";
constexpr char kReferenceField[] = "evaluate.bits_per_byte.xz_reference";
constexpr char kQuestionsField[] = "evaluate.commonsenseqa.corpus";

// xz's figures, measured on a thread of their own. Destroying it stops the thread.
class XzMeasurement {
 public:
  XzMeasurement(RunnerContext& context, std::vector<std::string> texts, bool has_reference)
      : texts_(std::move(texts)) {
    std::function<absl::StatusOr<std::unique_ptr<DocumentReader>>()> open;
    if (has_reference) open = [&context] { return OpenCorpus(context, kReferenceField); };
    result_ = std::async(std::launch::async, [this, &context, open] {
      return MeasureXz(texts_, open, [this, &context] { return stop_ || context.StopRequested(); });
    });
  }
  ~XzMeasurement() { stop_ = true; }

  absl::StatusOr<XzFigures> Wait() { return result_.get(); }

 private:
  const std::vector<std::string> texts_;
  std::atomic<bool> stop_ = false;
  std::future<absl::StatusOr<XzFigures>> result_;  // last: its destructor waits for the thread
};

struct Suites {
  std::vector<std::unique_ptr<Suite>> suites;
  std::unique_ptr<XzMeasurement> xz;  // of suites[0], if it is bits_per_byte
};

absl::Status AddBitsPerByte(RunnerContext& context, const ModelArtifact& model, Suites& suites) {
  const v1::EvaluateSpec::BitsPerByte& spec = context.task().spec().evaluate().bits_per_byte();
  absl::StatusOr<std::vector<std::string>> texts = ReadTexts(context, kTextField, spec.max_documents());
  if (!texts.ok()) return texts.status();
  // Opened here only so that a reference that cannot be read fails the job before the model scores.
  if (!spec.xz_reference().empty()) {
    if (absl::Status status = OpenCorpus(context, kReferenceField).status(); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<BitsPerByteSuite>> suite =
      BitsPerByteSuite::Create(model.tokenizer(), model.config().max_seq_len, *texts);
  if (!suite.ok()) return suite.status();
  suites.suites.push_back(*std::move(suite));
  suites.xz = std::make_unique<XzMeasurement>(context, *std::move(texts), !spec.xz_reference().empty());
  return absl::OkStatus();
}

absl::Status AddCommonsenseQa(RunnerContext& context, const ModelArtifact& model, Suites& suites) {
  const v1::EvaluateSpec::CommonsenseQa& spec = context.task().spec().evaluate().commonsenseqa();
  const absl::StatusOr<std::vector<v1::Document>> documents =
      ReadCorpus(context, kQuestionsField, spec.max_documents());
  if (!documents.ok()) return documents.status();
  absl::StatusOr<std::unique_ptr<CommonsenseQaSuite>> suite =
      CommonsenseQaSuite::Create(model.tokenizer(), model.config().max_seq_len, spec.profile(), *documents);
  if (!suite.ok()) return suite.status();
  suites.suites.push_back(*std::move(suite));
  return absl::OkStatus();
}

absl::StatusOr<Suites> MakeSuites(RunnerContext& context, const ModelArtifact& model) {
  const v1::EvaluateSpec& spec = context.task().spec().evaluate();
  Suites suites;
  if (spec.has_bits_per_byte()) {
    if (absl::Status status = AddBitsPerByte(context, model, suites); !status.ok()) return status;
  }
  if (spec.has_commonsenseqa()) {
    if (absl::Status status = AddCommonsenseQa(context, model, suites); !status.ok()) return status;
  }
  if (absl::Status status = AddDataSuites(context, model, suites.suites); !status.ok()) return status;
  if (suites.suites.empty()) {
    return absl::InvalidArgumentError(
        "evaluate: names no suite; set bits_per_byte, commonsenseqa or suites, or several of them");
  }
  return suites;
}

// Reports progress over all suites together, at most twice a second.
class ProgressReport {
 public:
  ProgressReport(RunnerContext& context, uint64_t total) : context_(context), total_(total) {}

  absl::Status Update(uint64_t done) {
    if (context_.StopRequested()) return absl::CancelledError("asked to stop");
    const auto now = std::chrono::steady_clock::now();
    if (done < total_ && now - last_ < std::chrono::milliseconds(500)) return absl::OkStatus();
    last_ = now;
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const double eta =
        done == 0 ? -1 : elapsed / static_cast<double>(done) * static_cast<double>(total_ - done);
    context_.ReportProgress(done, total_, "requests", eta);
    return absl::OkStatus();
  }

 private:
  RunnerContext& context_;
  const uint64_t total_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_;
};

absl::StatusOr<std::vector<v1::SuiteResult>> ScoreSuites(RunnerContext& context, LanguageModel& model,
                                                         const edge::Tokenizer& tokenizer, Suites& suites) {
  uint64_t total = 0;
  for (const auto& suite : suites.suites) total += suite->requests().size() + suite->generations().size();
  ProgressReport progress(context, total);
  std::vector<Judgement> judgements;
  uint64_t before = 0;
  const ScoreProgress update = [&](uint64_t done) { return progress.Update(before + done); };
  for (const auto& suite : suites.suites) {
    const absl::StatusOr<std::vector<Score>> scores = model.ScoreAll(suite->requests(), update);
    if (!scores.ok()) return scores.status();
    before += suite->requests().size();
    const absl::StatusOr<std::vector<std::string>> texts =
        model.GenerateAll(suite->generations(), tokenizer, update);
    if (!texts.ok()) return texts.status();
    before += suite->generations().size();
    judgements.push_back(suite->Judge({.scores = *scores, .texts = *texts}));
  }
  AddGroups(&judgements);
  std::vector<v1::SuiteResult> results;
  for (Judgement& judgement : judgements) results.push_back(std::move(judgement.result));
  if (suites.xz != nullptr) {
    const absl::StatusOr<XzFigures> figures = suites.xz->Wait();
    if (!figures.ok()) return figures.status();
    BitsPerByteSuite::AddXzFigures(*figures, &results[0]);
  }
  return results;
}

absl::Status Publish(RunnerContext& context, const v1::EvaluationReport& report) {
  v1::Manifest manifest;
  manifest.set_kind("evaluation");
  if (absl::Status status = AddReport(context, report, "report", manifest); !status.ok()) return status;
  std::vector<std::pair<std::string, double>> metrics;
  for (const v1::SuiteResult& suite : report.suites()) {
    for (const v1::MetricResult& metric : suite.metrics()) {
      metrics.emplace_back(absl::StrCat(suite.suite(), "/", metric.name()), metric.value());
      v1::Property* property = manifest.add_properties();
      property->set_name(metrics.back().first);
      property->set_value(absl::StrCat(metric.value()));
    }
  }
  context.ReportSample(0, metrics);
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace

absl::Status RunEvaluate(RunnerContext& context) {
  const absl::StatusOr<InputArtifact> input = context.Input("evaluate.model");
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::unique_ptr<ModelArtifact>> artifact = ModelArtifact::Open(context, *input);
  if (!artifact.ok()) return artifact.status();
  std::string error;
  const std::unique_ptr<edge::Model> weights =
      edge::Model::FromSafetensors((*artifact)->config_json(), (*artifact)->weights(), &error);
  if (weights == nullptr)
    return absl::InvalidArgumentError(absl::StrCat("the engine cannot load the model: ", error));
  const int threads =
      static_cast<int>(std::clamp<uint32_t>(context.task().spec().resources().cpus(), 1, 256));
  const absl::StatusOr<std::unique_ptr<EngineLanguageModel>> model =
      EngineLanguageModel::Create(*weights, threads);
  if (!model.ok()) return model.status();

  absl::StatusOr<Suites> suites = MakeSuites(context, **artifact);
  if (!suites.ok()) return suites.status();
  const absl::StatusOr<std::vector<v1::SuiteResult>> results =
      ScoreSuites(context, **model, (*artifact)->tokenizer(), *suites);
  if (!results.ok()) return results.status();

  v1::EvaluationReport report;
  report.set_model_id(input->id);
  report.set_parameters((*artifact)->parameters());
  for (const v1::SuiteResult& result : *results) *report.add_suites() = result;
  return Publish(context, report);
}

}  // namespace bonsai
