// The pages over invented figures, for the tests that look at them in a browser: serves until its standard
// input ends. Prints its address. The running job takes a step at each request, so that a page can be seen to
// follow.
//
//   gallery SHARE_WEB_FOLDER
#include <google/protobuf/text_format.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "coordinator/web/browser/gallery_rows.h"
#include "coordinator/web/devices_page.h"
#include "coordinator/web/history_page.h"
#include "coordinator/web/http_server.h"
#include "coordinator/web/jobs_page.h"
#include "coordinator/web/leaderboard_page.h"
#include "coordinator/web/sample_series.h"
#include "coordinator/web/static_files.h"
#include "coordinator/web/submission_page.h"

namespace bonsai {
namespace {

constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kJson[] = "application/json";

uint64_t NextStep() {
  static std::atomic<uint64_t> step{120};
  return ++step;
}

double LossAt(uint64_t step) { return 2 + 3 * std::exp(-static_cast<double>(step) / 60); }

Table Samples(uint64_t steps) {
  SampleSeries series;
  for (uint64_t step = 1; step <= steps; ++step) {
    series.AddLine(
        absl::StrCat("{\"step\":", step, ",\"metrics\":[{\"name\":\"loss\",\"value\":", LossAt(step),
                     "},{\"name\":\"tokens_per_second\",\"value\":", 51000 + 400 * std::sin(step), "}]}"));
  }
  return series.ToTable("p7/pretrain");
}

JobBoard Board(absl::Time now) {
  JobBoard board = InventBoard(now);
  const uint64_t step = NextStep();
  v1::JobStatus& running = board.running[0];
  running.mutable_progress()->set_step(step);
  running.mutable_sample()->set_step(step);
  running.mutable_sample()->mutable_metrics(0)->set_value(LossAt(step));
  return board;
}

std::map<std::string, HttpPage> MakePages(const StaticFiles& statics) {
  const PageFiles files = statics.names;
  std::map<std::string, HttpPage> pages = statics.pages;
  const std::vector<v1::Track> tracks = InventTracks();
  pages["/"] = {kHtml, [=](const HttpRequest& request) {
                  return LeaderboardPage(files, tracks, InventRows(false), request.query);
                }};
  pages["/history"] = {kHtml, [=](const HttpRequest& request) {
                         return HistoryPage(files, tracks, InventRows(true), request.query);
                       }};
  pages["/submissions/{id}"] = {kHtml, [=](const HttpRequest& request) -> absl::StatusOr<std::string> {
                                  for (const v1::LeaderboardRow& row : InventRows(true)) {
                                    if (row.submission_id() != request.fields.at("id")) continue;
                                    return SubmissionPage(files, InventView(row));
                                  }
                                  return absl::NotFoundError("there is no such submission");
                                }};
  pages["/jobs"] = {kHtml, [=](const HttpRequest&) {
                      const absl::Time now = absl::Now();
                      return JobsPage(files, Board(now), now);
                    }};
  pages["/jobs/{pipeline}/{job}"] = {kHtml, [=](const HttpRequest&) {
                                       const absl::Time now = absl::Now();
                                       return JobPage(files, Board(now).running[0], Samples(50), now);
                                     }};
  pages["/devices"] = {kHtml, [=](const HttpRequest&) { return DevicesPage(files, InventWorkers()); }};
  pages["/api/v1/jobs/{pipeline}/{job}/samples.json"] = {
      kJson, [=](const HttpRequest&) { return TableJson(Samples(NextStep())); }};
  return pages;
}

int Main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: gallery SHARE_WEB_FOLDER\n");
    return 2;
  }
  const StaticFiles statics = LoadStaticFiles(words[1]);
  auto server = HttpServer::Start("127.0.0.1:0", MakePages(statics),
                                  [&](int status, absl::string_view reason, absl::string_view why) {
                                    return ErrorPage(statics.names, status, reason, why);
                                  });
  if (!server.ok()) {
    std::cerr << server.status() << "\n";
    return 1;
  }
  std::cout << (*server)->address() << std::endl;
  while (std::cin.get() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace bonsai

int main(int count, char** words) { return bonsai::Main(count, words); }
