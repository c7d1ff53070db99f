// bonsai-run-evaluate as an agent runs it: as a process that is killed and started again.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include "edge_runtime/model/model_fixture.h"
#include "runner/fake_runner_context.h"
#include "runner/runner_process_testing.h"
#include "storage/document_file.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr char kProgram[] = "evaluator/bonsai-run-evaluate";
constexpr int kQuestions = 240;
constexpr uint64_t kRequests = 5 * kQuestions;
constexpr uint32_t kBatchRequests = 6;
constexpr int kKills = 20;

std::string Questions(int count) {
  const std::string path = testing::TempDir() + "/questions.binpb";
  const auto writer = DocumentWriter::Create(path);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (int i = 0; i < count; ++i) {
    v1::Document document;
    document.set_id(std::to_string(i));
    v1::MultipleChoice& question = *document.mutable_multiple_choice();
    question.set_question("What is " + std::to_string(i * i) + "?");
    question.set_answer_label(std::string(1, static_cast<char>('A' + i % 5)));
    for (const char* label : {"A", "B", "C", "D", "E"}) {
      v1::Choice& choice = *question.add_choices();
      choice.set_label(label);
      choice.set_text(label + std::to_string(i));
    }
    EXPECT_TRUE((*writer)->Append(document).ok());
  }
  EXPECT_TRUE((*writer)->Close().ok());
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

std::string FilesOf(BlobStore& blobs, const std::string& id) {
  const auto manifest = GetManifest(blobs, id);
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  std::string files;
  for (int i = 0; manifest.ok() && i < manifest->files_size(); ++i)
    files += manifest->files(i).path() + " " + manifest->files(i).blob().sha256() + "\n";
  return files;
}

// An evaluation whose attempts share a store.
class KilledEvaluation : public testing::Test {
 protected:
  KilledEvaluation() : first_(FakeRunnerContext::Create(testing::TempDir())) {
    v1::EvaluateSpec& spec = *first_->mutable_task().mutable_spec()->mutable_evaluate();
    spec.set_model("@model");
    spec.set_batch_requests(kBatchRequests);
    spec.mutable_commonsenseqa()->set_corpus("@questions");
    spec.mutable_commonsenseqa()->set_profile("lmeval");
    edge::ModelConfig config = edge::FixtureConfig();
    config.max_seq_len = 128;
    first_->AddInput("evaluate.model", "model", edge::FixtureFiles(config, 1));
    first_->AddInput("evaluate.commonsenseqa.corpus", "corpus", {{"documents.binpb", Questions(kQuestions)}});
  }

  // The next attempt's task; its folder lives as long as the test.
  v1::Task NextTask() {
    contexts_.push_back(FakeRunnerContext::Create(testing::TempDir(), first_->task().storage_dir()));
    v1::Task& task = contexts_.back()->mutable_task();
    *task.mutable_spec() = first_->task().spec();
    *task.mutable_inputs() = first_->task().inputs();
    for (const v1::Checkpoint& checkpoint : checkpoints_) *task.add_resume() = checkpoint;
    return task;
  }

  void Remember(const RunnerProcess& process) {
    for (const v1::RunnerEvent& event : process.events()) {
      if (!event.has_checkpoint()) continue;
      v1::Checkpoint checkpoint;
      checkpoint.set_manifest_id(event.checkpoint().manifest_id());
      checkpoint.set_step(event.checkpoint().step());
      checkpoints_.insert(checkpoints_.begin(), checkpoint);
    }
  }

  uint64_t stored() const { return checkpoints_.empty() ? 0 : checkpoints_.front().step(); }

  const std::unique_ptr<FakeRunnerContext> first_;
  std::vector<std::unique_ptr<FakeRunnerContext>> contexts_;
  std::vector<v1::Checkpoint> checkpoints_;  // the newest first
};

TEST_F(KilledEvaluation, KilledTwentyTimesItEndsInTheSameBytes) {
  RunnerProcess whole(kProgram, NextTask());
  ASSERT_EQ(whole.Wait(), 0) << whole.Failure();

  std::mt19937 random(20);
  for (int kill = 0; kill < kKills; ++kill) {
    RunnerProcess killed(kProgram, NextTask());
    const uint64_t before = stored();
    size_t left = random() % 5;  // checkpoints that are seen before it is killed
    if (left == 0) {
      ASSERT_TRUE(killed.ReadUntil([](const v1::RunnerEvent& event) { return event.has_progress(); }))
          << killed.Failure();
    } else {
      ASSERT_TRUE(killed.ReadUntil([&](const v1::RunnerEvent& event) {
        return event.has_checkpoint() && --left == 0;
      })) << killed.Failure();
    }
    killed.Kill(SIGKILL);
    ASSERT_EQ(killed.Wait(), 128 + SIGKILL);
    EXPECT_EQ(killed.Output(), "");
    // What was answered before is not asked again, and what was stored is at most a batch behind what was
    // asked.
    for (const v1::RunnerEvent& event : killed.events())
      EXPECT_TRUE(!event.has_checkpoint() || event.checkpoint().step() > before);
    Remember(killed);
    for (const v1::RunnerEvent& event : killed.events())
      EXPECT_TRUE(!event.has_progress() || event.progress().step() <= stored() + kBatchRequests);
  }
  ASSERT_LT(stored(), kRequests) << "the kills came too late to matter";

  RunnerProcess resumed(kProgram, NextTask());
  ASSERT_EQ(resumed.Wait(), 0) << resumed.Failure();
  std::set<uint64_t> steps;
  for (const v1::RunnerEvent& event : resumed.events()) {
    if (event.has_checkpoint()) steps.insert(event.checkpoint().step());
  }
  EXPECT_EQ(steps.size(), (kRequests - stored() + kBatchRequests - 1) / kBatchRequests);
  EXPECT_EQ(FilesOf(first_->blobs(), resumed.Output()), FilesOf(first_->blobs(), whole.Output()));
}

TEST_F(KilledEvaluation, AskedToStopItKeepsItsAnswers) {
  RunnerProcess stopped(kProgram, NextTask());
  ASSERT_TRUE(stopped.ReadUntil([](const v1::RunnerEvent& event) { return event.has_checkpoint(); }));
  stopped.Kill(SIGTERM);
  EXPECT_EQ(stopped.Wait(), 75);
  Remember(stopped);
  RunnerProcess resumed(kProgram, NextTask());
  ASSERT_EQ(resumed.Wait(), 0) << resumed.Failure();
  for (const v1::RunnerEvent& event : resumed.events())
    EXPECT_TRUE(!event.has_checkpoint() || event.checkpoint().step() > stored());
}

}  // namespace
}  // namespace bonsai
