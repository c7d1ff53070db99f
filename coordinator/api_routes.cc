#include "coordinator/api_routes.h"

#include <google/protobuf/util/json_util.h>

#include <functional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "coordinator/web/devices_page.h"
#include "coordinator/web/history_page.h"
#include "coordinator/web/item_sample.h"
#include "coordinator/web/jobs_page.h"
#include "coordinator/web/leaderboard_page.h"
#include "coordinator/web/page_paths.h"
#include "evaluator/tracks/track_rules.h"

namespace bonsai {
namespace {

constexpr char kJson[] = "application/json; charset=utf-8";
constexpr char kCsv[] = "text/csv; charset=utf-8";

using Body = std::function<absl::StatusOr<std::string>(const HttpRequest&)>;
using MakeTable = std::function<absl::StatusOr<Table>(const HttpRequest&)>;

template <typename Message>
absl::StatusOr<std::string> ToJson(const absl::StatusOr<Message>& message) {
  if (!message.ok()) return message.status();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(*message, &json, options);
  if (!printed.ok()) return absl::InternalError(absl::StrCat("cannot print JSON: ", printed.ToString()));
  json += '\n';
  return json;
}

Body AsCsv(MakeTable make) {
  return [make = std::move(make)](const HttpRequest& request) -> absl::StatusOr<std::string> {
    absl::StatusOr<Table> table = make(request);
    if (!table.ok()) return table.status();
    return TableCsv(*table);
  };
}

Body AsJson(MakeTable make) {
  return [make = std::move(make)](const HttpRequest& request) -> absl::StatusOr<std::string> {
    absl::StatusOr<Table> table = make(request);
    if (!table.ok()) return table.status();
    return TableJson(*table);
  };
}

// The table of that id, or NotFound with the ids there are.
absl::StatusOr<Table> ChooseTable(std::vector<Table> tables, absl::string_view id) {
  std::string known;
  for (Table& table : tables) {
    if (table.id == id) return std::move(table);
    absl::StrAppend(&known, " ", table.id);
  }
  return absl::NotFoundError(absl::StrCat("there is no table \"", id, "\"; there are:", known));
}

absl::StatusOr<std::vector<v1::LeaderboardRow>> AskedRows(const PageSources& sources,
                                                          const HttpRequest& request, bool history) {
  if (absl::Status known = CheckTrack(sources, request); !known.ok()) return known;
  return FindRows(sources, history);
}

absl::StatusOr<v1::GetLeaderboardResponse> Leaderboard(const PageSources& sources,
                                                       const HttpRequest& request) {
  absl::StatusOr<uint64_t> history = request.QueryCount("history", 0, 1);
  if (!history.ok()) return history.status();
  absl::StatusOr<std::vector<v1::LeaderboardRow>> rows = AskedRows(sources, request, *history == 1);
  if (!rows.ok()) return rows.status();
  const std::string track = request.Query("track");
  v1::GetLeaderboardResponse response;
  for (v1::LeaderboardRow& row : *rows) {
    if (track.empty() || row.track() == track) *response.add_rows() = std::move(row);
  }
  return response;
}

// The table of the track that the query has to name: tables of different tracks have different columns.
absl::StatusOr<Table> TrackTable(const PageSources& sources, const HttpRequest& request, bool history) {
  absl::StatusOr<std::vector<v1::LeaderboardRow>> rows = AskedRows(sources, request, history);
  if (!rows.ok()) return rows.status();
  const v1::Track* track = FindTrack(*sources.tracks, request.Query("track"));
  if (track == nullptr) {
    std::string message = "track: say which, as in ?track=NAME; there are:";
    for (const v1::Track& each : *sources.tracks) absl::StrAppend(&message, " ", each.name());
    return absl::InvalidArgumentError(message);
  }
  return history ? HistoryTable(*track, *rows, request.Query("name")) : LeaderboardTable(*track, *rows);
}

absl::StatusOr<Table> SubmissionTable(const PageSources& sources, const HttpRequest& request,
                                      absl::string_view id) {
  const bool items = id == "items";
  absl::StatusOr<SubmissionView> view =
      FindSubmission(sources, request.fields.at("id"), items ? kGivenItemsMax : 0);
  if (!view.ok()) return view.status();
  if (!items) return ChooseTable(SubmissionTables(*view), id);
  std::string known;
  for (const ItemSample& sample : view->samples) {
    absl::StrAppend(&known, " ", sample.suite);
    if (sample.suite != request.Query("suite")) continue;
    if (!sample.problem.empty()) return absl::DataLossError(sample.problem);
    return ItemsTable(sample, absl::StrCat("/api/v1", SubmissionPath(view->row.submission_id())));
  }
  return absl::NotFoundError(
      absl::StrCat("suite: \"", request.Query("suite"), "\" has no items here; there are:", known));
}

absl::StatusOr<Table> JobTable(const PageSources& sources, const HttpRequest& request, absl::string_view id) {
  const std::string job = JobIdOf(request);
  if (id == "samples") return FindSamples(sources, job);
  const std::optional<v1::JobStatus> status = sources.model->FindJob(job);
  if (!status.has_value()) return absl::NotFoundError(absl::StrCat("there is no job \"", job, "\""));
  return ChooseTable(JobDetailTables(*status, absl::Now()), id);
}

absl::StatusOr<v1::JobStatus> FindJob(const PageSources& sources, const HttpRequest& request) {
  std::optional<v1::JobStatus> status = sources.model->FindJob(JobIdOf(request));
  if (!status.has_value())
    return absl::NotFoundError(absl::StrCat("there is no job \"", JobIdOf(request), "\""));
  return *std::move(status);
}

absl::StatusOr<v1::ListJobsResponse> ListJobs(const PageSources& sources, const HttpRequest& request) {
  absl::StatusOr<uint64_t> size = request.QueryCount("page_size", 0, kPageJobsMax);
  if (!size.ok()) return size.status();
  v1::ListJobsRequest list;
  list.set_pipeline_id(request.Query("pipeline_id"));
  list.set_page_size(static_cast<uint32_t>(*size));
  list.set_page_token(request.Query("page_token"));
  return sources.model->ListJobs(list);
}

absl::StatusOr<v1::ListWorkersResponse> ListWorkers(const PageSources& sources) {
  absl::StatusOr<std::vector<v1::WorkerStatus>> workers = sources.loop->ListWorkers();
  if (!workers.ok()) return workers.status();
  v1::ListWorkersResponse response;
  for (v1::WorkerStatus& worker : *workers) *response.add_workers() = std::move(worker);
  return response;
}

absl::StatusOr<Table> FleetTable(const PageSources& sources, bool devices) {
  absl::StatusOr<std::vector<v1::WorkerStatus>> workers = sources.loop->ListWorkers();
  if (!workers.ok()) return workers.status();
  return devices ? AttachedDevicesTable(*workers) : WorkersTable(*workers);
}

class RouteList {
 public:
  void Add(const char* route, const char* query, const char* what, const char* type, Body body) {
    routes_.push_back({{route, query, what}, {type, std::move(body), ""}});
  }
  // One route for each form.
  void AddTable(const std::string& route, const char* json_ending, const char* query, const char* what,
                const MakeTable& make) {
    Add((route + json_ending).c_str(), query, what, kJson, AsJson(make));
    Add((route + ".csv").c_str(), query, what, kCsv, AsCsv(make));
  }
  std::vector<ApiRoute> Take() { return std::move(routes_); }

