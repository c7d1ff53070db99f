// Which models can be exported to what, by the specs of the jobs that make them: an export job that would
// fail at the end of a long pipeline is told when the pipeline is submitted. The export runner checks the
// model itself.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_EXPORT_LABEL_H_
#define BONSAI_COORDINATOR_SCHEDULER_EXPORT_LABEL_H_

#include "bonsai/v1/job.pb.h"
#include "coordinator/scheduler/problem_list.h"

namespace bonsai {

// Adds a problem if `maker`, the job whose model is to be exported, pretrains one that is no Llama: with
// qk_norm, RELU_SQUARED or a logit_soft_cap.
void CheckExportable(const v1::JobSpec& maker, ProblemList& problems);

// Adds a problem if the formats have llama2.c's or GGUF, but the job `tokenizer` trains one that they cannot
// hold.
void CheckExportFormats(const v1::ExportSpec& spec, const v1::JobSpec& tokenizer, ProblemList& problems);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_EXPORT_LABEL_H_
