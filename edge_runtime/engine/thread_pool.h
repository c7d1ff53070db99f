// A few threads that run the parts of one loop at a time. A session owns one. Idle threads spin for some tens
// of microseconds, so that the many short loops of a forward pass do not each wake them, and then sleep: on a
// shared machine a spinning thread takes the processor from whoever it waits for.
//
// Run is called by one thread at a time.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_THREAD_POOL_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_THREAD_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace bonsai::edge {

class ThreadPool {
 public:
  static constexpr size_t kPartsMax = 0xFFFF;

  // `threads` counts the caller of Run: 1 starts none. Fewer run if the system grants fewer.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls part(0) ... part(parts - 1), each once, in any order and on any thread, and returns when all have
  // returned. parts <= kPartsMax.
  void Run(size_t parts, const std::function<void(size_t)>& part);

 private:
  void Work();
  // Takes and runs one part; false if none is left.
  bool RunOne();
  bool Spin();
  void Sleep();

  // The loop that runs: its number (32 bits), its parts (16) and the next to take (16), in one word, so that
  // a thread that wakes late can take no part of a loop that has ended.
  std::atomic<uint64_t> loop_{0};
  std::atomic<uint32_t> done_{0};
  std::atomic<uint32_t> wake_{0};
  std::atomic<uint32_t> sleepers_{0};
  std::atomic<uint32_t> stop_{0};
  const std::function<void(size_t)>* part_ = nullptr;
  std::vector<std::thread> workers_;
};

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_THREAD_POOL_H_
