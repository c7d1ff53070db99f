#include "worker/train/rank_group.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/train/gloo_exchange.h"
#include "worker/train/gloo_sum.h"
#include "worker/train/rendezvous_store.h"

namespace bonsai {
namespace {

absl::Status NothingPosted(absl::string_view key) {
  return absl::NotFoundError(absl::StrCat("no rank has posted ", key));
}

class NothingToSum final : public SumUnderWay {
 public:
  void FinalFrom(int64_t) override {}
  absl::Status Finish() override { return absl::OkStatus(); }
};

class SingleRank final : public RankGroup {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 1; }
  absl::Status Sum(absl::Span<float>) override { return absl::OkStatus(); }
  absl::Status Sum(absl::Span<double>) override { return absl::OkStatus(); }
  absl::Status SumInTree(absl::Span<float>, int) override { return absl::OkStatus(); }
  absl::Status SumInTree(absl::Span<double>, int) override { return absl::OkStatus(); }
  std::unique_ptr<SumUnderWay> BeginSum(absl::Span<float>) override {
    return std::make_unique<NothingToSum>();
  }
  std::unique_ptr<SumUnderWay> BeginSumToOwners(absl::Span<float>, absl::Span<const OwnedRange>,
                                                int) override {
    return std::make_unique<NothingToSum>();
  }
  absl::Status ShareFromOwners(absl::Span<float>, absl::Span<const OwnedRange>) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> FromRankZero(absl::string_view, absl::string_view text) override {
    return std::string(text);
  }
  absl::Status Post(absl::string_view key, absl::string_view text) override {
    std::lock_guard<std::mutex> lock(mutex_);
    posts_[std::string(key)] = std::string(text);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Find(absl::string_view key) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = posts_.find(std::string(key));
    if (found == posts_.end()) return NothingPosted(key);
    return found->second;
  }
  std::string WhyMissing(int) const override { return ""; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> posts_;
};

// A file that a rank keeps locked while it lives: so the others can tell who is gone.
class LifeSign {
 public:
  LifeSign(std::string folder, int rank) : folder_(std::move(folder)) {
    fd_ = open(PathOf(rank).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    // Another rank may be looking at this very moment; it does not for long.
    for (int tries = 0; fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) != 0 && tries < 1000; ++tries) usleep(1000);
  }
  ~LifeSign() {
    if (fd_ >= 0) close(fd_);
  }
  LifeSign(const LifeSign&) = delete;
  LifeSign& operator=(const LifeSign&) = delete;

  bool held() const { return fd_ >= 0; }
  std::string PathOf(int rank) const { return absl::StrCat(folder_, "/rank-", rank, ".alive"); }

  // "rank 1 is gone", "rank 1 never came", or "" if it lives.
  std::string Complaint(int rank) const {
    const int fd = open(PathOf(rank).c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return absl::StrCat("rank ", rank, " never came");
    const bool gone = flock(fd, LOCK_SH | LOCK_NB) == 0;
    close(fd);
    return gone ? absl::StrCat("rank ", rank, " is gone") : "";
  }

 private:
  const std::string folder_;
  int fd_ = -1;
};

class GlooGroup final : public RankGroup {
 public:
  GlooGroup(const v1::Task& task, absl::Duration timeout)
      : rank_(static_cast<int>(task.rank())),
        ranks_(static_cast<int>(task.ranks())),
        timeout_(absl::ToChronoMilliseconds(timeout)),
        folder_(task.rendezvous_dir()) {}

  // Through files in a folder that all ranks share.
  absl::Status MeetInFolder() {
    life_.emplace(folder_, rank_);
    if (!life_->held()) {
      return absl::InvalidArgumentError(
          absl::StrCat("task.rendezvous_dir is \"", folder_, "\": no file can be made there"));
    }
    return Try("meet", [&] {
      store_ = c10::make_intrusive<c10d::FileStore>(absl::StrCat(folder_, "/store"), ranks_);
      store_->setTimeout(timeout_);
      Connect("127.0.0.1");
    });
  }

  // Through the server at the task's rendezvous_address.
  absl::Status MeetAtServer(const v1::Task& task) {
    absl::StatusOr<c10::intrusive_ptr<RendezvousStore>> joined = RendezvousStore::Join(task, timeout_);
    if (!joined.ok()) return joined.status();
    server_ = *joined;
    store_ = server_;
    return Try("meet", [&] { Connect(server_->own_host()); });
  }

  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }

  absl::Status Sum(absl::Span<float> values) override {
    return Try("sum", [&] { SumBuckets(*gloo_, values); });
  }
  absl::Status Sum(absl::Span<double> values) override {
    return Try("sum", [&] { SumBuckets(*gloo_, values); });
  }
  absl::Status SumInTree(absl::Span<float> values, int working) override {
    return Try("sum", [&] { bonsai::SumInTree(*gloo_, values, working); });
  }
  absl::Status SumInTree(absl::Span<double> values, int working) override {
    return Try("sum", [&] { bonsai::SumInTree(*gloo_, values, working); });
  }

