#include "coordinator/rpc/pipeline_submission.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;

}  // namespace

absl::StatusOr<CheckedPipeline> PipelineSubmission::Check(const v1::Pipeline& pipeline, const Actor& actor,
                                                          bool schedule) const {
  PipelineCheckContext context;
  context.schedule = schedule;
  context.tracks = *tracks_;
  context.artifact_kind = [&](absl::string_view id) -> std::optional<std::string> {
    std::optional<v1::ArtifactRecord> record = model_->FindArtifact(id, actor);
    if (!record) return std::nullopt;
    return record->kind();
  };
  return CheckPipeline(pipeline, context);
}

absl::StatusOr<v1::SubmitPipelineResponse> PipelineSubmission::Submit(
    const v1::SubmitPipelineRequest& request, const Actor& actor) const {
  const size_t characters = request.request_id().size();
  if (!request.dry_run() && (characters == 0 || characters > kRequestIdCharactersMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id: has ", characters, " characters; give 1 to ", kRequestIdCharactersMax,
                     ", drawn anew for each submission and kept for its retries"));
  }
  absl::StatusOr<CheckedPipeline> checked = Check(request.pipeline(), actor, false);
  if (!checked.ok()) return checked.status();
  PipelineSubmitted event{request.request_id(), std::move(checked->pipeline), std::move(checked->inputs),
                          actor};
  v1::SubmitPipelineResponse response;
  if (request.dry_run()) {
    auto forecasts = loop_->Ask(
        [&](const Scheduler& scheduler, absl::Time now) { return scheduler.Forecast(now, event); });
    if (!forecasts.ok()) return forecasts.status();
    for (v1::JobForecast& forecast : *forecasts) *response.add_forecasts() = std::move(forecast);
  } else {
    absl::StatusOr<v1::SubmitPipelineResponse> submitted = loop_->Decide(std::move(event));
    if (!submitted.ok()) return submitted.status();
    response = *std::move(submitted);
  }
  response.clear_order();
  for (std::string& name : checked->order) response.add_order(std::move(name));
  return response;
}

absl::StatusOr<v1::PutScheduleResponse> PipelineSubmission::PutSchedule(const v1::PutScheduleRequest& request,
                                                                        const Actor& actor) const {
  absl::StatusOr<CheckedPipeline> checked = Check(request.schedule().pipeline(), actor, true);
  if (!checked.ok()) return checked.status();
  // The schedule keeps the pipeline as it was written; it is expanded again for each submission.
  return loop_->Decide(SchedulePut{request.schedule(), std::move(checked->inputs), actor});
}

}  // namespace bonsai
