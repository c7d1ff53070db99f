#include "storage/store_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace bonsai {
namespace {

std::string FreshPath() {
  std::string dir = testing::TempDir() + "/lock-XXXXXX";
  return std::string(mkdtemp(dir.data())) + "/lock";
}

TEST(StoreLockTest, ManyHoldItSharedAtOnce) {
  const std::string path = FreshPath();
  auto first = StoreLock::Take(path, StoreLock::kShared);
  auto second = StoreLock::Take(path, StoreLock::kShared);
  EXPECT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST(StoreLockTest, WhoHoldsItAloneIsAloneAlsoAmongThreads) {
  const std::string path = FreshPath();
  int value = 0;  // guarded by the lock; a lost update shows a lock that does not exclude
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 250; ++round) {
        auto lock = StoreLock::Take(path, StoreLock::kAlone);
        const int seen = value;
        std::this_thread::yield();
        value = seen + 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(value, 1000);
}

TEST(StoreLockTest, EndsWithItsProcess) {
  const std::string path = FreshPath();
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto lock = StoreLock::Take(path, StoreLock::kAlone);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  std::atomic<bool> had{false};
  std::thread waiter([&] { had = StoreLock::Take(path, StoreLock::kAlone).ok(); });
  EXPECT_FALSE(had);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  waiter.join();
  EXPECT_TRUE(had);
  close(ready[0]);
  close(ready[1]);
}

TEST(StoreLockTest, SaysWhichFileCannotBeMade) {
  const absl::Status status = StoreLock::Take(FreshPath() + "/below", StoreLock::kShared).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
}

}  // namespace
}  // namespace bonsai