  std::unique_ptr<SumUnderWay> BeginSum(absl::Span<float> values) override {
    return BeginBucketSum(*gloo_, values, [this](const auto& work) { return Try("sum", work); });
  }
  std::unique_ptr<SumUnderWay> BeginSumToOwners(absl::Span<float> values, absl::Span<const OwnedRange> ranges,
                                                int working) override {
    return BeginOwnerSum(*gloo_, values, ranges, working,
                         [this](const auto& work) { return Try("sum", work); });
  }
  absl::Status ShareFromOwners(absl::Span<float> values, absl::Span<const OwnedRange> ranges) override {
    return Try("share", [&] { bonsai::ShareFromOwners(*gloo_, values, ranges); });
  }

  absl::StatusOr<std::string> FromRankZero(absl::string_view key, absl::string_view text) override {
    std::string word(text);
    const absl::Status status = Try("hear from rank 0", [&] {
      if (rank_ == 0) {
        store_->set(std::string(key), std::vector<uint8_t>(word.begin(), word.end()));
      } else {
        const std::vector<uint8_t> bytes = store_->get(std::string(key));
        word.assign(bytes.begin(), bytes.end());
      }
    });
    if (!status.ok()) return status;
    return word;
  }

  absl::Status Post(absl::string_view key, absl::string_view text) override {
    return Try("post",
               [&] { store_->set(std::string(key), std::vector<uint8_t>(text.begin(), text.end())); });
  }

  absl::StatusOr<std::string> Find(absl::string_view key) override {
    std::string text;
    bool found = false;
    const absl::Status status = Try("look", [&] {
      found = store_->check({std::string(key)});
      if (!found) return;
      const std::vector<uint8_t> bytes = store_->get(std::string(key));  // is there: does not wait
      text.assign(bytes.begin(), bytes.end());
    });
    if (!status.ok()) return status;
    if (!found) return NothingPosted(key);
    return text;
  }

  std::string WhyMissing(int rank) const override {
    return rank == rank_ || !life_ ? "" : life_->Complaint(rank);
  }

 private:
  // Tells the others, in the store, at which of this machine's addresses this rank is.
  void Connect(const std::string& host) {
    const auto options = c10d::ProcessGroupGloo::Options::create(timeout_);
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(host));
    options->threads = 1;
    gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, rank_, ranks_, options);
  }

  // Which of the others are gone, or never came.
  std::vector<std::string> Complaints() {
    if (server_ != nullptr) return server_->Complaints(ranks_);
    // A rank that dies may let go of its connections a moment before its life sign.
    std::vector<std::string> complaints;
    for (int tries = 0; tries < 200 && complaints.empty(); ++tries) {
      if (tries > 0) usleep(10'000);
      for (int rank = 0; rank < ranks_; ++rank) {
        std::string complaint = WhyMissing(rank);
        if (!complaint.empty()) complaints.push_back(std::move(complaint));
      }
    }
    return complaints;
  }

  // libtorch's exceptions end here.
  template <typename Work>
  absl::Status Try(absl::string_view what, const Work& work) {
    try {
      work();
      return absl::OkStatus();
    } catch (const std::exception& error) {
      const std::vector<std::string> complaints = Complaints();
      const std::string who = complaints.empty() ? "every rank is there" : absl::StrJoin(complaints, ", ");
      const absl::string_view first_line =
          absl::string_view(error.what()).substr(0, absl::string_view(error.what()).find('\n'));
      return absl::UnavailableError(absl::StrCat("rank ", rank_, " of ", ranks_, " could not ", what, ": ",
                                                 who, " (", first_line, ")"));
    }
  }

  const int rank_;
  const int ranks_;
  const std::chrono::milliseconds timeout_;
  const std::string folder_;
  std::optional<LifeSign> life_;                // of those that meet in a folder
  c10::intrusive_ptr<RendezvousStore> server_;  // of those that do not
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RankGroup>> RankGroup::Join(const v1::Task& task, absl::Duration timeout) {
  if (task.ranks() <= 1) return std::make_unique<SingleRank>();
  if (task.rank() >= task.ranks()) {
    return absl::InvalidArgumentError(
        absl::StrCat("task.rank is ", task.rank(), "; valid: below ranks, ", task.ranks()));
  }
  if (task.rendezvous_address().empty() && task.rendezvous_dir().empty()) {
    return absl::InvalidArgumentError(
        "task.rendezvous_dir is empty; valid: a folder that the ranks of this attempt share");
  }
  auto group = std::make_unique<GlooGroup>(task, timeout);
  const bool by_folder = task.rendezvous_address().empty();
  absl::Status status = by_folder ? group->MeetInFolder() : group->MeetAtServer(task);
  if (!status.ok()) return status;
  return group;
}

}  // namespace bonsai
