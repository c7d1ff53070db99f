// Which batch of rows each step of a run reads. Step s reads batch s, until the run is rewound: the steps
// that are taken again read the batches behind those that were read, so that no row is read twice and none is
// left out but those of the steps that were undone. It follows from the rewinds alone, so every rank and
// every attempt comes to the same.
//
// Pure; used by one thread.
#ifndef BONSAI_WORKER_TRAIN_STEP_ORDER_H_
#define BONSAI_WORKER_TRAIN_STEP_ORDER_H_

#include <cstdint>
#include <vector>

namespace bonsai {

// A run that had taken `from` steps, and whose next one was bad, went back to where it had taken `to`.
struct Rewind {
  uint64_t from = 0;
  uint64_t to = 0;  // at most `from`

  bool operator==(const Rewind&) const = default;
};

class StepOrder {
 public:
  // `rewinds` in the order in which they were.
  explicit StepOrder(const std::vector<Rewind>& rewinds = {});

  void Add(const Rewind& rewind);

  // The number of the batch that step `step` (from 0) reads. A batch ramp goes by it too: it is a property of
  // the source's order.
  uint64_t BatchOf(uint64_t step) const;

 private:
  struct Stretch {
    uint64_t first;  // step
    uint64_t shift;  // of this step and those that follow
  };

  uint64_t ShiftAt(uint64_t step) const;

  std::vector<Stretch> stretches_;  // by first
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_STEP_ORDER_H_
