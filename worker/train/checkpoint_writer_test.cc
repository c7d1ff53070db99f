#include "worker/train/checkpoint_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"
#include "worker/train/checkpoint_ranges.h"

namespace bonsai {
namespace {

constexpr uint64_t kParameters = 5000;  // five blocks, the last one shorter
constexpr char kFingerprint[] = "the run";

std::vector<float> Values(float first, size_t count = kParameters) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

RunRecord RecordWithBest() {
  RunRecord record;
  record.best = {5, 1.125};
  record.rewinds = {{6, 4}};
  return record;
}

const TrainState& State() {
  static const TrainState& state = *new TrainState{7,
                                                   Values(0.5f),
                                                   Values(10000),
                                                   Values(20000),
                                                   Values(3, 7),
                                                   RecordWithBest(),
                                                   std::make_shared<const std::vector<float>>(Values(0.25f))};
  return state;
}

StateView View() {
  return {State().step,   State().parameters, State().moment1, State().moment2,
          State().losses, &State().record,    State().best};
}

TEST(PartRange, PartsHoldEveryValueOnce) {
  for (const uint64_t parameters :
       {uint64_t{0}, uint64_t{1}, uint64_t{1024}, kParameters, uint64_t{1} << 40}) {
    for (uint32_t parts = 1; parts < 9; ++parts) {
      uint64_t next = 0;
      for (uint32_t part = 0; part < parts; ++part) {
        const FlatRange range = PartRange(parameters, parts, part);
        EXPECT_EQ(range.begin, next);
        EXPECT_LE(range.size(), parameters / parts + 2048);
        next = range.end;
      }
      EXPECT_EQ(next, parameters);
    }
  }
}

// The ranks of an attempt, each with its context, its group and its writer.
class CheckpointWriterTest : public testing::Test {
 protected:
  struct Rank {
    std::unique_ptr<FakeRunnerContext> context;
    std::unique_ptr<RankGroup> group;
    std::unique_ptr<CheckpointWriter> writer;
  };

