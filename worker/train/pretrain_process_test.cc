// bonsai-run-pretrain as an agent runs it: as processes that are killed, asked to leave, and started again.
#include <fcntl.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runner/event_stream.h"
#include "storage/manifest.h"
#include "worker/train/small_model_testing.h"

namespace bonsai {
namespace {

constexpr char kProgram[] = "worker/train/bonsai-run-pretrain";

class RunnerProcess {
 public:
  explicit RunnerProcess(const v1::Task& base) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    // A small pipe keeps the runner from running far ahead of what the test has read.
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    read_end_ = ends[0];
    v1::Task task = base;
    task.set_events_fd(ends[1]);
    std::string text;
    google::protobuf::TextFormat::PrintToString(task, &text);
    const std::string path = absl::StrCat(task.work_dir(), "/task.textproto");
    std::ofstream(path) << text;
    pid_ = fork();
    if (pid_ == 0) {
      execl(kProgram, kProgram, absl::StrCat("--task=", path).c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
  }
  ~RunnerProcess() {
    if (pid_ > 0) Kill(SIGKILL), Wait();
    close(read_end_);
  }

  // Reads events until one is as wanted. False at their end.
  bool ReadUntil(const std::function<bool(const v1::RunnerEvent&)>& wanted) {
    char buffer[256];
    while (true) {
      while (next_ < events_.size()) {
        if (wanted(events_[next_++])) return true;
      }
      const ssize_t count = read(read_end_, buffer, sizeof(buffer));
      if (count <= 0) return false;
      const auto more = reader_.Feed(absl::string_view(buffer, static_cast<size_t>(count)));
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok()) return false;
      events_.insert(events_.end(), more->begin(), more->end());
    }
  }
  bool ReadUntilCheckpoint(uint64_t step) {
    return ReadUntil([&](const v1::RunnerEvent& event) { return event.checkpoint().step() >= step; });
  }

  void Kill(int signal) { kill(pid_, signal); }

  // Reads the rest and returns the exit code, 128 + signal if a signal ended it.
  int Wait() {
    ReadUntil([](const v1::RunnerEvent&) { return false; });
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string Output() const {
    for (const v1::RunnerEvent& event : events_) {
      if (event.has_artifact()) return event.artifact().manifest_id();
    }
    return "";
  }
  std::string Failure() const {
    for (const v1::RunnerEvent& event : events_) {
      if (event.has_failure()) return event.failure().message();
    }
    return "";
  }
  const std::vector<v1::RunnerEvent>& events() const { return events_; }

 private:
  pid_t pid_ = -1;
  int read_end_ = -1;
  EventReader reader_;
  std::vector<v1::RunnerEvent> events_;
  size_t next_ = 0;
};

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

  v1::PretrainSpec spec_;
  std::vector<std::unique_ptr<FakeRunnerContext>> contexts_;
};

TEST_F(PretrainProcessTest, KilledAndResumedGivesTheSameBits) {
  RunnerProcess whole(Tasks(1)[0]);
  EXPECT_EQ(whole.Wait(), 0);
  RunnerProcess killed(Tasks(1)[0]);
  ASSERT_TRUE(killed.ReadUntilCheckpoint(20));
  killed.Kill(SIGKILL);
  EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
  EXPECT_EQ(killed.Output(), "");
  RunnerProcess resumed(Tasks(1, &killed)[0]);
  EXPECT_EQ(resumed.Wait(), 0);
  EXPECT_GT(resumed.events()[0].sample().step(), 20u);
  EXPECT_EQ(FilesOf(resumed.Output()), FilesOf(whole.Output()));
}

TEST_F(PretrainProcessTest, PeerOfAKilledRankSaysSoAndTwoRanksResumeBitForBit) {
  const std::vector<v1::Task> whole_tasks = Tasks(2);
  RunnerProcess whole_one(whole_tasks[1]), whole(whole_tasks[0]);
  EXPECT_EQ(whole.Wait(), 0);
  EXPECT_EQ(whole_one.Wait(), 0);

  const std::vector<v1::Task> tasks = Tasks(2);
  RunnerProcess one(tasks[1]), zero(tasks[0]);
  ASSERT_TRUE(zero.ReadUntilCheckpoint(10));
  one.Kill(SIGKILL);
  EXPECT_EQ(one.Wait(), 128 + SIGKILL);
  EXPECT_EQ(zero.Wait(), 1);
  EXPECT_TRUE(absl::StrContains(zero.Failure(), "rank 1 is gone")) << zero.Failure();

  const std::vector<v1::Task> again = Tasks(2, &zero);
  RunnerProcess resumed_one(again[1]), resumed(again[0]);
  EXPECT_EQ(resumed.Wait(), 0);
  EXPECT_EQ(resumed_one.Wait(), 0);
  EXPECT_EQ(FilesOf(resumed.Output()), FilesOf(whole.Output()));
}

TEST_F(PretrainProcessTest, RanksThatAreAskedToLeaveDoSoAfterACheckpoint) {
  spec_.set_checkpoint_every_steps(0);
  const std::vector<v1::Task> tasks = Tasks(2);
  RunnerProcess one(tasks[1]), zero(tasks[0]);
  ASSERT_TRUE(zero.ReadUntil([](const v1::RunnerEvent& event) { return event.sample().step() >= 5; }));
  zero.Kill(SIGTERM);
  one.Kill(SIGTERM);
  EXPECT_EQ(zero.Wait(), 75);
  EXPECT_EQ(one.Wait(), 75);
  EXPECT_TRUE(zero.events().back().has_checkpoint());
  EXPECT_EQ(zero.Output(), "");
}

TEST_F(PretrainProcessTest, LossThatIsNotFiniteExitsAsBadInput) {
  spec_.mutable_optimizer()->set_learning_rate(3e38f);
  spec_.mutable_schedule()->set_warmup_steps(0);
  RunnerProcess process(Tasks(1)[0]);
  EXPECT_EQ(process.Wait(), 65);
  EXPECT_TRUE(absl::StrContains(process.Failure(), "at step 2")) << process.Failure();
  EXPECT_EQ(process.Output(), "");
}

}  // namespace
}  // namespace bonsai
