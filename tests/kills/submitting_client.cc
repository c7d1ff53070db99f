#include "tests/kills/submitting_client.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr int kCallSeconds = 30;
constexpr int kRepeatEvery = 4;
constexpr int kCancelEvery = 5;
constexpr absl::Duration kRetryPause = absl::Milliseconds(5);

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kCallSeconds));
}

}  // namespace

SubmittingClient::SubmittingClient(std::string address_path, v1::Pipeline pipeline, int number,
                                   absl::Duration pause)
    : address_path_(std::move(address_path)),
      pipeline_(std::move(pipeline)),
      number_(number),
      pause_(pause),
      thread_([this] { Run(); }) {}

void SubmittingClient::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void SubmittingClient::Dial() {
  std::string address = ReadFileBytes(address_path_, 100).value_or("127.0.0.1:1\n");
  if (!address.empty()) address.pop_back();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = v1::Coordinator::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

// False if nobody answered: then it may have been kept or not.
bool SubmittingClient::Submit(const std::string& request_id) {
  v1::SubmitPipelineRequest request;
  request.set_request_id(request_id);
  *request.mutable_pipeline() = pipeline_;
  grpc::ClientContext context;
  SetDeadline(context);
  v1::SubmitPipelineResponse response;
  if (!stub_->SubmitPipeline(&context, request, &response).ok()) return false;
  const auto [known, fresh] = acknowledged_.emplace(request_id, response.pipeline_id());
  if (!fresh && known->second != response.pipeline_id()) {
    absl::StrAppend(&contradictions_, request_id, " was ", known->second, " and is ", response.pipeline_id(),
                    "\n");
  }
  return true;
}

void SubmittingClient::Cancel(const std::string& pipeline_id) {
  v1::CancelRequest request;
  request.set_id(pipeline_id);
  grpc::ClientContext context;
  SetDeadline(context);
  v1::CancelResponse response;
  const grpc::Status status = stub_->Cancel(&context, request, &response);
  if (status.ok()) cancelled_.insert(response.job_ids().begin(), response.job_ids().end());
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
    absl::StrAppend(&contradictions_, pipeline_id,
                    " was acknowledged and is not known: ", status.error_message(), "\n");
  }
}

void SubmittingClient::Run() {
  Dial();
  for (int i = 0; !stop_;) {
    const std::string request_id = absl::StrCat("client-", number_, "-", i);
    if (!Submit(request_id)) {
      absl::SleepFor(kRetryPause);
      Dial();
      continue;
    }
    if (i % kRepeatEvery == 0) Submit(request_id);
    if (i % kCancelEvery == 0) Cancel(acknowledged_[request_id]);
    ++i;
    absl::SleepFor(pause_);
  }
}

}  // namespace bonsai
