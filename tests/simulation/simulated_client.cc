#include "tests/simulation/simulated_client.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kPipelinesMax = 10;

}  // namespace

void SimulatedClient::DrawJob(int number, PipelineSubmitted& event) {
  v1::JobSpec& job = *event.pipeline.add_jobs();
  job.set_name(absl::StrCat("j", number));
  if (random_.Chance(0.3)) job.set_priority(static_cast<int32_t>(random_.Between(-10, 10)));
  if (random_.Chance(0.15)) job.set_time_limit_seconds(static_cast<uint32_t>(random_.Between(3, 20)));
  if (random_.Chance(0.15)) job.set_progress_timeout_seconds(static_cast<uint32_t>(random_.Between(2, 6)));
  v1::Resources& resources = *job.mutable_resources();
  switch (random_.Below(4)) {
    case 0: {
      job.mutable_pretrain();
      const auto ranks = static_cast<uint32_t>(random_.Between(1, 5));
      resources.set_ranks(ranks);
      if (random_.Chance(0.3)) {
        resources.set_min_ranks(static_cast<uint32_t>(random_.Between(1, ranks)));
        resources.set_max_ranks(static_cast<uint32_t>(random_.Between(ranks, 7)));
      } else if (random_.Chance(0.2)) {
        resources.set_ranks(std::min(ranks, 3u));
        resources.set_gpus(1);
      }
      break;
    }
    case 1:
      job.mutable_benchmark()->set_target("host");
      break;
    case 2:
      job.mutable_tokenizer();
      resources.set_cpus(static_cast<uint32_t>(random_.Between(1, 4)));
      break;
    default:
      job.mutable_data();
      resources.set_memory_bytes(static_cast<uint64_t>(random_.Between(1, 16)) << 30);
  }
  auto& inputs = event.inputs.emplace_back();
  for (int j = 0; j < number; ++j) {
    if (!random_.Chance(0.4)) continue;
    inputs.emplace_back().set_job_id(absl::StrCat("j", j));
    inputs.back().set_field(absl::StrCat("field ", j));
  }
}

void SimulatedClient::DrawSubmission() {
  if (submissions_.size() >= kPipelinesMax) return;
  PipelineSubmitted event;
  event.request_id = absl::StrCat("request ", submissions_.size());
  const int jobs = static_cast<int>(random_.Between(1, 5));
  for (int i = 0; i < jobs; ++i) DrawJob(i, event);
  submissions_.push_back({std::move(event)});
}

std::vector<SimulatedClient::Submission*> SimulatedClient::Due() {
  std::vector<Submission*> due;
  for (Submission& submission : submissions_) {
    if (random_.Chance(submission.acknowledged ? 0.002 : 0.2)) due.push_back(&submission);
  }
  return due;
}

bool SimulatedClient::AllAcknowledged() const {
  return std::all_of(submissions_.begin(), submissions_.end(),
                     [](const Submission& submission) { return submission.acknowledged; });
}

std::string SimulatedClient::DrawCancellation(const Records& kept) {
  if (kept.jobs.empty()) return "";
  auto job = kept.jobs.begin();
  std::advance(job, static_cast<ptrdiff_t>(random_.Below(kept.jobs.size())));
  return random_.Chance(0.2) ? job->second.pipeline_id() : job->first;
}

}  // namespace bonsai
