// What the training jobs of a pipeline will cost: for each its shape, from its spec and those of the jobs
// that it names, the speed, given or measured, and the estimate (run_estimate.h).
//
// Called by bonsai-estimate. The measurement is passed in.
#ifndef BONSAI_WORKER_TRAIN_PIPELINE_ESTIMATE_H_
#define BONSAI_WORKER_TRAIN_PIPELINE_ESTIMATE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/job.pb.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/run_estimate.h"
#include "worker/train/training_plan.h"

namespace bonsai {

struct EstimateQuestion {
  double tokens_per_second = 0;  // of a job's ranks together; 0: from flops, or measured
  double flops = 0;              // FLOP/s that they reach; 0: measured
  double price_per_hour = 0;     // 0: no cost is told
  uint32_t vocab_size = 0;       // where no job of the pipeline makes the tokenizer
};

struct JobEstimate {
  std::string job;
  std::string error;  // why there is none: the rest is then empty
  RunShape shape;
  RunEstimate run;
  double tokens_per_second = 0;  // of all ranks
  std::string speed_from;        // "given", "measured here: ..."
  double cost = 0;               // 0: no price
  // The run takes time, tokens, FLOPs and cost of this or less: rows of instructions are not full, and how
  // full depends on the corpus.
  bool at_most = false;
};

// A speed in tokens per second, and how it came about.
struct MeasuredSpeed {
  double tokens_per_second = 0;
  std::string how;
};
using MeasureSpeed =
    std::function<MeasuredSpeed(const ParameterLayout&, const TrainingPlan&, const RunShape&)>;

// One entry for each training job, in the pipeline's order. InvalidArgument if it has none.
absl::StatusOr<std::vector<JobEstimate>> EstimatePipeline(const v1::Pipeline& pipeline,
                                                          const EstimateQuestion& question,
                                                          const MeasureSpeed& measure);

// The same for people, and for programs: {"jobs": [...], "seconds": of all together, "cost": ...}. A job
// that is estimated from above, and all together if one is, have "at_most": true.
std::string EstimateText(const std::vector<JobEstimate>& jobs);
std::string EstimateJson(const std::vector<JobEstimate>& jobs);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_PIPELINE_ESTIMATE_H_
