#include "client/verbs.h"

#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/artifact_view.h"
#include "client/call_and_print.h"
#include "client/coordinator_client.h"
#include "client/figures.h"
#include "client/forecast_view.h"
#include "client/job_table.h"
#include "client/json_output.h"
#include "client/leaderboard_view.h"
#include "client/pipeline_file.h"
#include "client/pipeline_watch.h"
#include "client/text_layout.h"
#include "client/worker_view.h"

namespace bonsai {
namespace {

constexpr int kSubmitTriesMax = 5;
constexpr absl::Duration kSubmitRetryInterval = absl::Milliseconds(400);

// Unique among all submissions: 128 bits from the system's source of randomness.
std::string NewRequestId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
}

std::string SubmittedText(const SubmitOptions& options, const v1::SubmitPipelineResponse& response,
                          const Session& session) {
  if (!options.dry_run) return absl::StrCat(response.pipeline_id(), "\n");
  return absl::StrCat(options.file,
                      " is valid; its jobs could run in this order: ", absl::StrJoin(response.order(), ", "),
                      "\n", RenderForecasts(response, absl::Now(), session.screen.columns));
}

}  // namespace

absl::StatusOr<int> RunSubmit(const SubmitOptions& options, Session& session) {
  auto pipeline = ReadPipelineFile(options.file, options.settings);
  if (!pipeline.ok()) return pipeline.status();
  v1::SubmitPipelineRequest request;
  request.set_request_id(NewRequestId());
  *request.mutable_pipeline() = *std::move(pipeline);
  request.set_dry_run(options.dry_run);
  // The same request_id makes a retry the same submission, also if only the answer was lost.
  absl::StatusOr<v1::SubmitPipelineResponse> response;
  for (int tries = 0; tries < kSubmitTriesMax; ++tries) {
    if (tries > 0) absl::SleepFor(kSubmitRetryInterval);
    auto client = Dial(session);
    if (!client.ok()) return client.status();
    response = (*client)->SubmitPipeline(request);
    if (response.ok() || !IsUnreachable(response.status())) break;
  }
  if (!response.ok()) return response.status();
  session.out << (session.json ? ToJsonLine(*response) : SubmittedText(options, *response, session))
              << std::flush;
  if (!options.watch || options.dry_run) return kExitOk;
  return WatchPipeline(response->pipeline_id(), session);
}

absl::StatusOr<int> RunJobs(const std::string& pipeline, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.ListJobs(pipeline); },
      [&](const auto& response) { return RenderJobTable(response, absl::Now(), session.screen.columns); });
}

absl::StatusOr<int> RunWatch(const std::string& pipeline, Session& session) {
  if (!pipeline.empty()) return WatchPipeline(pipeline, session);
  auto client = Dial(session);
  if (!client.ok()) return client.status();
  const auto newest = (*client)->ListJobs("", 1);
  if (!newest.ok()) return newest.status();
  if (newest->jobs().empty()) {
    return absl::NotFoundError("there is no pipeline to watch; submit one with `bonsai submit FILE`");
  }
  return WatchPipeline(newest->jobs(0).job().pipeline_id(), session);
}

absl::StatusOr<int> RunCancel(const std::string& id, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.Cancel(id); },
      [&](const v1::CancelResponse& response) {
        if (response.job_ids().empty()) return absl::StrCat(id, " had ended already\n");
        return absl::StrCat("cancelled ", absl::StrJoin(response.job_ids(), ", "), "\n");
      });
}

absl::StatusOr<int> RunArtifacts(const std::string& kind, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return client.ListArtifacts(kind); },
      [&](const auto& response) {
        return RenderArtifactTable(response, absl::Now(), session.screen.columns);
      });
}

absl::StatusOr<int> RunArtifactsShow(const ShowOptions& options, Session& session) {
  return CallAndPrint(
      session,
      [&](CoordinatorClient& client) {
        return client.GetArtifact(options.id, options.lineage, options.descendants);
      },
      [&](const auto& response) {
        std::string text;
        // Of a file from outside nothing is known but what came of it.
        if (response.has_manifest()) text = RenderArtifact(response, session.screen.columns);
        if (options.descendants)
          absl::StrAppend(&text, RenderDescendants(response, absl::Now(), session.screen.columns));
        return text;
      });
}

absl::StatusOr<int> RunPull(const PullOptions& options, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return PullArtifact(options, client, session); },
      [&](const v1::GetArtifactResponse& response) {
        const v1::Manifest& manifest = response.manifest();
        uint64_t bytes = 0;
        std::string names;
        for (const v1::ArtifactFile& file : manifest.files()) {
          bytes += file.blob().size_bytes();
          absl::StrAppend(&names, "  ", Printable(file.path()), "\n");
        }
        return absl::StrCat("pulled ", Printable(manifest.kind()), " ", response.record().id().substr(0, 12),
                            ": ", manifest.files_size(), manifest.files_size() == 1 ? " file, " : " files, ",
                            FormatBytes(bytes), ", verified, into ", options.out_dir, "\n", names);
      });
}

absl::StatusOr<int> RunExport(const ExportOptions& options, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return ExportArtifacts(options, client, session); },
      [&](const v1::ListArtifactsResponse& response) {
        return absl::StrCat("exported to ", options.out, ", verified, with all that they were made from:\n",
                            RenderArtifactTable(response, absl::Now(), session.screen.columns));
      });
}

absl::StatusOr<int> RunImport(const std::string& file, Session& session) {
  return CallAndPrint(
      session, [&](CoordinatorClient& client) { return ImportArtifacts(file, client, session); },
      [&](const v1::ListArtifactsResponse& response) {
        return absl::StrCat("imported from ", file, ", verified, with all that they were made from:\n",
                            RenderArtifactTable(response, absl::Now(), session.screen.columns));
      });
}

absl::StatusOr<int> RunLeaderboard(const LeaderboardOptions& options, Session& session) {
  return CallAndPrint(
      session,
      [&](CoordinatorClient& client) { return client.GetLeaderboard(options.track, options.history); },
      [&](const auto& response) { return RenderLeaderboard(response, session.screen.columns); });
}

absl::StatusOr<int> RunDevices(Session& session) {
  if (!session.json) {
    return CallAndPrint(
        session, [](CoordinatorClient& client) { return client.ListWorkers(); },
        [&](const auto& response) { return RenderDeviceTable(response, session.screen.columns); });
  }
  // {"devices": [...]}, over all workers: the shape that one worker's status has.
  return CallAndPrint(
      session,
      [](CoordinatorClient& client) -> absl::StatusOr<v1::WorkerStatus> {
        const auto workers = client.ListWorkers();
        if (!workers.ok()) return workers.status();
        v1::WorkerStatus all;
        for (const v1::WorkerStatus& worker : workers->workers())
          all.mutable_devices()->MergeFrom(worker.devices());
        return all;
      },
      [](const v1::WorkerStatus&) { return std::string(); });
}

absl::StatusOr<int> RunWorkers(Session& session) {
  return CallAndPrint(
      session, [](CoordinatorClient& client) { return client.ListWorkers(); },
      [&](const auto& response) { return RenderWorkerTable(response, session.screen.columns); });
}

}  // namespace bonsai
