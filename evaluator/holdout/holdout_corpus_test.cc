#include "evaluator/holdout/holdout_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "absl/strings/escaping.h"
#include "evaluator/holdout/holdout_result.h"
#include "runner/fake_runner_context.h"
#include "storage/document_file.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kField[] = "evaluate.suites[0].corpus";
constexpr char kPlain[] =
    "{\"question\": \"which of the nine lighthouses on the northern coast was built before the old harbour "
    "wall fell\"}\n"
    "{\"question\": \"how many green bottles does the quiet baker carry up the hill when it rains on a "
    "holiday\"}\n";

class HoldoutCorpus : public testing::Test {
 protected:
  HoldoutCorpus() : context_(FakeRunnerContext::Create(testing::TempDir())) {
    const std::string text = *NewKeyText();
    key_path_ = testing::TempDir() + "/holdout-key";
    std::ofstream(key_path_, std::ios::trunc) << text;
    chmod(key_path_.c_str(), 0600);
    context_->AddInput(kField, "holdout", {{kSealedQuestionsPath, *Seal(kPlain, *ReadKeyFile(key_path_))}});
    setenv(kHoldoutKeyVariable, key_path_.c_str(), 1);
  }
  ~HoldoutCorpus() override { unsetenv(kHoldoutKeyVariable); }

  // The bytes of a corpus of texts.
  static std::string Documents(const std::vector<std::string>& texts) {
    const std::string path = testing::TempDir() + "/documents";
    auto writer = DocumentWriter::Create(path);
    for (const std::string& text : texts) {
      v1::Document document;
      document.set_text(text);
      EXPECT_TRUE((*writer)->Append(document).ok());
    }
    EXPECT_TRUE((*writer)->Close().ok());
    return *ReadFileBytes(path, 1 << 20);
  }

  const std::unique_ptr<FakeRunnerContext> context_;
  std::string key_path_;
};

TEST_F(HoldoutCorpus, IsOpenedInMemoryWithTheKeyOfTheMachine) {
  EXPECT_TRUE(*IsHoldout(*context_, kField));
  const auto questions = OpenHoldout(*context_, kField, 0);
  ASSERT_TRUE(questions.ok()) << questions.status();
  ASSERT_EQ(questions->size(), 2u);
  EXPECT_THAT((*questions)[0].record(), HasSubstr("lighthouses"));
  EXPECT_EQ(OpenHoldout(*context_, kField, 1)->size(), 1u);
}

TEST_F(HoldoutCorpus, StaysShutWithoutTheKey) {
  unsetenv(kHoldoutKeyVariable);
  const auto none = OpenHoldout(*context_, kField, 0);
  EXPECT_EQ(none.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(none.status().message(), HasSubstr("this machine has no key"));
  std::ofstream(key_path_, std::ios::trunc) << *NewKeyText();
  setenv(kHoldoutKeyVariable, key_path_.c_str(), 1);
  const auto other = OpenHoldout(*context_, kField, 0);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(other.status().message(), Not(HasSubstr("lighthouses")));
  chmod(key_path_.c_str(), 0644);
  EXPECT_THAT(OpenHoldout(*context_, kField, 0).status().message(), HasSubstr("chmod 600"));
}

TEST_F(HoldoutCorpus, IsFoundInTrainingDataAndInWhatTokensWerePackedFrom) {
  const auto questions = OpenHoldout(*context_, kField, 0);
  ASSERT_TRUE(questions.ok()) << questions.status();
  EXPECT_EQ(*MeasureOverlap(*context_, *questions), 0);
  context_->mutable_task().mutable_spec()->mutable_evaluate()->add_overlap_with("a");
  const std::string clean =
      context_->AddInput("evaluate.overlap_with[0]", "corpus",
                         {{"documents.binpb", Documents({"nothing of the kind stands here"})}});
  EXPECT_EQ(*MeasureOverlap(*context_, *questions), 0);
  const std::string tainted = context_->AddInput(
      "unused", "corpus",
      {{"documents.binpb",
        Documents({"x",
                   "Leaked: How many green bottles does the quiet baker carry up the hill when it "
                   "rains?"})}});
  v1::Manifest tokens;
  tokens.set_kind("tokens");
  for (const std::string& id : {clean, tainted}) {
    v1::LineageInput* input = tokens.mutable_lineage()->add_inputs();
    input->set_field("pack.mixture[0].corpus");
    input->set_artifact_id(id);
  }
  const auto id = PutManifest(context_->blobs(), tokens);
  ASSERT_TRUE(id.ok()) << id.status();
  context_->mutable_task().mutable_spec()->mutable_evaluate()->add_overlap_with("b");
  context_->AddInputId("evaluate.overlap_with[1]", *id);
  const auto share = MeasureOverlap(*context_, *questions);
  ASSERT_TRUE(share.ok()) << share.status();
  EXPECT_EQ(*share, 0.5);
}

TEST(HoldoutResult, TellsRoundedFiguresAndNothingOfAnyQuestion) {
  Judgement judgement;
  judgement.items.emplace_back().set_prompt("a secret");
  v1::SuiteResult& result = judgement.result;
  result.set_answers_sha256("abc");
  result.add_notes("3 of 7: a secret");
  result.set_degenerate("answers \"a secret\" to every question");
  v1::MetricResult* metric = result.add_metrics();
  metric->set_value(2.0 / 3);
  metric->set_stderr(0.0123456);
  metric->set_floor(1.0 / 3);
  metric->set_floor_name("always answering a secret");
  MakePublic(0.123456, &judgement);
  EXPECT_TRUE(judgement.items.empty());
  EXPECT_TRUE(result.holdout());
  EXPECT_EQ(metric->value(), 0.6667);
  EXPECT_EQ(metric->stderr(), 0.0123);
  EXPECT_EQ(metric->floor(), 0.3333);
  EXPECT_EQ(result.overlap(), 0.1235);
  EXPECT_THAT(result.ShortDebugString(), Not(HasSubstr("a secret\"")));
  EXPECT_THAT(result.ShortDebugString(), Not(HasSubstr("always")));
  EXPECT_EQ(result.answers_sha256(), "");
}

}  // namespace
}  // namespace bonsai
