#include "evaluator/submission_runner.h"

#include "bonsai/v1/report.pb.h"
#include "edge_runtime/model/model_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// A lineage in one store: data -> model -> export -> {evaluation, bundle -> benchmark}, and a submission of
// the export.
class SubmissionRunner : public testing::Test {
 protected:
  void SetUp() override {
    context_ = FakeRunnerContext::Create(testing::TempDir());
    // Tests run in the root of the runfiles, as a worker does beside its share folder.
    context_->mutable_task().set_share_dir("deploy");
    spec().set_name("pocket");
    spec().set_track("from_scratch");
    spec().set_model("@export");
    spec().add_evaluations("@evaluate");
    spec().add_benchmarks("@bench");

    corpus_ = Put("corpus", {}, {}, "c4");
    model_ = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 1), {corpus_});
    auto files = edge::FixtureFiles(edge::FixtureConfig(), 1);
    files["generation_config.json"] = "{}";
    export_ = Put("export", files, {model_});
    bundle_ = Put("bundle", {{"bonsai-bundle", "elf"}}, {export_});
  }

  v1::SubmissionSpec& spec() { return *context_->mutable_task().mutable_spec()->mutable_submission(); }

  std::string Put(const std::string& kind, const std::map<std::string, std::string>& files,
                  const std::vector<std::string>& inputs, const std::string& dataset = "") {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    for (const auto& [path, bytes] : files) EXPECT_TRUE(AddBytes(*context_, bytes, path, manifest).ok());
    for (const std::string& input : inputs) manifest.mutable_lineage()->add_inputs()->set_artifact_id(input);
    if (!dataset.empty()) manifest.mutable_lineage()->add_sources()->set_dataset(dataset);
    return PutManifest(context_->blobs(), manifest).value();
  }

  v1::EvaluationReport Report(const std::string& model_id) {
    v1::EvaluationReport report;
    report.set_model_id(model_id);
    v1::SuiteResult* suite = report.add_suites();
    suite->set_suite("bits_per_byte");
    v1::MetricResult* metric = suite->add_metrics();
    metric->set_name("bits_per_byte");
    metric->set_value(2.25);
    return report;
  }

  std::string PutEvaluation(const std::string& model_id) {
    return Put("evaluation", {{"report.binpb", Report(model_id).SerializeAsString()}}, {model_id});
  }

  std::string PutBenchmark(const std::string& bundle_id, uint64_t peak_memory_bytes) {
    v1::BenchmarkReport report;
    report.set_bundle_id(bundle_id);
    report.set_target("host");
    report.set_peak_memory_bytes(peak_memory_bytes);
    return Put("benchmark", {{"report.binpb", report.SerializeAsString()}}, {bundle_id});
  }

  absl::Status Submit(const std::string& model, const std::string& evaluation, const std::string& benchmark) {
    context_->AddInputId("submission.model", model);
    context_->AddInputId("submission.evaluations[0]", evaluation);
    context_->AddInputId("submission.benchmarks[0]", benchmark);
    return RunSubmission(*context_);
  }

  std::unique_ptr<FakeRunnerContext> context_;
  std::string corpus_, model_, export_, bundle_;
};

TEST_F(SubmissionRunner, PublishesARowThatHoldsEverything) {
  ASSERT_TRUE(Submit(export_, PutEvaluation(export_), PutBenchmark(bundle_, 1000)).ok());
  ASSERT_TRUE(context_->Output().ok());
  EXPECT_EQ(context_->Output()->kind(), "submission");
  v1::LeaderboardRow row;
  ASSERT_TRUE(row.ParseFromString(context_->OutputFile("row.binpb").value()));
  EXPECT_EQ(row.name(), "pocket");
  EXPECT_EQ(row.track(), "from_scratch");
  EXPECT_EQ(row.model_id(), export_);
  EXPECT_EQ(row.parameters(), static_cast<uint64_t>(edge::CountParameters(edge::FixtureConfig())));
  ASSERT_EQ(row.suites_size(), 1);
  EXPECT_EQ(row.suites(0).metrics(0).value(), 2.25);
  ASSERT_EQ(row.benchmarks_size(), 1);
  EXPECT_EQ(row.rules_size(), 10);
  EXPECT_EQ(row.reproduce(),
            "bonsai submission pack p1/job --out job && bonsai submit job/pipeline.textproto --watch");
  ASSERT_EQ(row.datasets_size(), 1);
  EXPECT_EQ(row.datasets(0), "c4");
  EXPECT_EQ(row.submission_id(), "");
  EXPECT_EQ(row.created_unix_ms(), 0);
  EXPECT_THAT(context_->OutputFile("row.json").value(), HasSubstr("\"track\": \"from_scratch\""));
}

