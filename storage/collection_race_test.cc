// The collector beside writers in other processes. A few contents are stored again and again; each turns old
// as soon as no writer needs it, so that the collector is forever about to remove what a writer is about to
// store again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <thread>

#include "storage/collection.h"
#include "storage/directory_blob_store.h"
#include "storage/manifest.h"
#include "storage/store_lock.h"

namespace bonsai {
namespace {

constexpr int kContents = 3;
constexpr int kWriters = 3;
constexpr int kRounds = 150;

std::string Content(int i) { return "content " + std::to_string(i); }

struct Folder {
  std::string root, holds;
  // Held shared by writers that need a content, alone by who makes it old.
  std::string HoldPath(int i) const { return holds + "/" + std::to_string(i); }
};

Folder FreshFolder() {
  std::string dir = testing::TempDir() + "/race-XXXXXX";
  const std::string root = mkdtemp(dir.data());
  std::filesystem::create_directory(root + "/holds");
  return {root + "/store", root + "/holds"};
}

// Whether what was just stored is there, whole, and can be named.
bool StoreAndName(BlobStore& store, int i) {
  absl::StatusOr<v1::Blob> blob = store.Put(Content(i));
  if (!blob.ok()) return false;
  for (int look = 0; look < 3; ++look) {
    if (!store.Check(*blob).ok()) return false;
    std::this_thread::yield();
  }
  v1::Manifest manifest;
  manifest.set_kind("model");
  manifest.add_files()->set_path("file");
  *manifest.mutable_files(0)->mutable_blob() = *blob;
  absl::StatusOr<std::string> id = PutManifest(store, manifest);
  return id.ok() && GetManifest(store, *id).ok() && store.Verify(*blob).ok();
}

// The life of a writing process: 0 if nothing that it needed went away.
int WriteForAWhile(const Folder& folder, int writer) {
  auto store = DirectoryBlobStore::Open(folder.root);
  if (!store.ok()) return 2;
  std::mt19937 random(static_cast<unsigned>(writer));
  for (int round = 0; round < kRounds; ++round) {
    const int i = static_cast<int>(random() % kContents);
    auto hold = StoreLock::Take(folder.HoldPath(i), StoreLock::kShared);
    if (!hold.ok()) return 3;
    if (!StoreAndName(**store, i)) return 4;
  }
  return 0;
}

// Turns contents (and the manifests that name them) old that no writer holds.
void MakeOld(const Folder& folder, const std::vector<std::string>& paths, int i) {
  auto hold = StoreLock::Take(folder.HoldPath(i), StoreLock::kAlone);
  ASSERT_TRUE(hold.ok()) << hold.status();
  const timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
  for (const std::string& path : paths) utimensat(AT_FDCWD, path.c_str(), old, 0);
}

absl::StatusOr<IsNamed> NothingIsNamed() {
  return [](absl::string_view) { return false; };
}

std::string PathOf(const std::string& root, const std::string& sha256) {
  return root + "/blobs/" + sha256.substr(0, 2) + "/" + sha256;
}

TEST(CollectionRaceTest, NothingThatAWriterJustStoredIsRemoved) {
  const Folder folder = FreshFolder();
  auto store = DirectoryBlobStore::Open(folder.root);
  ASSERT_TRUE(store.ok()) << store.status();
  std::vector<std::vector<std::string>> paths(kContents);
  for (int i = 0; i < kContents; ++i) {
    v1::Manifest manifest;
    manifest.set_kind("model");
    manifest.add_files()->set_path("file");
    *manifest.mutable_files(0)->mutable_blob() = *(*store)->Put(Content(i));
    const std::string id = *PutManifest(**store, manifest);
    paths[i] = {PathOf(folder.root, manifest.files(0).blob().sha256()), PathOf(folder.root, id)};
  }
  std::vector<pid_t> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    const pid_t child = fork();
    if (child == 0) _exit(WriteForAWhile(folder, writer));
    writers.push_back(child);
  }
  std::atomic<bool> done{false};
  std::atomic<uint64_t> removed{0};
  std::thread collector([&] {
    CollectionOptions options;
    options.pause = absl::ZeroDuration();
    while (!done) {
      auto pass = CollectGarbage(**store, NothingIsNamed, options);
      ASSERT_TRUE(pass.ok()) << pass.status();
      removed += pass->blobs();
    }
  });
  std::thread ager([&] {
    for (int i = 0; !done; i = (i + 1) % kContents) MakeOld(folder, paths[i], i);
  });
  int failures = 0;
  for (pid_t writer : writers) {
    int status = 0;
    waitpid(writer, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      ++failures;
      ADD_FAILURE() << "a writer ended with " << status;
    }
  }
  done = true;
  collector.join();
  ager.join();
  // Or else there was nothing to be safe from.
  EXPECT_GT(removed, 20u);
}

// Killed at any moment, a collector leaves every blob whole or gone, and the next one goes on.
TEST(CollectionRaceTest, ACollectorThatIsKilledLeavesNothingHalfRemoved) {
  const Folder folder = FreshFolder();
  auto store = DirectoryBlobStore::Open(folder.root);
  ASSERT_TRUE(store.ok()) << store.status();
  std::vector<v1::Blob> blobs;
  for (int i = 0; i < 60; ++i) {
    blobs.push_back(*(*store)->Put("blob " + std::to_string(i)));
    const timespec old[2] = {{1'000'000, 0}, {1'000'000, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, PathOf(folder.root, blobs.back().sha256()).c_str(), old, 0), 0);
  }
  CollectionOptions options;
  options.pause = absl::Microseconds(50);
  const auto collect = [&] { return CollectGarbage(**store, NothingIsNamed, options); };
  std::mt19937 random(7);
  size_t there = blobs.size();
  int killed = 0;
  for (int round = 0; there > 0 && round < 200; ++round) {
    const pid_t child = fork();
    if (child == 0) _exit(collect().ok() ? 0 : 1);
    const timespec until_then = {0, static_cast<long>(random() % 2'000'000)};
    nanosleep(&until_then, nullptr);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    killed += WIFSIGNALED(status) ? 1 : 0;
    there = 0;
    for (const v1::Blob& blob : blobs) {
      const absl::Status sound = (*store)->Verify(blob);
      ASSERT_TRUE(sound.ok() || absl::IsNotFound(sound)) << sound;
      there += sound.ok() ? 1 : 0;
    }
  }
  EXPECT_GT(killed, 0);
  auto rest = collect();
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(rest->blobs(), there);
}

}  // namespace
}  // namespace bonsai
