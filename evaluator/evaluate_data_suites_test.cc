// Evaluations whose suites are data, from the sealed questions or the programs to the report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/report.pb.h"
#include "edge_runtime/model/model_fixture.h"
#include "evaluator/document_bytes_testing.h"
#include "evaluator/evaluate_runner.h"
#include "evaluator/sandbox/sandbox_testing.h"
#include "runner/fake_runner_context.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

std::string Records(const std::vector<std::string>& records) {
  std::vector<v1::Document> documents(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    documents[i].set_id(absl::StrCat(i));
    documents[i].set_record(records[i]);
  }
  return DocumentBytes(documents);
}

class EvaluateDataSuites : public testing::Test {
 protected:
  EvaluateDataSuites() : context_(FakeRunnerContext::Create(testing::TempDir())) {
    context_->mutable_task().set_share_dir("deploy");
    spec().set_model("@model");
    context_->AddInput("evaluate.model", "model", edge::FixtureFiles(edge::FixtureConfig(), 1));
  }

  v1::EvaluateSpec& spec() { return *context_->mutable_task().mutable_spec()->mutable_evaluate(); }

  v1::EvaluateSpec::SuiteRun* AddSuite(const std::string& name, const std::string& profile,
                                       const std::string& kind, const std::string& file,
                                       const std::string& bytes) {
    v1::EvaluateSpec::SuiteRun* run = spec().add_suites();
    run->set_suite(name);
    run->set_profile(profile);
    run->set_corpus("@questions");
    context_->AddInput(absl::StrCat("evaluate.suites[", spec().suites_size() - 1, "].corpus"), kind,
                       {{file, bytes}});
    return run;
  }

  // A key that evaluations find; where it lies.
  static std::string NewKey() {
    std::string path = testing::TempDir() + "/key";
    std::ofstream(path, std::ios::trunc) << *NewKeyText();
    chmod(path.c_str(), 0600);
    setenv(kHoldoutKeyVariable, path.c_str(), 1);
    return path;
  }

  v1::EvaluationReport Report() {
    v1::EvaluationReport report;
    EXPECT_TRUE(report.ParseFromString(context_->OutputFile("report.binpb").value()));
    return report;
  }

  // Which files of the store and the work folder hold the text.
  std::vector<std::string> FilesWith(const std::string& text) {
    std::vector<std::string> found;
    for (const std::string& folder : {context_->task().storage_dir(), context_->task().work_dir()}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file() && ReadFile(entry.path()).find(text) != std::string::npos) {
          found.push_back(entry.path());
        }
      }
    }
    return found;
  }

  const std::unique_ptr<FakeRunnerContext> context_;
};

constexpr char kOpen[] = R"({"question": "How many lamps are lit?", "answer": "Two.\n#### 2"})";
constexpr char kSecret[] = R"({"question": "How many lanterns hang there?", "answer": "Some.\n#### 3"})";

TEST_F(EvaluateDataSuites, NothingOfSecretQuestionsOrTheirAnswersIsStored) {
  const std::string key_path = NewKey();
  AddSuite("gsm8k", "lmeval", "corpus", "documents.binpb", Records({kOpen, kOpen}))->set_shots(0);
  AddSuite("gsm8k", "opencompass", "holdout", kSealedQuestionsPath,
           *Seal(absl::StrCat(kSecret, "\n"), *ReadKeyFile(key_path)))
      ->set_shots(0);
  spec().mutable_suites(1)->set_profile("lmeval");
  const absl::Status status = RunEvaluate(*context_);
  unsetenv(kHoldoutKeyVariable);
  // Both are called gsm8k: the figures of one would hide the other's.
  EXPECT_THAT(std::string(status.message()), HasSubstr("two suites are called"));
  EXPECT_EQ(context_->checkpoints().size(), 1u);  // the open suite's answers, and no others
  EXPECT_EQ(FilesWith("lanterns"), std::vector<std::string>());
}

