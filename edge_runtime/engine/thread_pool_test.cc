#include "edge_runtime/engine/thread_pool.h"

#include <gtest/gtest.h>

#include <numeric>

namespace bonsai::edge {
namespace {

TEST(ThreadPoolTest, RunsEveryPartOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    for (const size_t parts : {0, 1, 2, 3, 100, 3000}) {
      std::vector<int> runs(parts, 0);
      pool.Run(parts, [&](size_t part) { ++runs[part]; });
      EXPECT_EQ(std::count(runs.begin(), runs.end(), 1), static_cast<long>(parts)) << threads << " " << parts;
    }
  }
}

TEST(ThreadPoolTest, WhatALoopWroteTheNextReads) {
  ThreadPool pool(3);
  std::vector<size_t> values(64, 0), next(64, 0);
  for (size_t round = 1; round <= 20000; ++round) {
    pool.Run(64, [&](size_t part) { next[part] = values[63 - part] + 1; });
    std::swap(values, next);
    ASSERT_EQ(std::accumulate(values.begin(), values.end(), size_t{0}), 64 * round);
  }
}

TEST(ThreadPoolTest, WakesThreadsThatSleep) {
  ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    // Neither part returns before the other has begun: it takes two threads.
    std::atomic<uint32_t> begun{0};
    pool.Run(2, [&](size_t) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
    });
    std::this_thread::yield();
  }
}

TEST(ThreadPoolTest, EndsWithoutHavingRun) { ThreadPool pool(4); }

}  // namespace
}  // namespace bonsai::edge
