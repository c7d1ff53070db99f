#include "client/control_verbs.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/call_and_print.h"
#include "client/forecast_view.h"
#include "client/history_view.h"
#include "client/pipeline_file.h"
#include "client/schedule_view.h"
#include "client/sibling_program.h"
#include "client/text_layout.h"
#include "client/usage_view.h"

namespace bonsai {
namespace {

constexpr size_t kNameBytesMax = 64;

// "paused p1/a, p1/b", or `none`.
template <typename Response>
std::string WhatChanged(const char* what, const Response& response, const std::string& none) {
  if (response.job_ids().empty()) return absl::StrCat(none, "\n");
  return absl::StrCat(what, " ", Printable(absl::StrJoin(response.job_ids(), ", ")), "\n");
}

std::string WorkerText(const v1::WorkerRecord& worker) {
  const std::string id = Printable(worker.id());
  const std::string reason =
      worker.reason().empty() ? "" : absl::StrCat(" (", Printable(worker.reason()), ")");
  if (worker.drained()) {
    return absl::StrCat(id, " is drained", reason,
                        ": what runs there checkpoints and leaves, nothing new starts\n");
  }
  if (worker.cordoned()) return absl::StrCat(id, " is cordoned", reason, ": nothing new starts there\n");
  return absl::StrCat(id, " takes jobs again\n");
}

}  // namespace

absl::StatusOr<int> RunWhy(const std::string& job, Session& session) {
  v1::ExplainJobRequest request;
  request.set_job_id(job);
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Call(request); },
      [&](const auto& response) {
        return RenderExplanation(job, response, absl::Now(), session.screen.columns);
      });
}

absl::StatusOr<int> RunHistory(const std::string& job, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.GetHistory(job); },
      [&](const auto& response) { return RenderHistory(response, session.screen.columns); });
}

absl::StatusOr<int> RunPause(const std::string& pipeline, bool resume, Session& session) {
  v1::PauseRequest request;
  request.set_pipeline_id(pipeline);
  request.set_resume(resume);
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Call(request); },
      [&](const v1::PauseResponse& response) {
        return WhatChanged(resume ? "resumed" : "paused", response,
                           absl::StrCat("nothing changes for any job of ", Printable(pipeline)));
      });
}

absl::StatusOr<int> RunRetry(const std::string& id, Session& session) {
  v1::RetryRequest request;
  request.set_id(id);
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Call(request); },
      [&](const v1::RetryResponse& response) {
        return WhatChanged("again:", response,
                           absl::StrCat("no job of ", Printable(id), " failed or was cancelled"));
      });
}

absl::StatusOr<int> RunSetWorker(const std::string& worker, v1::SetWorkerRequest::Action action,
                                 const std::string& reason, Session& session) {
  v1::SetWorkerRequest request;
  request.set_worker_id(worker);
  request.set_action(action);
  request.set_reason(reason);
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Call(request); },
      [&](const v1::SetWorkerResponse& response) { return WorkerText(response.worker()); });
}

absl::StatusOr<int> RunUsage(Session& session) {
  return CallAndPrint(
      session, [](CoordinatorClient& client) { return client.Call(v1::GetUsageRequest()); },
      [&](const auto& response) { return RenderUsage(response, session.screen.columns); });
}

std::string ScheduleName(const std::string& pipeline, const std::string& file) {
  std::string from = pipeline;
  if (from.empty()) {
    const size_t slash = file.rfind('/');
    from = slash == std::string::npos ? file : file.substr(slash + 1);
    from = from.substr(0, from.find('.'));
  }
  std::string name;
  for (char c : absl::AsciiStrToLower(from).substr(0, kNameBytesMax)) {
    const bool may = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
    name.push_back(may ? c : '-');
  }
  const bool empty = name.find_first_not_of('-') == std::string::npos;
  return empty ? "" : name;
}

absl::StatusOr<int> RunScheduleAdd(const ScheduleOptions& options, Session& session) {
  auto pipeline = ReadPipelineFile(options.file, options.settings);
  if (!pipeline.ok()) return pipeline.status();
  v1::PutScheduleRequest request;
  v1::ScheduleRecord& schedule = *request.mutable_schedule();
  schedule.set_name(options.name.empty() ? ScheduleName(pipeline->name(), options.file) : options.name);
  schedule.set_cron(options.cron);
  schedule.set_overlap(options.overlap);
  schedule.set_catch_up(options.catch_up == "all"    ? v1::ScheduleRecord::ALL
                        : options.catch_up == "skip" ? v1::ScheduleRecord::SKIP
                                                     : v1::ScheduleRecord::LATEST);
  *schedule.mutable_pipeline() = *std::move(pipeline);
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Call(request); },
      [&](const v1::PutScheduleResponse& response) {
        return absl::StrCat(Printable(response.schedule().name()), " is submitted next ",
                            FormatMoment(response.schedule().next_unix_ms(), absl::Now()), "\n");
      });
}

absl::StatusOr<int> RunScheduleList(Session& session) {
  return CallAndPrint(
      session, [](CoordinatorClient& client) { return client.Call(v1::ListSchedulesRequest()); },
      [&](const auto& response) { return RenderSchedules(response, absl::Now(), session.screen.columns); });
}

absl::StatusOr<int> RunScheduleRemove(const std::string& name, Session& session) {
  v1::DeleteScheduleRequest request;
  request.set_name(name);
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Call(request); },
      [&](const auto&) {
        return absl::StrCat(Printable(name), " is no schedule any more; what it submitted goes on\n");
      });
}

absl::StatusOr<int> RunSimulate(const std::vector<std::string>& arguments, Session& session) {
  std::vector<std::string> words;
  if (session.json) words.push_back("--json");
  words.insert(words.end(), arguments.begin(), arguments.end());
  return BecomeSibling("bonsai-simulate", words, session);
}

absl::StatusOr<int> RunHoldout(const std::vector<std::string>& arguments, Session& session) {
  return BecomeSibling("bonsai-holdout", arguments, session);
}

}  // namespace bonsai
