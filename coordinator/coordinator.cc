#include "coordinator/coordinator.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/exposure.h"
#include "coordinator/rpc/artifact_catalog.h"
#include "coordinator/rpc/artifact_check.h"
#include "coordinator/rpc/artifact_import.h"
#include "coordinator/rpc/blob_access.h"
#include "coordinator/rpc/blob_intake.h"
#include "coordinator/rpc/call_guard.h"
#include "coordinator/rpc/coordinator_service.h"
#include "coordinator/rpc/decision_loop.h"
#include "coordinator/rpc/job_journal.h"
#include "coordinator/rpc/leaderboard_rows.h"
#include "coordinator/rpc/pipeline_submission.h"
#include "coordinator/rpc/rank_logs.h"
#include "coordinator/rpc/read_model.h"
#include "coordinator/rpc/rpc_server.h"
#include "coordinator/rpc/stderr_log.h"
#include "coordinator/rpc/storage_keeper.h"
#include "coordinator/rpc/workers_service.h"
#include "coordinator/scheduler/holdout_quota.h"
#include "coordinator/status_pages.h"
#include "coordinator/store/rocksdb_record_store.h"
#include "coordinator/web/http_server.h"
#include "coordinator/web/metrics.h"
#include "evaluator/tracks/track_file.h"
#include "security/credentials.h"
#include "security/grpc_credentials.h"
#include "storage/atomic_file.h"
#include "storage/directory_blob_store.h"
#include "storage/file_bytes.h"
#include "storage/partial_blobs.h"

namespace bonsai {
namespace {

constexpr absl::Duration kStopGrace = absl::Seconds(1);
constexpr size_t kSmallFileBytesMax = 4096;

// Wall time that never goes backwards: a clock that someone sets must not end leases.
std::function<absl::Time()> SteadyWallClock() {
  const absl::Time wall = absl::Now();
  const auto start = std::chrono::steady_clock::now();
  return [wall, start] { return wall + absl::FromChrono(std::chrono::steady_clock::now() - start); };
}

std::string ReadFirstLine(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFileBytes(path, kSmallFileBytesMax);
  if (!text.ok()) return "";
  return std::string(absl::StripAsciiWhitespace(text->substr(0, text->find('\n'))));
}

absl::Status MakeFolder(const char* field, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return ErrnoStatus(error.value(), absl::StrCat(field, ": make the folder"), folder);
}

absl::Status Named(const char* field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
}

// Since when the coordinator has run this code version, by a file "<version> <Unix milliseconds>" that is
// made anew when the version changes. A file that is lost costs a run of what could have been reused.
absl::StatusOr<absl::Time> KeepCodeSince(const std::string& path, const std::string& version,
                                         absl::Time now) {
  // Other builds may call themselves the same.
  if (version == "unknown" || absl::EndsWith(version, "-dirty")) return now;
  const std::string line = ReadFirstLine(path);
  const size_t space = line.rfind(' ');
  int64_t since_ms = 0;
  if (space != std::string::npos && line.substr(0, space) == version &&
      absl::SimpleAtoi(line.substr(space + 1), &since_ms)) {
    return absl::FromUnixMillis(since_ms);
  }
  const absl::Status wrote =
      WriteFileAtomically(path, absl::StrCat(version, " ", absl::ToUnixMillis(now), "\n"));
  if (!wrote.ok()) return wrote;
  return now;
}

}  // namespace

std::string ReadCodeVersion(const std::string& share_dir) {
  std::string version = ReadFirstLine(absl::StrCat(share_dir, "/VERSION"));
  return version.empty() ? "unknown" : version;
}

// In the order of their lives: each uses only those above it.
struct Coordinator::Parts {
  std::string state_dir;
  std::function<absl::Time()> clock;  // empty: the wall's time
  std::vector<v1::Track> tracks;
  Metrics metrics;
  std::shared_ptr<CallGuard> guard;                      // nullptr: calls are not authenticated
  std::shared_ptr<grpc::ServerCredentials> credentials;  // likewise
  std::unique_ptr<CollectableStore> blobs;
  std::unique_ptr<PartialBlobs> partial_blobs;
  std::unique_ptr<ReadModel> model;
  std::unique_ptr<RankLogs> logs;
  std::unique_ptr<DecisionLoop> loop;
  std::unique_ptr<PipelineSubmission> submission;
  std::unique_ptr<ArtifactCatalog> catalog;
  std::unique_ptr<BlobAccess> access;
  std::unique_ptr<BlobIntake> intake;
  std::unique_ptr<ArtifactImport> imports;
  std::unique_ptr<ArtifactCheck> check;
  std::unique_ptr<LeaderboardRows> leaderboard;
  std::unique_ptr<StorageKeeper> keeper;
  std::atomic<bool> stopping{false};
  std::unique_ptr<CoordinatorService> coordinator_service;
  std::unique_ptr<WorkersService> workers_service;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<RpcServer> server;

