// The contract of BlobStore, for every implementation, and what the directory adds to it.
#include "storage/blob_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "storage/digest.h"
#include "storage/directory_blob_store.h"
#include "storage/file_bytes.h"
#include "storage/memory_blob_store.h"
#include "storage/store_lock.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string FreshFolder() {
  std::string dir = testing::TempDir() + "/store-XXXXXX";
  return mkdtemp(dir.data());
}

std::string PathOf(const std::string& root, const std::string& sha256) {
  return root + "/blobs/" + sha256.substr(0, 2) + "/" + sha256;
}

void Overwrite(const std::string& path, const std::string& bytes) {
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

size_t FilesUnder(const std::string& dir) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  return files;
}

// A store and a way to damage its bytes behind its back.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual CollectableStore& store() = 0;
  virtual void Damage(const std::string& sha256, const std::string* bytes) = 0;
  // An hour passes for the blob.
  virtual void Age(const std::string& sha256) = 0;
};

class DirectorySubject : public Subject {
 public:
  DirectorySubject() : root_(FreshFolder()), store_(*DirectoryBlobStore::Open(root_)) {}
  CollectableStore& store() override { return *store_; }
  void Damage(const std::string& sha256, const std::string* bytes) override {
    if (bytes == nullptr) {
      unlink(PathOf(root_, sha256).c_str());
    } else {
      Overwrite(PathOf(root_, sha256), *bytes);
    }
  }

  void Age(const std::string& sha256) override {
    struct stat info;
    ASSERT_EQ(stat(PathOf(root_, sha256).c_str(), &info), 0);
    info.st_mtim.tv_sec -= 3600;
    const timespec times[2] = {info.st_mtim, info.st_mtim};
    ASSERT_EQ(utimensat(AT_FDCWD, PathOf(root_, sha256).c_str(), times, 0), 0);
  }

 private:
  std::string root_;
  std::unique_ptr<DirectoryBlobStore> store_;
};

class MemorySubject : public Subject {
 public:
  CollectableStore& store() override { return store_; }
  void Damage(const std::string& sha256, const std::string* bytes) override { store_.Damage(sha256, bytes); }
  void Age(const std::string&) override { store_.Advance(absl::Hours(1)); }

 private:
  MemoryBlobStore store_;
};

using MakeSubject = std::unique_ptr<Subject> (*)();

class BlobStoreTest : public testing::TestWithParam<MakeSubject> {
 protected:
  std::unique_ptr<Subject> subject_ = GetParam()();
  CollectableStore& store_ = subject_->store();
};

TEST_P(BlobStoreTest, GivesBackWhatWasPutUnderItsDigest) {
  const std::string bytes("some\0bytes", 10);
  auto blob = store_.Put(bytes);
  ASSERT_TRUE(blob.ok()) << blob.status();
  EXPECT_EQ(blob->sha256(), Sha256Hex(bytes));
  EXPECT_EQ(blob->size_bytes(), 10u);
  EXPECT_EQ(*store_.Get(blob->sha256(), 10), bytes);
  EXPECT_TRUE(store_.Check(*blob).ok());
  EXPECT_TRUE(store_.Verify(*blob).ok());
  EXPECT_EQ(*ReadFileBytes(*store_.LocalPath(*blob), 100), bytes);
}

TEST_P(BlobStoreTest, KeepsTheEmptyBlob) {
  auto blob = store_.Put("");
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ(*store_.Get(blob->sha256(), 0), "");
}

TEST_P(BlobStoreTest, AFileAndItsBytesAreTheSameBlob) {
  std::string path = FreshFolder() + "/file";
  std::string bytes(3 << 20, 'q');
  std::ofstream(path) << bytes;
  auto of_file = store_.PutFile(path);
  ASSERT_TRUE(of_file.ok()) << of_file.status();
  auto of_bytes = store_.Put(bytes);
  ASSERT_TRUE(of_bytes.ok());
  EXPECT_EQ(of_file->sha256(), of_bytes->sha256());
  EXPECT_EQ(of_file->size_bytes(), bytes.size());
  absl::Status missing = store_.PutFile(path + "-missing").status();
  EXPECT_TRUE(absl::IsNotFound(missing));
  EXPECT_THAT(std::string(missing.message()), HasSubstr(path + "-missing"));
}

