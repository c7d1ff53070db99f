#include "coordinator/status_pages.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/api_routes.h"
#include "coordinator/rpc/census.h"
#include "coordinator/web/api_page.h"
#include "coordinator/web/devices_page.h"
#include "coordinator/web/history_page.h"
#include "coordinator/web/jobs_page.h"
#include "coordinator/web/leaderboard_page.h"
#include "coordinator/web/static_files.h"
#include "coordinator/web/submission_page.h"

namespace bonsai {
namespace {

constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kPrometheus[] = "text/plain; version=0.0.4; charset=utf-8";

absl::StatusOr<std::string> MetricsText(const PageSources& sources) {
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

absl::StatusOr<std::string> Leaderboard(const PageSources& sources, const PageFiles& files,
                                        const HttpRequest& request) {
  if (absl::Status known = CheckTrack(sources, request); !known.ok()) return known;
  absl::StatusOr<std::vector<v1::LeaderboardRow>> rows = FindRows(sources, false);
  if (!rows.ok()) return rows.status();
  return LeaderboardPage(files, *sources.tracks, *rows, request.query);
}

absl::StatusOr<std::string> History(const PageSources& sources, const PageFiles& files,
                                    const HttpRequest& request) {
  if (absl::Status known = CheckTrack(sources, request); !known.ok()) return known;
  absl::StatusOr<std::vector<v1::LeaderboardRow>> rows = FindRows(sources, true);
  if (!rows.ok()) return rows.status();
  return HistoryPage(files, *sources.tracks, *rows, request.query);
}

absl::StatusOr<std::string> Submission(const PageSources& sources, const PageFiles& files,
                                       const HttpRequest& request) {
  absl::StatusOr<SubmissionView> view = FindSubmission(sources, request.fields.at("id"), kShownItemsMax);
  if (!view.ok()) return view.status();
  return SubmissionPage(files, *view);
}

absl::StatusOr<std::string> Job(const PageSources& sources, const PageFiles& files,
                                const HttpRequest& request) {
  const std::string id = JobIdOf(request);
  const std::optional<v1::JobStatus> status = sources.model->FindJob(id);
  if (!status.has_value()) return absl::NotFoundError(absl::StrCat("there is no job \"", id, "\""));
  absl::StatusOr<Table> samples = FindSamples(sources, id);
  if (!samples.ok()) return samples.status();
  return JobPage(files, *status, *samples, absl::Now());
}

absl::StatusOr<std::string> Devices(const PageSources& sources, const PageFiles& files) {
  absl::StatusOr<std::vector<v1::WorkerStatus>> workers = sources.loop->ListWorkers();
  if (!workers.ok()) return workers.status();
  return DevicesPage(files, *workers);
}

}  // namespace

StatusPages MakeStatusPages(const PageSources& sources) {
  StaticFiles statics = LoadStaticFiles(absl::StrCat(sources.share_dir, "/web"));
  const PageFiles files = statics.names;
  StatusPages status;
  status.pages = std::move(statics.pages);
  const auto add = [&](const char* route,
                       std::function<absl::StatusOr<std::string>(const HttpRequest&)> body) {
    status.pages[route] = {kHtml, std::move(body), ""};
  };
  add("/", [=](const HttpRequest& request) { return Leaderboard(sources, files, request); });
  add("/history", [=](const HttpRequest& request) { return History(sources, files, request); });
  add("/submissions/{id}", [=](const HttpRequest& request) { return Submission(sources, files, request); });
  add("/jobs", [=](const HttpRequest&) -> absl::StatusOr<std::string> {
    return JobsPage(files, TakeJobBoard(*sources.model), absl::Now());
  });
  add("/jobs/{pipeline}/{job}", [=](const HttpRequest& request) { return Job(sources, files, request); });
  add("/devices", [=](const HttpRequest&) { return Devices(sources, files); });
  std::vector<ApiEntry> entries = {{"/metrics", "", "Figures of the coordinator, for Prometheus"}};
  for (ApiRoute& route : ApiRoutes(sources)) {
    entries.push_back(std::move(route.entry));
    status.pages[entries.back().route] = std::move(route.page);
  }
  add("/api", [=](const HttpRequest&) -> absl::StatusOr<std::string> { return ApiPage(files, entries); });
  status.pages["/metrics"] = {kPrometheus, [=](const HttpRequest&) { return MetricsText(sources); }, ""};
  status.error_page = [files](int code, absl::string_view reason, absl::string_view why) {
    return ErrorPage(files, code, reason, why);
  };
  return status;
}

}  // namespace bonsai