  void Start(uint32_t count, const std::string& rendezvous_address = "") {
    ranks_.clear();
    ranks_.resize(count);
    for (uint32_t rank = 0; rank < count; ++rank) {
      ranks_[rank].context = FakeRunnerContext::Create(
          testing::TempDir(), rank == 0 ? "" : ranks_[0].context->task().storage_dir());
      v1::Task& task = ranks_[rank].context->mutable_task();
      task.set_rank(rank);
      task.set_ranks(count);
      task.set_rendezvous_dir(ranks_[0].context->task().rendezvous_dir());
    }
    std::vector<std::thread> threads;
    for (Rank& rank : ranks_) {
      threads.emplace_back([this, &rank, &rendezvous_address] {
        auto group = RankGroup::Join(rank.context->task(), absl::Seconds(60));
        ASSERT_TRUE(group.ok()) << group.status();
        rank.group = *std::move(group);
        rank.context->mutable_task().set_rendezvous_address(rendezvous_address);
        rank.writer = std::make_unique<CheckpointWriter>(*rank.context, *rank.group, kFingerprint,
                                                         kParameters, absl::Seconds(60), shares_);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  void Begin(uint32_t rank) {
    EXPECT_GE(ranks_[rank].writer->Begin(View(), {{"loss", 1.25}, {"lost", NAN}}), 0.0);
  }

  // Rank 1 of shares_ has nothing.
  void BeginShare(uint32_t rank) {
    std::vector<float> moments[2];
    for (const OwnedRange& share : shares_) {
      if (share.owner != static_cast<int>(rank)) continue;
      for (const auto& [all, own] :
           {std::pair{&State().moment1, &moments[0]}, std::pair{&State().moment2, &moments[1]}}) {
        own->insert(own->end(), all->begin() + share.begin, all->begin() + share.end);
      }
    }
    StateView view = View();
    view.moment1 = moments[0];
    view.moment2 = moments[1];
    EXPECT_GE(ranks_[rank].writer->Begin(view, {}), 0.0);
  }

  std::vector<Rank> ranks_;
  std::vector<OwnedRange> shares_;
};

TEST_F(CheckpointWriterTest, AnyNumberOfRanksWritesWhatAnyNumberReads) {
  for (const uint32_t ranks : {1, 2, 3, 7}) {  // of seven, two have nothing to write
    Start(ranks);
    for (uint32_t rank = ranks; rank-- > 0;) Begin(rank);
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      EXPECT_EQ(ranks_[rank].writer->Finish(), absl::OkStatus());
      EXPECT_EQ(ranks_[rank].context->checkpoints().size(), rank == 0 ? 1u : 0u);
    }
    const v1::CheckpointWritten written = ranks_[0].context->checkpoints()[0];
    EXPECT_EQ(written.step(), 7u);
    ASSERT_EQ(written.metrics_size(), 1);  // the one that is a number
    EXPECT_EQ(written.metrics(0).name(), "loss");
    EXPECT_EQ(written.metrics(0).value(), 1.25);
    const auto manifest = GetManifest(ranks_[0].context->blobs(), written.manifest_id());
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_EQ(FindProperty(*manifest, "parts"), absl::StrCat(ranks));
    EXPECT_EQ(FindProperty(*manifest, "metric.loss"), "1.25");
    EXPECT_EQ(manifest->files_size(), static_cast<int>(ranks) + 3);
    const absl::StatusOr<TrainState> read =
        LoadCheckpoint(*ranks_[0].context, written.manifest_id(), kFingerprint, kParameters);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->step, 7u);
    EXPECT_EQ(read->parameters, State().parameters);
    EXPECT_EQ(read->moment1, State().moment1);
    EXPECT_EQ(read->moment2, State().moment2);
    EXPECT_EQ(read->losses, State().losses);
    EXPECT_EQ(read->record.best, State().record.best);
    EXPECT_EQ(read->record.rewinds, State().record.rewinds);
    ASSERT_NE(read->best, nullptr);
    EXPECT_EQ(*read->best, *State().best);
  }
}

TEST_F(CheckpointWriterTest, ABestModelThatTheStoreHasLostIsStoredAgain) {
  Start(1);
  Begin(0);
  ASSERT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
  const FakeRunnerContext& context = *ranks_[0].context;
  const auto first = GetManifest(ranks_[0].context->blobs(), context.checkpoints()[0].manifest_id());
  ASSERT_TRUE(first.ok()) << first.status();
  const v1::ArtifactFile* best = FindFile(*first, "best.f32");
  ASSERT_NE(best, nullptr);
  const std::string& sha256 = best->blob().sha256();
  ASSERT_TRUE(std::filesystem::remove(
      absl::StrCat(context.task().storage_dir(), "/blobs/", sha256.substr(0, 2), "/", sha256)));
  const std::vector<float> losses = Values(3, 8);
  StateView later = View();
  later.step = 8;
  later.losses = losses;
  ranks_[0].writer->Begin(later, {});
  EXPECT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
  ASSERT_EQ(context.checkpoints().size(), 2u);
  const absl::StatusOr<TrainState> read =
      LoadCheckpoint(*ranks_[0].context, context.checkpoints()[1].manifest_id(), kFingerprint, kParameters);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read->best, *State().best);
}

TEST_F(CheckpointWriterTest, ACheckpointTakesThePartsThatWereBegunWithItAlsoWhereAStepComesTwice) {
  Start(2);
  Begin(1);
  ASSERT_EQ(ranks_[1].writer->Finish(), absl::OkStatus());
  const std::vector<float> other = Values(-7);
  StateView again = View();  // as after going back: the same step, another history
  again.parameters = other;
  ranks_[1].writer->Begin(again, {});
  ASSERT_EQ(ranks_[1].writer->Finish(), absl::OkStatus());
  Begin(0);
  ASSERT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
  const absl::StatusOr<TrainState> read = LoadCheckpoint(
      *ranks_[0].context, ranks_[0].context->checkpoints()[0].manifest_id(), kFingerprint, kParameters);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->parameters, State().parameters);
}

TEST_F(CheckpointWriterTest, NobodyWaitsForAnotherRanksPart) {
  Start(2);
  Begin(0);  // returns though rank 1 has not begun
  EXPECT_EQ(ranks_[0].context->checkpoints().size(), 0u);
  Begin(1);
  EXPECT_EQ(ranks_[1].writer->Finish(), absl::OkStatus());
  EXPECT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
  EXPECT_EQ(ranks_[0].context->checkpoints().size(), 1u);
}

TEST_F(CheckpointWriterTest, RankThatLeavesItsPartAndEndsIsNotMissed) {
  Start(2);
  Begin(1);
  EXPECT_EQ(ranks_[1].writer->Finish(), absl::OkStatus());
  ranks_[1].writer.reset();
  ranks_[1].group.reset();
  Begin(0);
  EXPECT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
  EXPECT_EQ(ranks_[0].context->checkpoints().size(), 1u);
}

TEST_F(CheckpointWriterTest, RankThatDiesBeforeItsPartLeavesNoCheckpoint) {
  Start(2);
  Begin(0);
  ranks_[1].writer.reset();
  ranks_[1].group.reset();  // as the end of its process does
  const absl::Status status = ranks_[0].writer->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(status.message(), "part 1 of 2 did not come: rank 1 is gone")) << status;
  EXPECT_EQ(ranks_[0].context->checkpoints().size(), 0u);
}

TEST_F(CheckpointWriterTest, RanksWithSharesOfTheMomentsWriteTheseAndAnyShareIsRead) {
  shares_ = {{0, 1000, 2}, {1000, 1001, 0}, {1001, 4000, 2}, {4000, kParameters, 0}};
  Start(3);
  for (uint32_t rank = 3; rank-- > 0;) BeginShare(rank);
  for (uint32_t rank = 0; rank < 3; ++rank) EXPECT_EQ(ranks_[rank].writer->Finish(), absl::OkStatus());
  ASSERT_EQ(ranks_[0].context->checkpoints().size(), 1u);
  FakeRunnerContext& context = *ranks_[0].context;
  const std::string id = context.checkpoints()[0].manifest_id();
  const auto all = LoadCheckpoint(context, id, kFingerprint, kParameters);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->parameters, State().parameters);
  EXPECT_EQ(all->moment1, State().moment1);
  EXPECT_EQ(all->moment2, State().moment2);
  EXPECT_EQ(all->losses, State().losses);
  const std::vector<FlatRange> own = {{900, 1100}, {4999, kParameters}};
  const auto share = LoadCheckpoint(context, id, kFingerprint, kParameters, own);
  ASSERT_TRUE(share.ok()) << share.status();
  EXPECT_EQ(share->parameters, State().parameters);
  std::vector<float> want(State().moment2.begin() + 900, State().moment2.begin() + 1100);
  want.push_back(State().moment2.back());
  EXPECT_EQ(share->moment2, want);
  EXPECT_TRUE(
      LoadCheckpoint(context, id, kFingerprint, kParameters, std::vector<FlatRange>())->moment1.empty());