TEST_P(BlobStoreTest, MissingBlobsAreNotFound) {
  v1::Blob blob;
  blob.set_sha256(Sha256Hex("never put"));
  blob.set_size_bytes(9);
  EXPECT_TRUE(absl::IsNotFound(store_.Get(blob.sha256(), 100).status()));
  EXPECT_TRUE(absl::IsNotFound(store_.SizeOf(blob.sha256()).status()));
  EXPECT_TRUE(absl::IsNotFound(store_.Check(blob)));
  EXPECT_TRUE(absl::IsNotFound(store_.Verify(blob)));
  EXPECT_TRUE(absl::IsNotFound(store_.LocalPath(blob).status()));
}

TEST_P(BlobStoreTest, NamesThatAreNoDigestsAreRefused) {
  for (const char* name : {"", "ab", "../../../../etc/passwd"}) {
    v1::Blob blob;
    blob.set_sha256(name);
    EXPECT_TRUE(absl::IsInvalidArgument(store_.Get(name, 100).status())) << name;
    EXPECT_TRUE(absl::IsInvalidArgument(store_.LocalPath(blob).status())) << name;
    EXPECT_TRUE(absl::IsInvalidArgument(store_.SizeOf(name).status())) << name;
  }
}

TEST_P(BlobStoreTest, ABlobLargerThanTheBoundIsRefused) {
  auto blob = store_.Put("0123456789");
  EXPECT_EQ(*store_.SizeOf(blob->sha256()), 10u);
  EXPECT_TRUE(absl::IsResourceExhausted(store_.Get(blob->sha256(), 9).status()));
}

TEST_P(BlobStoreTest, DetectsTruncatedAndFlippedBytes) {
  auto blob = store_.Put("0123456789");
  std::string truncated = "012345678";
  subject_->Damage(blob->sha256(), &truncated);
  EXPECT_TRUE(absl::IsDataLoss(store_.Get(blob->sha256(), 100).status()));
  EXPECT_TRUE(absl::IsDataLoss(store_.Check(*blob)));
  EXPECT_TRUE(absl::IsDataLoss(store_.Verify(*blob)));
  EXPECT_TRUE(absl::IsDataLoss(store_.LocalPath(*blob).status()));
  std::string flipped = "0123456788";
  subject_->Damage(blob->sha256(), &flipped);
  EXPECT_TRUE(absl::IsDataLoss(store_.Get(blob->sha256(), 100).status()));
  EXPECT_TRUE(absl::IsDataLoss(store_.Verify(*blob)));
}

TEST_P(BlobStoreTest, PuttingTheBytesAgainMendsADamagedBlob) {
  auto blob = store_.Put("0123456789");
  std::string flipped = "0123456788";
  subject_->Damage(blob->sha256(), &flipped);
  ASSERT_TRUE(store_.Put("0123456789").ok());
  EXPECT_TRUE(store_.Verify(*blob).ok());
  std::string path = FreshFolder() + "/file";
  std::ofstream(path) << "0123456789";
  subject_->Damage(blob->sha256(), &flipped);
  ASSERT_TRUE(store_.PutFile(path).ok());
  EXPECT_TRUE(store_.Verify(*blob).ok());
  subject_->Damage(blob->sha256(), nullptr);
  EXPECT_TRUE(absl::IsNotFound(store_.Verify(*blob)));
  ASSERT_TRUE(store_.Put("0123456789").ok());
  EXPECT_TRUE(store_.Verify(*blob).ok());
}

