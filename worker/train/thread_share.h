// Independent pieces of work shared out to a few threads for the length of a call.
#ifndef BONSAI_WORKER_TRAIN_THREAD_SHARE_H_
#define BONSAI_WORKER_TRAIN_THREAD_SHARE_H_

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace bonsai {

// Calls work(thread, i) once for each i below `count`; `thread` is below `threads` and says which of them
// calls, the caller being 0. Threads take the next piece as they become free, the first pieces first. The
// pieces must not depend on each other. Returns when all are done.
template <typename Work>
void ShareOut(size_t threads, size_t count, const Work& work) {
  std::atomic<size_t> next = 0;
  const auto run = [&](size_t thread) {
    for (size_t i = next++; i < count; i = next++) work(thread, i);
  };
  std::vector<std::thread> others;
  for (size_t thread = 1; thread < threads && thread < count; ++thread) others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
}

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_THREAD_SHARE_H_