  // Ranges that are not those of the parts are refused.
  v1::Manifest manifest = *GetManifest(context.blobs(), id);
  for (const std::vector<OwnedRange>& wrong :
       std::vector<std::vector<OwnedRange>>{{{0, kParameters, 0}}, {{0, 10, 0}}}) {
    for (v1::ArtifactFile& file : *manifest.mutable_files()) {
      if (file.path() == "ranges.u64") *file.mutable_blob() = *context.blobs().Put(EncodeRanges(wrong));
    }
    EXPECT_FALSE(
        LoadCheckpoint(context, *PutManifest(context.blobs(), manifest), kFingerprint, kParameters).ok());
  }
}

TEST_F(CheckpointWriterTest, RankThatEndsWaitsForNobody) {
  Start(2);
  Begin(0);
  ranks_[0].writer.reset();  // though rank 1 lives, and would be waited for
  EXPECT_EQ(ranks_[0].context->checkpoints().size(), 0u);
}

TEST_F(CheckpointWriterTest, RankZeroLearnsWhyAPartWasNotStored) {
  Start(2);
  const auto broken = FakeRunnerContext::Create(testing::TempDir());
  std::filesystem::remove_all(broken->task().storage_dir());
  ranks_[1].writer = std::make_unique<CheckpointWriter>(*broken, *ranks_[1].group, kFingerprint, kParameters,
                                                        absl::Seconds(60));
  Begin(1);
  EXPECT_FALSE(ranks_[1].writer->Finish().ok());
  Begin(0);
  const absl::Status status = ranks_[0].writer->Finish();
  EXPECT_TRUE(absl::StrContains(status.message(), "part 1 of 2 failed: ")) << status;
  EXPECT_EQ(ranks_[0].context->checkpoints().size(), 0u);
}