TEST_P(BlobStoreTest, WritersOfTheSameBlobDoNotDisturbEachOther) {
  std::string bytes(1 << 20, 'z');
  std::vector<std::thread> writers;
  std::vector<absl::Status> results(8);
  for (size_t i = 0; i < results.size(); ++i) {
    writers.emplace_back([&, i] {
      absl::StatusOr<v1::Blob> blob = store_.Put(bytes);
      results[i] = blob.ok() ? store_.Verify(*blob) : blob.status();
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
}

TEST_P(BlobStoreTest, ABlobIsRemovedOnlyIfItWasNotRenewedSince) {
  auto blob = store_.Put("0123456789");
  const absl::Time stored = *store_.Now();
  EXPECT_FALSE(*store_.RemoveIfUnused(blob->sha256(), stored - absl::Minutes(1)));
  subject_->Age(blob->sha256());
  const absl::Time since = *store_.Now() - absl::Minutes(1);
  ASSERT_TRUE(store_.Renew(*blob).ok());
  EXPECT_FALSE(*store_.RemoveIfUnused(blob->sha256(), since));
  subject_->Age(blob->sha256());
  ASSERT_TRUE(store_.Put("0123456789").ok());
  EXPECT_FALSE(*store_.RemoveIfUnused(blob->sha256(), *store_.Now() - absl::Minutes(1)));
  subject_->Age(blob->sha256());
  EXPECT_TRUE(*store_.RemoveIfUnused(blob->sha256(), *store_.Now() - absl::Minutes(1)));
  EXPECT_TRUE(absl::IsNotFound(store_.Check(*blob)));
  EXPECT_FALSE(*store_.RemoveIfUnused(blob->sha256(), *store_.Now()));
  EXPECT_TRUE(absl::IsNotFound(store_.Renew(*blob)));
  EXPECT_TRUE(absl::IsInvalidArgument(store_.RemoveIfUnused("../x", *store_.Now()).status()));
}

TEST_P(BlobStoreTest, ListsEachBlobWithItsSizeAndWhenItWasRenewed) {
  auto first = store_.Put("first");
  auto second = store_.Put("the second");
  const absl::Time now = *store_.Now();
  std::map<std::string, uint64_t> sizes;
  ASSERT_TRUE(store_
                  .ForEachBlob([&](const StoredBlob& blob) {
                    sizes[blob.sha256] = blob.size_bytes;
                    EXPECT_LE(absl::AbsDuration(now - blob.renewed), absl::Minutes(1));
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(sizes, (std::map<std::string, uint64_t>{{first->sha256(), 5}, {second->sha256(), 10}}));
  EXPECT_TRUE(absl::IsAborted(store_.ForEachBlob([](const StoredBlob&) { return absl::AbortedError(""); })));
}

TEST_P(BlobStoreTest, QuarantineTakesOnlyWhatIsDamaged) {
  auto blob = store_.Put("0123456789");
  EXPECT_FALSE(*store_.Quarantine(*blob));
  EXPECT_FALSE(store_.IsQuarantined(blob->sha256()));
  std::string flipped = "0123456788";
  subject_->Damage(blob->sha256(), &flipped);
  EXPECT_TRUE(*store_.Quarantine(*blob));
  EXPECT_TRUE(store_.IsQuarantined(blob->sha256()));
  EXPECT_TRUE(absl::IsNotFound(store_.Check(*blob)));
  ASSERT_TRUE(store_.Put("0123456789").ok());
  EXPECT_TRUE(store_.Verify(*blob).ok());
  EXPECT_FALSE(*store_.Quarantine(*blob));
  auto lost = store_.Put("lost");
  subject_->Damage(lost->sha256(), nullptr);
  EXPECT_TRUE(*store_.Quarantine(*lost));
  EXPECT_TRUE(*store_.Quarantine(*lost));
  EXPECT_TRUE(store_.IsQuarantined(lost->sha256()));
}

INSTANTIATE_TEST_SUITE_P(
    All, BlobStoreTest,
    testing::Values([]() -> std::unique_ptr<Subject> { return std::make_unique<DirectorySubject>(); },
                    []() -> std::unique_ptr<Subject> { return std::make_unique<MemorySubject>(); }),
    [](const auto& info) { return info.index == 0 ? "Directory" : "Memory"; });

TEST(DirectoryBlobStoreTest, KeepsBlobsReadOnlyUnderTheirFirstDigits) {
  std::string root = FreshFolder() + "/new/store";
  auto store = DirectoryBlobStore::Open(root);
  ASSERT_TRUE(store.ok()) << store.status();
  auto blob = (*store)->Put("abc");
  struct stat info;
  ASSERT_EQ(stat(PathOf(root, blob->sha256()).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0444u);
  EXPECT_EQ(FilesUnder(root + "/blobs"), 1u);
  EXPECT_EQ(FilesUnder(root + "/tmp"), 0u);
}

TEST(DirectoryBlobStoreTest, ASecondProcessReadsWhatTheFirstWrote) {
  std::string root = FreshFolder();
  auto first = DirectoryBlobStore::Open(root);
  auto blob = (*first)->Put("abc");
  auto second = DirectoryBlobStore::Open(root);
  EXPECT_EQ(*(*second)->Get(blob->sha256(), 10), "abc");
}

// What a thread does that finds the store locked: given time to run into the lock, and to get it wrong.
template <typename Call>
std::thread StartAgainstALock(Call call) {
  std::thread thread(std::move(call));
  const timespec a_while = {0, 50'000'000};
  nanosleep(&a_while, nullptr);
  return thread;
}

void MakeOld(const std::string& path) {
  const timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), old, 0), 0);
}

TEST(DirectoryBlobStoreTest, ARemovalLooksAgainOnceNoWriterHoldsTheLock) {
  std::string root = FreshFolder();
  auto store = DirectoryBlobStore::Open(root);
  const v1::Blob blob = *(*store)->Put("abc");
  const std::string path = PathOf(root, blob.sha256());
  MakeOld(path);
  bool removed = true;
  std::thread collector;
  {
    auto writing = StoreLock::Take(root + "/lock", StoreLock::kShared);
    collector = StartAgainstALock(
        [&] { removed = *(*store)->RemoveIfUnused(blob.sha256(), absl::FromUnixSeconds(2'000'000)); });
    EXPECT_TRUE((*store)->Check(blob).ok()) << "removed beside a writer";
    utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // the writer renews it
  }
  collector.join();
  EXPECT_FALSE(removed);
  EXPECT_TRUE((*store)->Check(blob).ok());
}

TEST(DirectoryBlobStoreTest, AWriterWaitsForARemovalAndThenStoresAnew) {
  std::string root = FreshFolder();
  auto store = DirectoryBlobStore::Open(root);
  const v1::Blob blob = *(*store)->Put("abc");
  for (const bool put : {true, false}) {
    absl::Status status;
    std::thread writer;
    {
      auto removing = StoreLock::Take(root + "/lock", StoreLock::kAlone);
      writer =
          StartAgainstALock([&] { status = put ? (*store)->Put("abc").status() : (*store)->Renew(blob); });
      unlink(PathOf(root, blob.sha256()).c_str());
    }
    writer.join();
    EXPECT_EQ(status.ok(), put) << status;
    EXPECT_EQ((*store)->Check(blob).ok(), put)
        << "what Put accepted is there; what Renew cannot find is refused";
  }
}

TEST(DirectoryBlobStoreTest, KeepsDamagedBytesForWhoWantsToLookAtThem) {
  std::string root = FreshFolder();
  auto store = DirectoryBlobStore::Open(root);
  auto blob = (*store)->Put("abc");
  Overwrite(PathOf(root, blob->sha256()), "abd");
  ASSERT_TRUE(*(*store)->Quarantine(*blob));
  EXPECT_EQ(*ReadFileBytes(root + "/quarantine/" + blob->sha256(), 10), "abd");
}

TEST(DirectoryBlobStoreTest, SaysWhichFolderCannotBeMade) {
  std::string file = FreshFolder() + "/file";
  std::ofstream(file) << "in the way";
  absl::Status status = DirectoryBlobStore::Open(file + "/store").status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(file));
}

// Runs in a child process, since the limit cannot be raised again: 0 if all is as it should be.
int WriteBeyondTheLimit(const std::string& root) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit = {1 << 16, 1 << 16};
  setrlimit(RLIMIT_FSIZE, &limit);
  auto store = DirectoryBlobStore::Open(root);
  if (!store.ok()) return 2;
  absl::Status status = (*store)->Put(std::string(1 << 20, 'x')).status();
  if (!absl::IsResourceExhausted(status)) return 3;
  if (status.message().find(root) == absl::string_view::npos) return 4;
  if (FilesUnder(root + "/blobs") + FilesUnder(root + "/tmp") != 0) return 5;
  return (*store)->Put("fits").ok() ? 0 : 6;
}

TEST(DirectoryBlobStoreTest, AFullDiskIsReportedWithThePathAndLeavesNothing) {
  std::string root = FreshFolder();
  pid_t child = fork();
  if (child == 0) _exit(WriteBeyondTheLimit(root));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace bonsai