TEST_F(SubmissionRunner, TakesAnEvaluationOfTheModelThatWasExported) {
  EXPECT_TRUE(Submit(export_, PutEvaluation(model_), PutBenchmark(bundle_, 1000)).ok());
}

TEST_F(SubmissionRunner, NamesEveryRuleThatFailed) {
  const std::string tainted = Put("corpus", {}, {}, "commonsenseqa");
  const std::string model = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 2), {corpus_, tainted});
  const std::string bundle = Put("bundle", {}, {model});
  const absl::Status status = Submit(model, PutEvaluation(model), PutBenchmark(bundle, 13'000'000'000));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(status),
              HasSubstr("datasets: the model's lineage holds commonsenseqa; allowed: c4, alpaca"));
  EXPECT_THAT(Text(status), HasSubstr("peak_memory: 13000000000 bytes on host; at most 12000000000"));
  EXPECT_THAT(Text(status), Not(HasSubstr("dtypes")));
  EXPECT_FALSE(context_->Output().ok());
}

TEST_F(SubmissionRunner, AConstantAnswerIsFlaggedAndRefusedWhereTheTrackSaysSo) {
  v1::EvaluationReport report = Report(export_);
  v1::SuiteResult* suite = report.add_suites();
  suite->set_suite("commonsenseqa");
  suite->set_profile("lmeval 0.4");
  suite->set_degenerate("answers C to every question");
  v1::MetricResult* metric = suite->add_metrics();
  metric->set_name("acc");
  metric->set_value(0.2088);
  v1::Floor* floor = metric->add_floors();
  floor->set_name("constant answer C");
  floor->set_value(0.2088);
  const std::string evaluation = Put("evaluation", {{"report.binpb", report.SerializeAsString()}}, {export_});
  ASSERT_TRUE(Submit(export_, evaluation, PutBenchmark(bundle_, 1000)).ok());
  v1::LeaderboardRow row;
  ASSERT_TRUE(row.ParseFromString(context_->OutputFile("row.binpb").value()));
  ASSERT_GE(row.flags_size(), 2);
  EXPECT_EQ(row.flags(0), "commonsenseqa: answers C to every question");
  EXPECT_EQ(row.flags(1), "commonsenseqa/acc 0.2088 is not above 0.2088 (constant answer C)");

  spec().set_track("compression");
  const absl::Status refused = Submit(export_, evaluation, PutBenchmark(bundle_, 1000));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(refused), HasSubstr("degenerate: the answers are no model's: commonsenseqa: answers C to "
                                       "every question"));
}

TEST_F(SubmissionRunner, CopiesTheComparisonsOfItsEvaluations) {
  v1::EvaluationReport report = Report(export_);
  report.add_comparisons()->set_test("exact McNemar");
  const std::string evaluation = Put("evaluation", {{"report.binpb", report.SerializeAsString()}}, {export_});
  ASSERT_TRUE(Submit(export_, evaluation, PutBenchmark(bundle_, 1000)).ok());
  v1::LeaderboardRow row;
  ASSERT_TRUE(row.ParseFromString(context_->OutputFile("row.binpb").value()));
  ASSERT_EQ(row.comparisons_size(), 1);
  EXPECT_EQ(row.comparisons(0).test(), "exact McNemar");
}

TEST_F(SubmissionRunner, TakesOneSuiteUnderTwoProfiles) {
  v1::EvaluationReport report = Report(export_);
  for (const char* profile : {"lmeval 0.4", "opencompass 0.3.1"}) {
    v1::SuiteResult* suite = report.add_suites();
    suite->set_suite("gsm8k");
    suite->set_profile(profile);
  }
  const std::string evaluation = Put("evaluation", {{"report.binpb", report.SerializeAsString()}}, {export_});
  EXPECT_TRUE(Submit(export_, evaluation, PutBenchmark(bundle_, 1000)).ok());
}