 private:
  std::vector<ApiRoute> routes_;
};

void AddBoardRoutes(const PageSources& sources, RouteList& routes) {
  routes.Add("/api/v1/leaderboard", "?track=NAME&history=1",
             "GetLeaderboardResponse: ranked rows, of all tracks or one; with history=1 of every submission",
             kJson, [=](const HttpRequest& request) { return ToJson(Leaderboard(sources, request)); });
  routes.Add("/api/v1/leaderboard.csv", "?track=NAME", "The leaderboard of one track, with floors and errors",
             kCsv, AsCsv([=](const HttpRequest& request) { return TrackTable(sources, request, false); }));
  routes.AddTable("/api/v1/history", "", "?track=NAME&name=NAME",
                  "What a track ranks by, of every submission or those of one name, newest first",
                  [=](const HttpRequest& request) { return TrackTable(sources, request, true); });
  routes.Add("/api/v1/submissions/{id}", "", "LeaderboardRow of one submission", kJson,
             [=](const HttpRequest& request) -> absl::StatusOr<std::string> {
               absl::StatusOr<SubmissionView> view = FindSubmission(sources, request.fields.at("id"), 0);
               if (!view.ok()) return view.status();
               return ToJson<v1::LeaderboardRow>(std::move(view->row));
             });
  for (const char* table :
       {"scores", "floors", "points", "rules", "devices", "comparisons", "artifacts", "sources"}) {
    routes.AddTable(absl::StrCat("/api/v1/submissions/{id}/", table), ".json", "", "That table of the page",
                    [=](const HttpRequest& request) { return SubmissionTable(sources, request, table); });
  }
  routes.AddTable("/api/v1/submissions/{id}/items", ".json", "?suite=NAME",
                  "What was asked and answered: the first 1000 items of a suite",
                  [=](const HttpRequest& request) { return SubmissionTable(sources, request, "items"); });
}

void AddClusterRoutes(const PageSources& sources, RouteList& routes) {
  routes.Add("/api/v1/jobs", "?pipeline_id=ID&page_size=N&page_token=TOKEN",
             "ListJobsResponse: all jobs, newest pipeline first, a page at a time", kJson,
             [=](const HttpRequest& request) { return ToJson(ListJobs(sources, request)); });
  for (const char* table : {"running", "waiting", "ended"}) {
    routes.AddTable(absl::StrCat("/api/v1/jobs/", table), ".json", "", "That table of the page",
                    [=](const HttpRequest&) {
                      return ChooseTable(JobTables(TakeJobBoard(*sources.model), absl::Now()), table);
                    });
  }
  routes.Add("/api/v1/jobs/{pipeline}/{job}", "", "JobStatus of one job", kJson,
             [=](const HttpRequest& request) { return ToJson(FindJob(sources, request)); });
  for (const char* table : {"samples", "attempts", "checkpoints"}) {
    routes.AddTable(absl::StrCat("/api/v1/jobs/{pipeline}/{job}/", table), ".json", "",
                    table == std::string("samples")
                        ? "What it measured, at most some 1000 steps of all attempts"
                        : "That table of the page",
                    [=](const HttpRequest& request) { return JobTable(sources, request, table); });
  }
  routes.AddTable("/api/v1/devices", "", "", "Attached devices with their state",
                  [=](const HttpRequest&) { return FleetTable(sources, true); });
  routes.Add("/api/v1/workers", "", "ListWorkersResponse: workers with what they have and run", kJson,
             [=](const HttpRequest&) { return ToJson(ListWorkers(sources)); });
  routes.Add("/api/v1/workers.csv", "", "Workers with what they have and run", kCsv,
             AsCsv([=](const HttpRequest&) { return FleetTable(sources, false); }));
}

}  // namespace

absl::Status CheckTrack(const PageSources& sources, const HttpRequest& request) {
  const std::string track = request.Query("track");
  if (track.empty() || FindTrack(*sources.tracks, track) != nullptr) return absl::OkStatus();
  std::string message = absl::StrCat("there is no track \"", track, "\"; there are:");
  for (const v1::Track& each : *sources.tracks) absl::StrAppend(&message, " ", each.name());
  return absl::NotFoundError(message);
}

std::string JobIdOf(const HttpRequest& request) {
  return absl::StrCat(request.fields.at("pipeline"), "/", request.fields.at("job"));
}

std::vector<ApiRoute> ApiRoutes(const PageSources& sources) {
  RouteList routes;
  AddBoardRoutes(sources, routes);
  AddClusterRoutes(sources, routes);
  return routes.Take();
}

}  // namespace bonsai
