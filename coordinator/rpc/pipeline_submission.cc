#include "coordinator/rpc/pipeline_submission.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/pipeline_check.h"

namespace bonsai {
namespace {

constexpr size_t kRequestIdCharactersMax = 64;

}  // namespace

absl::StatusOr<v1::SubmitPipelineResponse> PipelineSubmission::Submit(
    const v1::SubmitPipelineRequest& request) const {
  const size_t characters = request.request_id().size();
  if (!request.dry_run() && (characters == 0 || characters > kRequestIdCharactersMax)) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id: has ", characters, " characters; give 1 to ", kRequestIdCharactersMax,
                     ", drawn anew for each submission and kept for its retries"));
  }
  PipelineCheckContext context;
  context.tracks = *tracks_;
  context.artifact_kind = [this](absl::string_view id) -> std::optional<std::string> {
    std::optional<v1::ArtifactRecord> record = model_->FindArtifact(id);
    if (!record) return std::nullopt;
    return record->kind();
  };
  absl::StatusOr<CheckedPipeline> checked = CheckPipeline(request.pipeline(), context);
  if (!checked.ok()) return checked.status();
  v1::SubmitPipelineResponse response;
  if (!request.dry_run()) {
    PipelineSubmitted event{request.request_id(), request.pipeline(), std::move(checked->inputs)};
    absl::StatusOr<v1::SubmitPipelineResponse> submitted = loop_->Decide(std::move(event));
    if (!submitted.ok()) return submitted.status();
    response = *std::move(submitted);
  }
  response.clear_order();
  for (std::string& name : checked->order) response.add_order(std::move(name));
  return response;
}

}  // namespace bonsai