TEST_F(SubmissionRunner, FollowsTheLineageToItsEnd) {
  // The forbidden data went into the tokenizer's corpus, three steps up.
  const std::string tainted = Put("corpus", {}, {}, "secret");
  const std::string tokenizer = Put("tokenizer", {}, {tainted});
  const std::string tokens = Put("tokens", {}, {corpus_, tokenizer});
  const std::string model = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 2), {tokens});
  const absl::Status status =
      Submit(model, PutEvaluation(model), PutBenchmark(Put("bundle", {}, {model}), 1000));
  EXPECT_THAT(Text(status), HasSubstr("holds secret"));
}

TEST_F(SubmissionRunner, RefusesAnEvaluationOfAnotherModel) {
  const std::string other = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 2), {corpus_});
  const absl::Status status = Submit(export_, PutEvaluation(other), PutBenchmark(bundle_, 1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(status), HasSubstr("is not about the submission's model"));
}

TEST_F(SubmissionRunner, RefusesAnEvaluationOfTheModelThatThisOneWasTunedFrom) {
  const std::string tuned = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 2), {model_});
  const absl::Status status =
      Submit(tuned, PutEvaluation(model_), PutBenchmark(Put("bundle", {}, {tuned}), 1000));
  EXPECT_THAT(Text(status), HasSubstr("whose weights or tokenizer are other ones"));
}

TEST_F(SubmissionRunner, RefusesAReportThatNamesAModelItNeverHad) {
  const std::string other = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 2), {corpus_});
  const std::string forged =
      Put("evaluation", {{"report.binpb", Report(export_).SerializeAsString()}}, {other});
  EXPECT_THAT(Text(Submit(export_, forged, PutBenchmark(bundle_, 1000))),
              HasSubstr("which was no input of it"));
}

TEST_F(SubmissionRunner, RefusesABenchmarkOfAnotherModelsBundle) {
  const std::string other = Put("model", edge::FixtureFiles(edge::FixtureConfig(), 2), {corpus_});
  const std::string bundle = Put("bundle", {{"bonsai-bundle", "elf"}}, {other});
  const absl::Status status = Submit(export_, PutEvaluation(export_), PutBenchmark(bundle, 1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(status), HasSubstr("was built from another model"));
}

TEST_F(SubmissionRunner, RefusesASuiteThatTwoEvaluationsHold) {
  spec().add_evaluations("@evaluate2");
  context_->AddInputId("submission.evaluations[1]", PutEvaluation(model_));
  const absl::Status status = Submit(export_, PutEvaluation(export_), PutBenchmark(bundle_, 1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Text(status),
              HasSubstr("submission.evaluations[1]: an evaluation before it holds bits_per_byte too"));
}

TEST_F(SubmissionRunner, NamesTheTracksThatThereAre) {
  spec().set_track("from_scrath");
  const absl::Status status = Submit(export_, PutEvaluation(export_), PutBenchmark(bundle_, 1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Text(status),
              HasSubstr("there is no track \"from_scrath\"; there are compression, duo, from_scratch"));
}

TEST_F(SubmissionRunner, RefusesAReportThatIsNoReport) {
  const std::string broken = Put("evaluation", {{"report.binpb", "\xff\xff not a message"}}, {export_});
  const absl::Status status = Submit(export_, broken, PutBenchmark(bundle_, 1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Text(status), HasSubstr("report.binpb: not a bonsai.v1.EvaluationReport"));
}

TEST_F(SubmissionRunner, RefusesATruncatedModelAndNamesTheFile) {
  auto files = edge::FixtureFiles(edge::FixtureConfig(), 1);
  files["model.safetensors"].resize(files["model.safetensors"].size() / 2);
  const std::string model = Put("model", files, {corpus_});
  const absl::Status status = Submit(model, PutEvaluation(model), PutBenchmark(bundle_, 1000));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Text(status), HasSubstr("model.safetensors"));
}

}  // namespace
}  // namespace bonsai
