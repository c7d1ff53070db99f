#include "worker/train/cuda/emulated_grid.h"

#include <cstdio>
#include <cstdlib>

namespace bonsai::cuda {
namespace {

constexpr size_t kStackBytes = 64 << 10;
constexpr int kLanes = 32;

// The values of a fragment's register: the low half comes first.
float Half(uint32_t packed, int half) { return FloatOf(half == 0 ? packed << 16 : packed & 0xffff0000u); }

}  // namespace

EmulatedGrid& EmulatedGrid::Current() {
  static EmulatedGrid& grid = *new EmulatedGrid;
  return grid;
}

char* EmulatedGrid::dynamic_shared() {
  char* begin = dynamic_shared_.data();
  return begin + (128 - reinterpret_cast<uintptr_t>(begin) % 128) % 128;
}

void EmulatedGrid::Run(const Extent& grid, int threads, size_t dynamic_shared_bytes,
                       const std::function<void()>& body) {
  if (threads % kLanes != 0) {
    std::fprintf(stderr, "EmulatedGrid: %d threads, not a multiple of 32\n", threads);
    std::abort();
  }
  grid_ = grid;
  threads_ = threads;
  body_ = &body;
  dynamic_shared_.assign(dynamic_shared_bytes + 128, '\xff');  // NaN, for who reads before it wrote
  for (std::vector<Mail>& mail : mail_) mail.resize(threads);
  turns_.assign(threads, 0);
  warps_.assign(threads / kLanes, {});
  all_ = {};
  while (static_cast<int>(pool_.size()) < threads) pool_.push_back(std::make_unique<Thread>());
  for (int z = 0; z < grid.z; ++z) {
    for (int y = 0; y < grid.y; ++y) {
      for (int x = 0; x < grid.x; ++x) {
        block_ = {x, y, z};
        RunBlock();
      }
    }
  }
}

void EmulatedGrid::RunBlock() {
  for (int t = 0; t < threads_; ++t) pool_[t]->done = false;
  int running = threads_;
  while (running > 0) {
    const uint64_t before = progress_;
    for (thread_ = 0; thread_ < threads_; ++thread_) {
      Thread& thread = *pool_[thread_];
      if (thread.done) continue;
      if (thread.waits != nullptr && thread.waits->generation == thread.generation) continue;
      thread.waits = nullptr;
      Resume(thread);
      if (thread.done) --running;
    }
    if (progress_ != before) continue;
    int waiting = 0;
    while (pool_[waiting]->done) ++waiting;
    std::fprintf(stderr, "EmulatedGrid: thread %d waits at a barrier that others of its block never reach\n",
                 waiting);
    std::abort();
  }
}

// A thread's life: one body for each block.
void EmulatedGrid::Enter() {
  EmulatedGrid& self = Current();
  for (;;) {
    (*self.body_)();
    self.pool_[self.thread_]->done = true;
    ++self.progress_;
    self.Yield();
  }
}

void EmulatedGrid::Resume(Thread& thread) {
  if (_setjmp(scheduler_) != 0) return;
  if (thread.started) _longjmp(thread.at, 1);
  thread.started = true;
  thread.stack = std::make_unique<char[]>(kStackBytes);
  getcontext(&thread.start);
  thread.start.uc_stack.ss_sp = thread.stack.get();
  thread.start.uc_stack.ss_size = kStackBytes;
  thread.start.uc_link = nullptr;
  makecontext(&thread.start, &EmulatedGrid::Enter, 0);
  setcontext(&thread.start);
}

void EmulatedGrid::Yield() {
  if (_setjmp(pool_[thread_]->at) == 0) _longjmp(scheduler_, 1);
}

void EmulatedGrid::Arrive(Barrier& barrier, int count) {
  Thread& thread = *pool_[thread_];
  thread.generation = barrier.generation;
  if (++barrier.arrived == count) {
    barrier.arrived = 0;
    ++barrier.generation;
    ++progress_;
    return;
  }
  thread.waits = &barrier;
  Yield();
}

void EmulatedGrid::SyncBlock() { Arrive(all_, threads_); }
void EmulatedGrid::SyncWarp() { Arrive(warps_[thread_ / kLanes], kLanes); }

EmulatedGrid::Mail& EmulatedGrid::OwnMail() { return mail_[++turns_[thread_] % 2][thread_]; }

uint32_t EmulatedGrid::Exchange(uint32_t value, int lane) {
  OwnMail().word = value;
  SyncWarp();
  return MailOf(lane).word;
}

void EmulatedGrid::LoadMatrices(uint32_t (&r)[4], const Bf16* row, bool transposed) {
  OwnMail().row = row;
  SyncWarp();
  const int lane = thread_ % kLanes, major = lane / 4, minor = 2 * (lane % 4);
  for (int matrix = 0; matrix < 4; ++matrix) {
    uint16_t halves[2];
    for (int i = 0; i < 2; ++i) {
      const int at_row = transposed ? minor + i : major, at_col = transposed ? major : minor + i;
      halves[i] = MailOf(matrix * 8 + at_row).row[at_col].bits;
    }
    r[matrix] = halves[0] | (static_cast<uint32_t>(halves[1]) << 16);
  }
}

void EmulatedGrid::MultiplyTile(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  Mail& mine = OwnMail();
  for (int i = 0; i < 4; ++i) mine.a[i] = a[i];
  mine.b[0] = b0;
  mine.b[1] = b1;
  SyncWarp();
  const int lane = thread_ % kLanes;
  for (int i = 0; i < 4; ++i) {
    const int row = lane / 4 + 8 * (i / 2), col = 2 * (lane % 4) + i % 2;
    for (int k = 0; k < 16; ++k) {
      // PTX ISA, "Matrix fragments for mma.m16n8k16": registers 1 and 3 of a hold rows 8 to 15, registers 2
      // and 3 columns 8 to 15; register 1 of b holds rows 8 to 15.
      const uint32_t from_a = MailOf((row % 8) * 4 + (k % 8) / 2).a[row / 8 + 2 * (k / 8)];
      const uint32_t from_b = MailOf(col * 4 + (k % 8) / 2).b[k / 8];
      c[i] += Half(from_a, k % 2) * Half(from_b, k % 2);
    }
  }
}

}  // namespace bonsai::cuda