  absl::Status Secure(const v1::SecurityConfig& config);
  absl::Status Load(const v1::CoordinatorConfig& config);
  absl::Status Serve(const v1::CoordinatorConfig& config);
  absl::Status StartLoop(const v1::CoordinatorConfig& config, std::unique_ptr<RecordStore> store,
                         Records records);
};

absl::Status Coordinator::Parts::Secure(const v1::SecurityConfig& config) {
  absl::StatusOr<Credentials> loaded = LoadServerCredentials(config, absl::Now());
  if (!loaded.ok()) return loaded.status();
  absl::StatusOr<std::unique_ptr<TokenRegistry>> tokens = TokenRegistry::Open(config.tokens_file());
  if (!tokens.ok()) return Named("security.tokens_file", tokens.status());
  guard = std::make_shared<CallGuard>(
      *std::move(tokens), [] { return absl::Now(); }, &metrics);
  credentials = MakeServerCredentials(*loaded);
  credentials->SetAuthMetadataProcessor(guard);
  return absl::OkStatus();
}

absl::Status Coordinator::Parts::Load(const v1::CoordinatorConfig& config) {
  state_dir = config.state_dir();
  if (absl::Status made = MakeFolder("state_dir", state_dir); !made.ok()) return made;
  absl::StatusOr<std::vector<v1::Track>> loaded = LoadTracks(absl::StrCat(config.share_dir(), "/tracks"));
  if (!loaded.ok()) return Named("share_dir", loaded.status());
  tracks = *std::move(loaded);
  absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> opened = DirectoryBlobStore::Open(config.storage_dir());
  if (!opened.ok()) return Named("storage_dir", opened.status());
  blobs = *std::move(opened);
  auto partial = PartialBlobs::Open(absl::StrCat(config.storage_dir(), "/incoming"), blobs.get(), {});
  if (!partial.ok()) return Named("storage_dir", partial.status());
  partial_blobs = *std::move(partial);
  absl::StatusOr<std::unique_ptr<RecordStore>> store =
      OpenRocksdbRecordStore(absl::StrCat(state_dir, "/records"));
  if (!store.ok()) return Named("state_dir", store.status());
  absl::StatusOr<Records> records = (*store)->Load();
  if (!records.ok()) return Named("state_dir", records.status());
  LogLine(absl::StrCat("loaded ", records->pipelines.size(), " pipelines, ", records->jobs.size(), " jobs, ",
                       records->artifacts.size(), " artifacts, ", tracks.size(), " tracks"));
  if (absl::Status started = StartLoop(config, *std::move(store), *std::move(records)); !started.ok())
    return started;
  return absl::OkStatus();
}

absl::Status Coordinator::Parts::StartLoop(const v1::CoordinatorConfig& config,
                                           std::unique_ptr<RecordStore> store, Records records) {
  model =
      std::make_unique<ReadModel>(records, [this](const v1::JobRecord* before, const v1::JobRecord& after) {
        RecordJobChange(metrics, before, after);
      });
  logs = std::make_unique<RankLogs>(absl::StrCat(state_dir, "/logs"));
  SchedulerOptions scheduling;
  scheduling.lease = absl::Milliseconds(config.lease_ms());
  // Several reports fit into one lease, so that a lost one costs nothing.
  scheduling.synchronize_interval = std::min(scheduling.synchronize_interval, scheduling.lease / 4);
  scheduling.storage = config.storage();
  scheduling.code_version = ReadCodeVersion(config.share_dir());
  const absl::StatusOr<absl::Time> since = KeepCodeSince(
      absl::StrCat(state_dir, "/code_version"), scheduling.code_version, clock ? clock() : absl::Now());
  if (!since.ok()) return since.status();
  scheduling.code_since = *since;
  scheduling.queues.assign(config.queues().begin(), config.queues().end());
  scheduling.tenants.assign(config.tenants().begin(), config.tenants().end());
  scheduling.holdout_queries_per_day = HoldoutQueriesPerDay(tracks);
  DecisionLoop::Options options;
  options.clock = clock ? clock : SteadyWallClock();
  options.publish = [this](const RecordBatch& batch) {
    model->Publish(batch);
    for (int i = 0; i < static_cast<int>(batch.pipelines.size()); ++i) metrics.CountPipeline();
    for (const v1::ArtifactRecord& artifact : batch.artifacts) metrics.CountArtifact(artifact);
  };
  std::unique_ptr<Scheduler> scheduler = Scheduler::Create(scheduling, std::move(records), options.clock());
  loop = std::make_unique<DecisionLoop>(std::move(scheduler), std::move(store), &metrics, std::move(options));
  return absl::OkStatus();
}

absl::Status Coordinator::Parts::Serve(const v1::CoordinatorConfig& config) {
  submission = std::make_unique<PipelineSubmission>(loop.get(), model.get(), &tracks);
  catalog = std::make_unique<ArtifactCatalog>(blobs.get(), model.get());
  intake = std::make_unique<BlobIntake>(blobs.get(), partial_blobs.get());
  const FindJobRecord find_job = [this](const std::string& id) -> std::optional<v1::JobRecord> {
    std::optional<v1::JobStatus> found = model->FindJob(id);
    return found ? std::optional<v1::JobRecord>(std::move(*found->mutable_job())) : std::nullopt;
  };
  imports = std::make_unique<ArtifactImport>(ArtifactImport::Parts{
      blobs.get(), &tracks,
      [this](const std::string& id, v1::ArtifactRecord* record) {
        std::optional<v1::ArtifactRecord> found = model->FindArtifact(id);
        if (found) *record = *std::move(found);
        return found.has_value();
      },
      [this](ArtifactImported event) { return loop->Import(std::move(event)); }, find_job});
  access = std::make_unique<BlobAccess>(blobs.get(), model.get());
  check = std::make_unique<ArtifactCheck>(blobs.get(), &tracks, find_job, &metrics);
  leaderboard = std::make_unique<LeaderboardRows>(blobs.get(), model.get(), &tracks);
  StorageKeeper::Options keeping =
      StorageKeeper::OptionsOf(config.storage(), absl::Milliseconds(config.lease_ms()));
  keeping.collected = [this](const v1::CollectGarbageResponse& pass) { metrics.CountCollection(pass); };
  keeper = std::make_unique<StorageKeeper>(blobs.get(), model.get(), std::move(keeping));
  coordinator_service = std::make_unique<CoordinatorService>(CoordinatorService::Parts{
      loop.get(), model.get(), submission.get(), catalog.get(), intake.get(), imports.get(),
      leaderboard.get(), logs.get(), keeper.get(), &metrics, &stopping, guard.get(), access.get()});
  workers_service = std::make_unique<WorkersService>(
      WorkersService::Parts{loop.get(), model.get(), check.get(), logs.get(), &metrics});
  const std::string address_file = absl::StrCat(state_dir, "/address");
  const std::string metrics_file = absl::StrCat(state_dir, "/metrics_address");
  StatusPages status =
      MakeStatusPages({loop.get(), model.get(), leaderboard.get(), &tracks, &metrics, blobs.get(),
                       catalog.get(), logs.get(), config.storage_dir(), config.share_dir()});
  absl::StatusOr<std::unique_ptr<HttpServer>> pages =
      HttpServer::Start(config.metrics_address(), std::move(status.pages), std::move(status.error_page));
  if (!pages.ok()) return pages.status();
  http = *std::move(pages);
  if (absl::Status wrote = WriteFileAtomically(metrics_file, http->address() + "\n"); !wrote.ok())
    return wrote;
  absl::StatusOr<std::unique_ptr<RpcServer>> listening =
      RpcServer::Start(config.listen_address(), ReadFirstLine(address_file),
                       {coordinator_service.get(), workers_service.get()}, credentials);
  if (!listening.ok()) return listening.status();
  server = *std::move(listening);
  return WriteFileAtomically(address_file, server->address() + "\n");
}

Coordinator::Coordinator(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Coordinator::~Coordinator() { Stop(); }

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(const v1::CoordinatorConfig& config,
                                                                std::function<absl::Time()> clock) {
  std::unique_ptr<Coordinator> coordinator(new Coordinator(std::make_unique<Parts>()));
  Parts& parts = *coordinator->parts_;
  parts.clock = std::move(clock);
  const absl::Time start = absl::Now();
  if (absl::Status exposed = CheckExposure(config); !exposed.ok()) return exposed;
  if (config.has_security()) {
    if (absl::Status secured = parts.Secure(config.security()); !secured.ok()) return secured;
  }
  if (absl::Status loaded = parts.Load(config); !loaded.ok()) return loaded;
  if (absl::Status serving = parts.Serve(config); !serving.ok()) return serving;
  parts.metrics.SetRecovery(absl::Now() - start);
  LogLine(absl::StrCat("serving on ", parts.server->address(), "; metrics and pages on http://",
                       parts.http->address(), "/"));
  return coordinator;
}

std::string Coordinator::address() const { return parts_->server->address(); }
std::string Coordinator::metrics_address() const { return parts_->http->address(); }

void Coordinator::Stop() {
  parts_->stopping = true;
  if (parts_->model) parts_->model->WakeWatchers();
  if (parts_->server) parts_->server->Shutdown(kStopGrace);
  if (parts_->keeper) parts_->keeper->Stop();
  if (parts_->loop) parts_->loop->Stop();
  parts_->http = nullptr;
}

}  // namespace bonsai
