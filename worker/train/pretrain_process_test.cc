// bonsai-run-pretrain as an agent runs it: as processes that are killed, asked to leave, and started again.
#include <gtest/gtest.h>
#include <signal.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runner/runner_process_testing.h"
#include "storage/manifest.h"
#include "worker/train/small_model_testing.h"

namespace bonsai {
namespace {

constexpr char kProgram[] = "worker/train/bonsai-run-pretrain";

// Contexts give the folders, the store and the inputs; the work is done by processes.
class PretrainProcessTest : public testing::Test {
 protected:
  PretrainProcessTest() {
    spec_ = SmallPretrainSpec();
    spec_.set_steps(60);
    spec_.set_checkpoint_every_steps(10);
  }

  FakeRunnerContext& NewContext() {
    contexts_.push_back(
        SmallPretrainTask(spec_, contexts_.empty() ? "" : contexts_[0]->task().storage_dir()));
    return *contexts_.back();
  }

  // The tasks of an attempt's ranks; checkpoints of `before` are there to resume from.
  std::vector<v1::Task> Tasks(uint32_t ranks, const RunnerProcess* before = nullptr) {
    std::vector<v1::Task> tasks;
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      v1::Task task = NewContext().task();
      task.set_rank(rank);
      task.set_ranks(ranks);
      if (rank > 0) task.set_rendezvous_dir(tasks[0].rendezvous_dir());
      if (before != nullptr) {
        for (auto it = before->events().rbegin(); it != before->events().rend(); ++it) {
          if (!it->has_checkpoint()) continue;
          v1::Checkpoint& checkpoint = *task.add_resume();
          checkpoint.set_manifest_id(it->checkpoint().manifest_id());
          checkpoint.set_step(it->checkpoint().step());
        }
      }
      tasks.push_back(task);
    }
    return tasks;
  }

  // Weights and losses of an output: what must be the same, bit for bit.
  std::string FilesOf(const std::string& output_id) {
    const auto manifest = GetManifest(contexts_[0]->blobs(), output_id);
    EXPECT_TRUE(manifest.ok()) << manifest.status();
    if (!manifest.ok()) return "";
    return absl::StrCat(FindFile(*manifest, "model.safetensors")->blob().sha256(), " ",
                        FindFile(*manifest, "report.json")->blob().sha256());
  }

  void KillOneOfTwo();

  v1::PretrainSpec spec_;
  std::vector<std::unique_ptr<FakeRunnerContext>> contexts_;
};

TEST_F(PretrainProcessTest, KilledAndResumedGivesTheSameBits) {
  RunnerProcess whole(kProgram, Tasks(1)[0]);
  EXPECT_EQ(whole.Wait(), 0);
  RunnerProcess killed(kProgram, Tasks(1)[0]);
  ASSERT_TRUE(killed.ReadUntilCheckpoint(20));
  killed.Kill(SIGKILL);
  EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
  EXPECT_EQ(killed.Output(), "");
  RunnerProcess resumed(kProgram, Tasks(1, &killed)[0]);
  EXPECT_EQ(resumed.Wait(), 0);
  EXPECT_GT(resumed.events()[0].sample().step(), 20u);
  EXPECT_EQ(FilesOf(resumed.Output()), FilesOf(whole.Output()));
}

TEST_F(PretrainProcessTest, PeerOfAKilledRankSaysSoAndTwoRanksResumeBitForBit) { KillOneOfTwo(); }

TEST_F(PretrainProcessTest, SoDoTwoRanksWithSharesOfTheMoments) {
  spec_.set_shard_optimizer(true);
  KillOneOfTwo();
}

void PretrainProcessTest::KillOneOfTwo() {
  const std::vector<v1::Task> whole_tasks = Tasks(2);
  RunnerProcess whole_one(kProgram, whole_tasks[1]), whole(kProgram, whole_tasks[0]);
  EXPECT_EQ(whole.Wait(), 0);
  EXPECT_EQ(whole_one.Wait(), 0);

  const std::vector<v1::Task> tasks = Tasks(2);
  RunnerProcess one(kProgram, tasks[1]), zero(kProgram, tasks[0]);
  ASSERT_TRUE(zero.ReadUntilCheckpoint(10));
  one.Kill(SIGKILL);
  EXPECT_EQ(one.Wait(), 128 + SIGKILL);
  EXPECT_EQ(zero.Wait(), 1);
  EXPECT_TRUE(absl::StrContains(zero.Failure(), "rank 1 is gone")) << zero.Failure();

  const std::vector<v1::Task> again = Tasks(2, &zero);
  RunnerProcess resumed_one(kProgram, again[1]), resumed(kProgram, again[0]);
  EXPECT_EQ(resumed.Wait(), 0);
  EXPECT_EQ(resumed_one.Wait(), 0);
  EXPECT_EQ(FilesOf(resumed.Output()), FilesOf(whole.Output()));
}

TEST_F(PretrainProcessTest, RanksThatAreAskedToLeaveDoSoAfterACheckpoint) {
  spec_.set_checkpoint_every_steps(0);
  const std::vector<v1::Task> tasks = Tasks(2);
  RunnerProcess one(kProgram, tasks[1]), zero(kProgram, tasks[0]);
  ASSERT_TRUE(zero.ReadUntilSample(5));
  zero.Kill(SIGTERM);
  one.Kill(SIGTERM);
  EXPECT_EQ(zero.Wait(), 75);
  EXPECT_EQ(one.Wait(), 75);
  EXPECT_TRUE(zero.events().back().has_checkpoint());
  EXPECT_EQ(zero.Output(), "");
}

TEST_F(PretrainProcessTest, RankWhoseAgentIsGoneLeavesAsIfAsked) {
  spec_.set_steps(100'000);
  RunnerProcess process(kProgram, Tasks(1)[0]);
  ASSERT_TRUE(process.ReadUntilSample(5));
  process.CloseEvents();
  EXPECT_EQ(process.Wait(), 75);
}

TEST_F(PretrainProcessTest, LossThatIsNotFiniteExitsAsBadInput) {
  spec_.mutable_optimizer()->set_learning_rate(3e38f);
  spec_.mutable_schedule()->set_warmup_steps(0);
  RunnerProcess process(kProgram, Tasks(1)[0]);
  EXPECT_EQ(process.Wait(), 65);
  EXPECT_TRUE(absl::StrContains(process.Failure(), "at step 2")) << process.Failure();
  EXPECT_EQ(process.Output(), "");
}

}  // namespace
}  // namespace bonsai