TEST_F(CheckpointWriterTest, RanksThatShareNoFolderLeaveItToRankZero) {
  Start(2, "127.0.0.1:1");
  Begin(0);
  EXPECT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
  Begin(1);
  EXPECT_EQ(ranks_[1].writer->Finish(), absl::OkStatus());
  ASSERT_EQ(ranks_[0].context->checkpoints().size(), 1u);
  const std::string id = ranks_[0].context->checkpoints()[0].manifest_id();
  EXPECT_EQ(FindProperty(*GetManifest(ranks_[0].context->blobs(), id), "parts"), "1");
  EXPECT_TRUE(LoadCheckpoint(*ranks_[0].context, id, kFingerprint, kParameters).ok());
}

class LoadCheckpointTest : public CheckpointWriterTest {
 protected:
  LoadCheckpointTest() {
    Start(2);
    Begin(1);
    Begin(0);
    EXPECT_EQ(ranks_[0].writer->Finish(), absl::OkStatus());
    id_ = ranks_[0].context->checkpoints().at(0).manifest_id();
    manifest_ = *GetManifest(context().blobs(), id_);
  }

  FakeRunnerContext& context() { return *ranks_[0].context; }

  absl::Status Load(const std::string& id, uint64_t parameters = kParameters) {
    return LoadCheckpoint(context(), id, kFingerprint, parameters).status();
  }
  // Of the same checkpoint with another property.
  absl::Status LoadWith(const std::string& name, const std::string& value) {
    v1::Manifest manifest = manifest_;
    for (v1::Property& property : *manifest.mutable_properties()) {
      if (property.name() == name) property.set_value(value);
    }
    return Load(*PutManifest(context().blobs(), manifest));
  }

  std::string id_;
  v1::Manifest manifest_;
};

TEST_F(LoadCheckpointTest, DamagedPartIsNamed) {
  for (const char* path : {"part-00000-of-00002.f32", "part-00001-of-00002.f32", "losses.f32"}) {
    const std::string file = *context().blobs().LocalPath(FindFile(manifest_, path)->blob());
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    FILE* bytes = fopen(file.c_str(), "r+b");
    const int first = fgetc(bytes);
    rewind(bytes);
    fputc(first ^ 1, bytes);
    fclose(bytes);
    const absl::Status status = Load(id_);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), path)) << status;
    bytes = fopen(file.c_str(), "r+b");
    fputc(first, bytes);
    fclose(bytes);
    EXPECT_EQ(Load(id_), absl::OkStatus());
  }
}

TEST_F(LoadCheckpointTest, AnotherRunsIsRefused) {
  EXPECT_EQ(Load(id_, kParameters + 1).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LoadWith("fingerprint", "another run").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LoadWith("format", "bonsai-train-1").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(LoadWith("step", "6").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Load(std::string(64, 'a')).code(), absl::StatusCode::kNotFound);
}

TEST_F(LoadCheckpointTest, NumbersOfItAreBounded) {
  for (const char* parts : {"", "0", "-1", "1025", "99999999999", "two"}) {
    EXPECT_EQ(LoadWith("parts", parts).code(), absl::StatusCode::kDataLoss) << parts;
  }
  EXPECT_EQ(LoadWith("parts", "3").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(LoadWith("step", "99999999999").code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace bonsai
