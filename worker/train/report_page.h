// The report.html of a model: how its training went, on one page that needs nothing but itself. Charts as
// inline SVG (line_chart.h), light and dark, narrow and wide; figures in tables; what was estimated beside
// what it came to.
//
// Pure.
#ifndef BONSAI_WORKER_TRAIN_REPORT_PAGE_H_
#define BONSAI_WORKER_TRAIN_REPORT_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_run.h"

namespace bonsai {

std::string RenderReportPage(absl::string_view job_id, const TrainOutcome& outcome, const TrainingPlan& plan);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_REPORT_PAGE_H_
