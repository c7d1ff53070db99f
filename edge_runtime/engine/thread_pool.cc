#include "edge_runtime/engine/thread_pool.h"

#include <system_error>

namespace bonsai::edge {
namespace {

constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

uint32_t PartsOf(uint64_t loop) { return static_cast<uint32_t>(loop >> 16 & 0xFFFF); }
uint32_t NextOf(uint64_t loop) { return static_cast<uint32_t>(loop & 0xFFFF); }

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) {
    try {
      workers_.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {  // the standard library's way to say that there are no more threads
      return;
    }
  }
}

ThreadPool::~ThreadPool() {
  stop_ = 1;
  ++wake_;
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(size_t parts, const std::function<void(size_t)>& part) {
  if (workers_.empty() || parts <= 1) {
    for (size_t i = 0; i < parts; ++i) part(i);
    return;
  }
  part_ = &part;
  done_ = 0;
  const uint64_t number = (loop_.load() >> 32) + 1;
  loop_ = number << 32 | static_cast<uint64_t>(parts) << 16;
  ++wake_;
  if (sleepers_ > 0) wake_.notify_all();
  while (RunOne()) {
  }
  const uint32_t all = static_cast<uint32_t>(parts);
  for (int spin = 0; spin < kSpins && done_ != all; ++spin) Pause();
  for (uint32_t done = done_; done != all; done = done_) done_.wait(done);
}

bool ThreadPool::RunOne() {
  uint64_t loop = loop_;
  do {
    if (NextOf(loop) >= PartsOf(loop)) return false;
  } while (!loop_.compare_exchange_weak(loop, loop + 1));
  (*part_)(NextOf(loop));
  if (done_.fetch_add(1) + 1 == PartsOf(loop)) done_.notify_one();
  return true;
}

bool ThreadPool::Spin() {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (RunOne()) return true;
    Pause();
  }
  return false;
}

void ThreadPool::Sleep() {
  ++sleepers_;
  const uint32_t seen = wake_;
  const uint64_t loop = loop_;
  if (NextOf(loop) >= PartsOf(loop) && stop_ == 0) wake_.wait(seen);
  --sleepers_;
}

void ThreadPool::Work() {
  while (stop_ == 0) {
    if (!Spin()) Sleep();
  }
}

}  // namespace bonsai::edge