TEST_F(EvaluateDataSuites, ASecretSuiteIsReportedWithRoundedFiguresAlone) {
  const std::string key_path = NewKey();
  AddSuite("gsm8k", "lmeval", "holdout", kSealedQuestionsPath,
           *Seal(absl::StrCat(kSecret, "\n"), *ReadKeyFile(key_path)))
      ->set_shots(0);
  const absl::Status status = RunEvaluate(*context_);
  unsetenv(kHoldoutKeyVariable);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(context_->checkpoints().empty());
  const v1::EvaluationReport report = Report();
  ASSERT_EQ(report.suites_size(), 1);
  EXPECT_TRUE(report.suites(0).holdout());
  EXPECT_EQ(report.suites(0).answers_sha256(), "");
  EXPECT_FALSE(context_->OutputFile("items/gsm8k.binpb").ok());
  EXPECT_EQ(FilesWith("lanterns"), std::vector<std::string>());
}

TEST_F(EvaluateDataSuites, ItemsAreStoredAndComparedWithAnEarlierEvaluation) {
  AddSuite("gsm8k", "lmeval", "corpus", "documents.binpb", Records({kOpen, kOpen}))->set_shots(0);
  ASSERT_TRUE(RunEvaluate(*context_).ok());
  const std::string items = context_->OutputFile("items/gsm8k.binpb").value();
  const std::string report = context_->OutputFile("report.binpb").value();
  EXPECT_NE(items.find("lamps"), std::string::npos);

  const auto next = FakeRunnerContext::Create(testing::TempDir());
  next->mutable_task().set_share_dir("deploy");
  v1::EvaluateSpec& spec = *next->mutable_task().mutable_spec()->mutable_evaluate();
  spec = context_->task().spec().evaluate();
  next->AddInput("evaluate.model", "model", edge::FixtureFiles(edge::FixtureConfig(), 1));
  next->AddInput("evaluate.suites[0].corpus", "corpus", {{"documents.binpb", Records({kOpen, kOpen})}});
  spec.set_compare_with("@earlier");
  next->AddInput("evaluate.compare_with", "evaluation",
                 {{"items/gsm8k.binpb", items}, {"report.binpb", report}});
  const absl::Status status = RunEvaluate(*next);
  ASSERT_TRUE(status.ok()) << status;
  v1::EvaluationReport compared;
  ASSERT_TRUE(compared.ParseFromString(next->OutputFile("report.binpb").value()));
  ASSERT_FALSE(compared.comparisons().empty());
  EXPECT_EQ(compared.comparisons(0).items(), 2u);
  EXPECT_EQ(compared.comparisons(0).better() + compared.comparisons(0).worse(), 0u);
  EXPECT_EQ(compared.comparisons(0).p_value(), 1.0);
}

TEST_F(EvaluateDataSuites, ProgramsAreJudgedInTheSandboxOrRefused) {
  const std::string problem =
      R"({"task_id": "Own/0", "prompt": "def one():\n    \"\"\"Returns 1.\"\"\"\n", "entry_point": "one",)"
      R"( "canonical_solution": "    return 1\n", "test": "def check(candidate):\n    assert candidate() == 1\n"})";
  AddSuite("humaneval", "lmeval", "corpus", "documents.binpb", Records({problem}));
  const absl::Status status = RunEvaluate(*context_);
  const absl::StatusOr<Sandbox*> sandbox = SandboxForTests();
  if (!sandbox.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_TRUE(context_->checkpoints().empty());  // told before the model was asked
    return;
  }
  ASSERT_TRUE(status.ok()) << status;
  const v1::EvaluationReport report = Report();
  ASSERT_EQ(report.suites_size(), 1);
  ASSERT_EQ(report.suites(0).metrics_size(), 1);
  EXPECT_EQ(report.suites(0).metrics(0).name(), "pass@1");
  EXPECT_EQ(report.suites(0).metrics(0).value(), 0);  // random weights write no program
  // Why it did not pass is said: so it was run.
  EXPECT_THAT(report.suites(0).DebugString(), HasSubstr("1 of 1: "));
}

}  // namespace
}  // namespace bonsai
