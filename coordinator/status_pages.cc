#include "coordinator/status_pages.h"

#include <google/protobuf/util/json_util.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/rpc/census.h"
#include "coordinator/web/leaderboard_page.h"

namespace bonsai {
namespace {

constexpr char kJson[] = "application/json; charset=utf-8";
constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";

template <typename Response>
absl::StatusOr<std::string> ToJson(const absl::StatusOr<Response>& response) {
  if (!response.ok()) return response.status();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(*response, &json, options);
  if (!printed.ok()) return absl::InternalError(absl::StrCat("cannot print JSON: ", printed.ToString()));
  json += '\n';
  return json;
}

absl::StatusOr<v1::ListWorkersResponse> ListWorkers(DecisionLoop& loop) {
  absl::StatusOr<std::vector<v1::WorkerStatus>> workers = loop.ListWorkers();
  if (!workers.ok()) return workers.status();
  v1::ListWorkersResponse response;
  for (v1::WorkerStatus& worker : *workers) *response.add_workers() = std::move(worker);
  return response;
}

absl::StatusOr<std::string> MetricsText(const StatusSources& sources) {
  absl::StatusOr<std::vector<v1::WorkerStatus>> workers = sources.loop->ListWorkers();
  if (workers.ok()) sources.metrics->SetWorkers(*workers);
  absl::StatusOr<std::vector<v1::TenantUsage>> usage =
      sources.loop->Ask([](const Scheduler& scheduler, absl::Time now) { return scheduler.ListUsage(now); });
  if (usage.ok()) sources.metrics->SetUsage(*usage);
  sources.metrics->SetJobs(sources.model->JobsByState());
  sources.metrics->SetCensus(TakeCensus(*sources.model, absl::Now()));
  std::error_code error;
  const std::filesystem::space_info room = std::filesystem::space(sources.storage_dir, error);
  if (!error) sources.metrics->SetStorage(room.capacity, room.available);
  return sources.metrics->Text();
}

}  // namespace

std::map<std::string, HttpPage> MakeStatusPages(const StatusSources& sources) {
  std::map<std::string, HttpPage> pages;
  pages["/metrics"] = {kPrometheus, [sources] { return MetricsText(sources); }};
  pages["/"] = {kHtml, [sources]() -> absl::StatusOr<std::string> {
                  absl::StatusOr<v1::GetLeaderboardResponse> board = sources.leaderboard->Get("");
                  if (!board.ok()) return board.status();
                  return LeaderboardPage(*sources.tracks, {board->rows().begin(), board->rows().end()});
                }};
  pages["/api/v1/leaderboard"] = {kJson, [sources] { return ToJson(sources.leaderboard->Get("")); }};
  pages["/api/v1/jobs"] = {kJson, [sources] { return ToJson(sources.model->ListJobs({})); }};
  pages["/api/v1/workers"] = {kJson, [sources] { return ToJson(ListWorkers(*sources.loop)); }};
  return pages;
}

}  // namespace bonsai
