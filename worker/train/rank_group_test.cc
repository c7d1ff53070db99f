#include "worker/train/rank_group.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "worker/agent/rendezvous_server.h"
#include "worker/train/random_bits.h"

namespace bonsai {
namespace {

std::string FreshFolder() {
  std::string folder = testing::TempDir() + "/rendezvous.XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

v1::Task TaskOf(const std::string& folder, uint32_t rank, uint32_t ranks) {
  v1::Task task;
  task.set_rank(rank);
  task.set_ranks(ranks);
  task.set_rendezvous_dir(folder);
  return task;
}

TEST(RankGroup, SumsOverAllRanks) {
  const std::string folder = FreshFolder();
  constexpr size_t kValues = (size_t{2} << 20) + 3;  // three buckets
  std::vector<std::vector<float>> values(3, std::vector<float>(kValues));
  std::vector<std::string> words(3);
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&, rank] {
      const auto group = RankGroup::Join(TaskOf(folder, rank, 3), absl::Seconds(30));
      ASSERT_TRUE(group.ok()) << group.status();
      EXPECT_EQ((*group)->rank(), static_cast<int>(rank));
      for (size_t i = 0; i < kValues; ++i) values[rank][i] = static_cast<float>(i % 1000) * (rank + 1);
      EXPECT_TRUE((*group)->Sum(absl::MakeSpan(values[rank])).ok());
      std::vector<double> losses = {0.5 * rank};
      EXPECT_TRUE((*group)->Sum(absl::MakeSpan(losses)).ok());
      EXPECT_EQ(losses[0], 1.5);
      const auto word = (*group)->FromRankZero("greeting", rank == 0 ? "hello" : "");
      ASSERT_TRUE(word.ok()) << word.status();
      words[rank] = *word;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < kValues; ++i) ASSERT_EQ(values[0][i], static_cast<float>(i % 1000) * 6) << i;
  EXPECT_EQ(values[0], values[1]);
  EXPECT_EQ(values[0], values[2]);
  EXPECT_EQ(words, std::vector<std::string>(3, "hello"));
}

// Calls work(group, rank) for each of so many ranks, on a thread each.
template <typename Work>
void ForEachRank(uint32_t ranks, const Work& work) {
  const std::string folder = FreshFolder();
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      const auto group = RankGroup::Join(TaskOf(folder, rank, ranks), absl::Seconds(30));
      ASSERT_TRUE(group.ok()) << group.status();
      work(**group, static_cast<int>(rank));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::vector<float> ValuesOf(int rank, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(RandomBits(static_cast<uint64_t>(rank), i) % 20011) / 997.0f - 10.0f;
  }
  return values;
}

TEST(RankGroup, SumThatBeginsBeforeAllValuesAreThereHasTheBitsOfOneThatDoesNot) {
  constexpr size_t kValues = (size_t{2} << 20) + 3;
  for (const uint32_t ranks : {1, 2, 3}) {
    std::vector<std::vector<float>> want(ranks), got(ranks);
    ForEachRank(ranks, [&](RankGroup& group, int rank) {
      want[rank] = ValuesOf(rank, kValues);
      EXPECT_EQ(group.Sum(absl::MakeSpan(want[rank])), absl::OkStatus());
      const std::vector<float> all = ValuesOf(rank, kValues);
      got[rank].resize(kValues);
      const auto sum = group.BeginSum(absl::MakeSpan(got[rank]));
      // Each rank makes its values in steps of its own.
      const size_t step = 300'000 + 250'000 * static_cast<size_t>(rank);
      for (size_t end = kValues; end > 0;) {
        const size_t first = end - std::min(end, step);
        std::copy(all.begin() + first, all.begin() + end, got[rank].begin() + first);
        sum->FinalFrom(static_cast<int64_t>(end = first));
      }
      EXPECT_EQ(sum->Finish(), absl::OkStatus());
    });
    for (uint32_t rank = 0; rank < ranks; ++rank) EXPECT_TRUE(got[rank] == want[0]) << ranks;
  }
}

// Ranges of three owners: longer and shorter than a message, and one owner's more than once.
std::vector<OwnedRange> Ranges(uint64_t values, uint32_t ranks) {
  std::vector<OwnedRange> ranges;
  const std::vector<uint64_t> sizes = {100, 1'200'000, 7, 50'000, values - 1'250'107};
  uint64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    ranges.push_back({begin, begin + sizes[i], static_cast<int>((i * 2 + 1) % ranks)});
    begin += sizes[i];
  }
  return ranges;
}

TEST(RankGroup, OwnersGetTheBitsOfTheTreeAndShareThem) {
  constexpr size_t kValues = (size_t{2} << 20) + 3;
  for (const uint32_t ranks : {1, 2, 3, 4}) {
    const int working = ranks == 4 ? 4 : ranks == 1 ? 1 : 2;  // of three ranks, the last only owns
    const std::vector<OwnedRange> ranges = Ranges(kValues, ranks);
    std::vector<std::vector<float>> want(ranks), got(ranks);
    ForEachRank(ranks, [&](RankGroup& group, int rank) {
      want[rank] = got[rank] = ValuesOf(rank, kValues);
      EXPECT_EQ(group.SumInTree(absl::MakeSpan(want[rank]), working), absl::OkStatus());
      const auto sum = group.BeginSumToOwners(absl::MakeSpan(got[rank]), ranges, working);
      if (rank != 1) sum->FinalFrom(1'000'000);
      EXPECT_EQ(sum->Finish(), absl::OkStatus());
      for (const OwnedRange& range : ranges) {
        if (range.owner != rank) continue;
        for (uint64_t i = range.begin; i < range.end; ++i) ASSERT_EQ(got[rank][i], want[rank][i]) << i;
      }
      EXPECT_EQ(group.ShareFromOwners(absl::MakeSpan(got[rank]), ranges), absl::OkStatus());
    });
    for (uint32_t rank = 0; rank < ranks; ++rank) EXPECT_TRUE(got[rank] == want[0]) << ranks;
  }
}

TEST(RankGroup, AnyNumberOfRanksCanAddForOwners) {
  const std::vector<OwnedRange> ranges = {{0, 1, 2}, {1, 3, 0}};
  std::vector<std::vector<float>> got(3);
  ForEachRank(3, [&](RankGroup& group, int rank) {
    got[rank] = std::vector<float>(3, static_cast<float>(1 << rank));
    EXPECT_EQ(group.BeginSumToOwners(absl::MakeSpan(got[rank]), ranges, 3)->Finish(), absl::OkStatus());
  });
  EXPECT_EQ(got[0], (std::vector<float>{1, 7, 7}));
  EXPECT_EQ(got[1], (std::vector<float>{2, 2, 2}));
  EXPECT_EQ(got[2], (std::vector<float>{7, 4, 4}));
}

TEST(RankGroup, RanksThatShareNoFolderMeetAtAServerWhichKnowsWhoIsGone) {
  auto server = RendezvousServer::Start("127.0.0.1", "sesame");
  ASSERT_TRUE(server.ok()) << server.status();
  std::vector<double> sums(3);
  std::vector<std::thread> threads;
  std::string complaint;
  for (uint32_t rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&, rank] {
      v1::Task task = TaskOf("", rank, 3);
      task.set_rendezvous_address((*server)->address());
      auto group = RankGroup::Join(task, absl::Seconds(30));
      ASSERT_TRUE(group.ok()) << group.status();
      std::vector<double> values = {rank + 1.0};
      EXPECT_TRUE((*group)->Sum(absl::MakeSpan(values)).ok());
      sums[rank] = values[0];
      const auto word = (*group)->FromRankZero("greeting", rank == 0 ? "hello" : "");
      EXPECT_TRUE(word.ok() && *word == "hello");
      // Rank 1 leaves; the others find that out.
      if (rank == 1) return;
      const absl::Status alone = (*group)->Sum(absl::MakeSpan(values));
      EXPECT_FALSE(alone.ok());
      if (rank == 0) complaint = std::string(alone.message());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sums, std::vector<double>(3, 6.0));
  EXPECT_NE(complaint.find("rank 1 is gone"), std::string::npos) << complaint;
}

TEST(RankGroup, AServerThatIsNotThereIsSaid) {
  v1::Task task = TaskOf("", 0, 2);
  task.set_rendezvous_address("127.0.0.1:1/secret");
  EXPECT_TRUE(absl::IsUnavailable(RankGroup::Join(task, absl::Milliseconds(300)).status()));
  task.set_rendezvous_address("none");
  EXPECT_TRUE(absl::IsInvalidArgument(RankGroup::Join(task, absl::Milliseconds(300)).status()));
}

TEST(RankGroup, NamesTheRankThatDied) {
  signal(SIGPIPE, SIG_IGN);  // as RunnerMain does: Gloo may write to the rank that is gone
  const std::string folder = FreshFolder();
  int met[2];
  ASSERT_EQ(pipe(met), 0);
  const pid_t child = fork();
  if (child == 0) {  // meets, then dies without a word, once the other has met it too
    const auto group = RankGroup::Join(TaskOf(folder, 1, 2), absl::Seconds(30));
    char word = 0;
    _exit(group.ok() && read(met[0], &word, 1) == 1 ? 0 : 1);
  }
  const auto group = RankGroup::Join(TaskOf(folder, 0, 2), absl::Seconds(30));
  ASSERT_TRUE(group.ok()) << group.status();
  ASSERT_EQ(write(met[1], "m", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  std::vector<float> values(10);
  const absl::Time before = absl::Now();
  const absl::Status sum = (*group)->Sum(absl::MakeSpan(values));
  EXPECT_EQ(sum.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(sum.message().find("rank 1 is gone"), absl::string_view::npos) << sum;
  EXPECT_LT(absl::Now() - before, absl::Seconds(15));
}

// Rank 1 dies when rank 0 has begun to sum: then nothing touches rank 0's memory any more.
TEST(RankGroup, SumsUnderWayEndAsOneWhenARankDies) {
  signal(SIGPIPE, SIG_IGN);
  constexpr size_t kValues = size_t{4} << 20;
  for (const bool to_owners : {false, true}) {
    const std::string folder = FreshFolder();
    int met[2];
    ASSERT_EQ(pipe(met), 0);
    const pid_t child = fork();
    if (child == 0) {  // takes part in the first bucket, then dies
      auto group = RankGroup::Join(TaskOf(folder, 1, 2), absl::Seconds(30));
      char word = 0;
      if (!group.ok() || read(met[0], &word, 1) != 1) _exit(1);
      std::vector<float> values(kValues);
      const std::vector<OwnedRange> ranges = {{0, kValues / 2, 0}, {kValues / 2, kValues, 1}};
      const auto sum = to_owners ? (*group)->BeginSumToOwners(absl::MakeSpan(values), ranges, 2)
                                 : (*group)->BeginSum(absl::MakeSpan(values));
      sum->FinalFrom(kValues - (1 << 20));
      _exit(0);
    }
    auto group = RankGroup::Join(TaskOf(folder, 0, 2), absl::Seconds(30));
    ASSERT_TRUE(group.ok()) << group.status();
    const std::vector<OwnedRange> ranges = {{0, kValues / 2, 0}, {kValues / 2, kValues, 1}};
    std::vector<float> values(kValues);
    auto sum = to_owners ? (*group)->BeginSumToOwners(absl::MakeSpan(values), ranges, 2)
                         : (*group)->BeginSum(absl::MakeSpan(values));
    sum->FinalFrom(kValues / 4);
    ASSERT_EQ(write(met[1], "m", 1), 1);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    const absl::Time before = absl::Now();
    const absl::Status finished = sum->Finish();
    EXPECT_EQ(finished.code(), absl::StatusCode::kUnavailable);
    EXPECT_NE(finished.message().find("rank 1 is gone"), absl::string_view::npos) << finished;
    EXPECT_LT(absl::Now() - before, absl::Seconds(15));
    std::fill(values.begin(), values.end(), 7.0f);
    sum.reset();
    group->reset();  // ends Gloo's threads
    for (const float value : values) ASSERT_EQ(value, 7.0f);
  }
}

TEST(RankGroup, SumThatNobodyFinishesEnds) {
  ForEachRank(2, [&](RankGroup& group, int) {
    const std::vector<OwnedRange> ranges = {{0, 5, 0}, {5, 10, 1}};
    std::vector<float> values(10);
    ASSERT_EQ(group.Sum(absl::MakeSpan(values)), absl::OkStatus());  // both have met
    group.BeginSumToOwners(absl::MakeSpan(values), ranges, 2);
    group.BeginSum(absl::MakeSpan(values));
  });
}

TEST(RankGroup, NamesTheRankThatNeverCame) {
  const auto group = RankGroup::Join(TaskOf(FreshFolder(), 0, 2), absl::Milliseconds(300));
  EXPECT_EQ(group.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(group.status().message().find("rank 1 never came"), absl::string_view::npos) << group.status();
}

TEST(RankGroup, RefusesAFolderThatIsNotThere) {
  EXPECT_EQ(RankGroup::Join(TaskOf("/nowhere/at/all", 0, 2), absl::Seconds(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RankGroup::Join(TaskOf("", 0, 2), absl::Seconds(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RankGroup::Join(TaskOf(FreshFolder(), 2, 2), absl::Seconds(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RankGroup, DoesNotWaitForeverForARankThatHangs) {
  const std::string folder = FreshFolder();
  std::unique_ptr<RankGroup> hanging;
  std::thread other([&] {
    auto group = RankGroup::Join(TaskOf(folder, 1, 2), absl::Seconds(30));
    ASSERT_TRUE(group.ok()) << group.status();
    hanging = *std::move(group);
  });
  const auto group = RankGroup::Join(TaskOf(folder, 0, 2), absl::Seconds(2));
  other.join();
  ASSERT_TRUE(group.ok()) << group.status();
  std::vector<float> values(10);
  const absl::Time before = absl::Now();
  const absl::Status sum = (*group)->Sum(absl::MakeSpan(values));
  EXPECT_EQ(sum.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(sum.message().find("every rank is there"), absl::string_view::npos) << sum;
  EXPECT_LT(absl::Now() - before, absl::Seconds(20));
}

TEST(RankGroup, FindsWhatWasPostedWithoutWaitingForWhatWasNot) {
  const std::string folder = FreshFolder();
  std::unique_ptr<RankGroup> one;
  std::thread other([&] {
    auto group = RankGroup::Join(TaskOf(folder, 1, 2), absl::Seconds(30));
    ASSERT_TRUE(group.ok()) << group.status();
    one = *std::move(group);
    EXPECT_EQ(one->Post("from one", "a text"), absl::OkStatus());
  });
  const auto zero = RankGroup::Join(TaskOf(folder, 0, 2), absl::Seconds(30));
  other.join();
  ASSERT_TRUE(zero.ok()) << zero.status();
  const absl::StatusOr<std::string> found = (*zero)->Find("from one");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(*found, "a text");
  EXPECT_EQ((*zero)->Find("never").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ((*zero)->WhyMissing(1), "");
  one.reset();
  EXPECT_EQ((*zero)->WhyMissing(1), "rank 1 is gone");
  EXPECT_TRUE((*zero)->Find("from one").ok());  // its words stay
}

TEST(RankGroup, OneRankNeedsNobody) {
  const auto group = RankGroup::Join(TaskOf("", 0, 1), absl::Seconds(1));
  ASSERT_TRUE(group.ok());
  std::vector<float> values = {1, 2};
  EXPECT_TRUE((*group)->Sum(absl::MakeSpan(values)).ok());
  EXPECT_EQ(values, (std::vector<float>{1, 2}));
  EXPECT_EQ(*(*group)->FromRankZero("key", "text"), "text");
  EXPECT_EQ((*group)->Find("post").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ((*group)->Post("post", "text"), absl::OkStatus());
  EXPECT_EQ(*(*group)->Find("post"), "text");
}

}  // namespace
}  // namespace bonsai
