#include "worker/data/holdout_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "runner/fake_runner_context.h"
#include "storage/digest.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

class HoldoutData : public testing::Test {
 protected:
  HoldoutData() : context_(FakeRunnerContext::Create(testing::TempDir())) {
    sealed_ = *Seal("{\"question\": \"treasure\"}\n", std::string(kSealKeyBytes, 'k'));
    Write(sealed_);
    v1::DataSpec::Source& source = *spec().add_sources();
    source.set_dataset("own_secret");
    source.set_format(v1::DataSpec::SEALED);
    source.add_paths(path());
    source.set_published("2026-02-01");
  }

  static std::string path() { return testing::TempDir() + "/questions.sealed"; }
  static void Write(const std::string& bytes) {
    std::ofstream(path(), std::ios::trunc | std::ios::binary) << bytes;
  }
  v1::DataSpec& spec() { return *context_->mutable_task().mutable_spec()->mutable_data(); }

  const std::unique_ptr<FakeRunnerContext> context_;
  std::string sealed_;
};

TEST_F(HoldoutData, BecomesAHoldoutThatHoldsTheSealedBytes) {
  EXPECT_TRUE(IsHoldoutData(spec()));
  spec().mutable_sources(0)->set_sha256(Sha256Hex(sealed_));
  ASSERT_TRUE(RunHoldoutData(*context_).ok());
  const auto manifest = context_->Output();
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->kind(), "holdout");
  EXPECT_EQ(*context_->OutputFile(kSealedQuestionsPath), sealed_);
  ASSERT_EQ(manifest->lineage().sources_size(), 1);
  EXPECT_EQ(manifest->lineage().sources(0).dataset(), "own_secret");
  EXPECT_EQ(manifest->lineage().sources(0).published(), "2026-02-01");
}

TEST_F(HoldoutData, RefusesPlainQuestions) {
  Write("{\"question\": \"treasure\"}\n");
  const absl::Status status = RunHoldoutData(*context_);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("bonsai holdout seal"));
}

TEST_F(HoldoutData, RefusesFieldsThatCannotMeanAnything) {
  spec().set_max_documents(3);
  EXPECT_THAT(RunHoldoutData(*context_).message(), HasSubstr("data.max_documents has no effect"));
  spec().set_max_documents(0);
  *spec().add_sources() = spec().sources(0);
  EXPECT_THAT(RunHoldoutData(*context_).message(), HasSubstr("a sealed file is alone"));
  spec().mutable_sources()->RemoveLast();
  spec().mutable_sources(0)->set_sha256(std::string(64, '0'));
  EXPECT_EQ(RunHoldoutData(*context_).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace bonsai
