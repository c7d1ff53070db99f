// Runs a kernel's blocks one after another, each thread of a block on a stack of its own that yields at
// barriers and at what a warp does together. Kernels are tested with it where there is no GPU. It is strict:
// a barrier that not all of a block's (or warp's) threads reach aborts with the thread's number, where a GPU
// would hang or go on with garbage. It says nothing of races between barriers, of time, or of cp.async's
// waits.
//
// One grid at a time, on one thread of the process.
#ifndef BONSAI_WORKER_TRAIN_CUDA_EMULATED_GRID_H_
#define BONSAI_WORKER_TRAIN_CUDA_EMULATED_GRID_H_

#include <setjmp.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "worker/train/cuda/bfloat16.h"

namespace bonsai::cuda {

struct Extent {
  int x = 1, y = 1, z = 1;
};

class EmulatedGrid {
 public:
  static EmulatedGrid& Current();

  // Runs `body` once for each thread of each block. threads: of a block, a multiple of 32.
  void Run(const Extent& grid, int threads, size_t dynamic_shared_bytes, const std::function<void()>& body);

  // For the body.
  int thread() const { return thread_; }
  const Extent& block() const { return block_; }
  const Extent& grid() const { return grid_; }
  char* dynamic_shared();
  void SyncBlock();
  void SyncWarp();
  // The value that lane `lane` of this thread's warp brings.
  uint32_t Exchange(uint32_t value, int lane);
  void LoadMatrices(uint32_t (&r)[4], const Bf16* row, bool transposed);
  void MultiplyTile(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1);

 private:
  struct Barrier {
    int arrived = 0;
    uint64_t generation = 0;
  };
  struct Thread {
    std::unique_ptr<char[]> stack;
    ucontext_t start;
    jmp_buf at;
    bool started = false, done = false;
    const Barrier* waits = nullptr;  // for the end of this generation
    uint64_t generation = 0;
  };
  struct Mail {
    uint32_t word = 0;
    const Bf16* row = nullptr;
    uint32_t a[4], b[2];
  };

  EmulatedGrid() = default;
  static void Enter();
  void RunBlock();
  void Resume(Thread& thread);
  void Yield();
  void Arrive(Barrier& barrier, int count);
  // This thread's letter to the next thing that its warp does together. There are two, in turn: one is read
  // while the other is written, so that a barrier between them is enough.
  Mail& OwnMail();
  const Mail& MailOf(int lane) const { return mail_[turns_[thread_] % 2][thread_ / 32 * 32 + lane]; }

  Extent grid_, block_;
  int threads_ = 0, thread_ = 0;
  const std::function<void()>* body_ = nullptr;
  std::vector<char> dynamic_shared_;
  std::vector<std::unique_ptr<Thread>> pool_;
  std::vector<Mail> mail_[2];
  std::vector<uint32_t> turns_;
  std::vector<Barrier> warps_;
  Barrier all_;
  uint64_t progress_ = 0;  // barriers passed and threads ended
  jmp_buf scheduler_;
};

}  // namespace bonsai::cuda

#endif  // BONSAI_WORKER_TRAIN_CUDA_EMULATED_GRID_H_
