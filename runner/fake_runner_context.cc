#include "runner/fake_runner_context.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

// A test cannot go on without its folder or its inputs.
void Require(const absl::Status& status) {
  if (status.ok()) return;
  fprintf(stderr, "FakeRunnerContext: %s\n", status.ToString().c_str());
  abort();
}

}  // namespace

FakeRunnerContext::FakeRunnerContext(std::string dir, v1::Task task,
                                     std::unique_ptr<DirectoryBlobStore> store)
    : StoreRunnerContext(std::move(task), *store), dir_(std::move(dir)), store_(std::move(store)) {}

FakeRunnerContext::~FakeRunnerContext() {
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

std::unique_ptr<FakeRunnerContext> FakeRunnerContext::Create(const std::string& parent,
                                                             const std::string& storage_dir) {
  std::string dir = absl::StrCat(parent, "/runner-XXXXXX");
  if (mkdtemp(dir.data()) == nullptr) Require(absl::ErrnoToStatus(errno, dir));
  v1::Task task;
  task.set_job_id("p1/job");
  task.set_attempt(1);
  task.set_ranks(1);
  task.set_storage_dir(storage_dir.empty() ? dir + "/storage" : storage_dir);
  task.set_work_dir(dir + "/work");
  task.set_rendezvous_dir(dir + "/rendezvous");
  task.set_code_version("test");
  std::filesystem::create_directory(task.work_dir());
  std::filesystem::create_directory(task.rendezvous_dir());
  absl::StatusOr<std::unique_ptr<DirectoryBlobStore>> store = DirectoryBlobStore::Open(task.storage_dir());
  Require(store.status());
  return std::unique_ptr<FakeRunnerContext>(new FakeRunnerContext(dir, std::move(task), *std::move(store)));
}

std::string FakeRunnerContext::AddInput(absl::string_view field, absl::string_view kind,
                                        const std::map<std::string, std::string>& files,
                                        const std::map<std::string, std::string>& properties) {
  v1::Manifest manifest;
  manifest.set_kind(std::string(kind));
  for (const auto& [path, bytes] : files) Require(AddBytes(*this, bytes, path, manifest));
  for (const auto& [name, value] : properties) {
    v1::Property& property = *manifest.add_properties();
    property.set_name(name);
    property.set_value(value);
  }
  absl::StatusOr<std::string> id = PutManifest(blobs(), std::move(manifest));
  Require(id.status());
  AddInputId(field, *id);
  return *id;
}

void FakeRunnerContext::AddInputId(absl::string_view field, absl::string_view id) {
  v1::ResolvedInput& input = *task_.add_inputs();
  input.set_field(std::string(field));
  input.set_artifact_id(std::string(id));
}

void FakeRunnerContext::AddResume(absl::string_view manifest_id, uint64_t step) {
  v1::Checkpoint& checkpoint = *task_.add_resume();
  checkpoint.set_manifest_id(std::string(manifest_id));
  checkpoint.set_step(step);
  checkpoint.set_attempt(task_.attempt());
}

void FakeRunnerContext::RequestStopAtStep(uint64_t step) { stop_at_step_ = step; }

void FakeRunnerContext::Emit(const v1::RunnerEvent& event) {
  if (event.has_progress() && event.progress().step() >= stop_at_step_) stop_ = true;
  if (event.has_sample() && event.sample().step() >= stop_at_step_) stop_ = true;
  std::lock_guard<std::mutex> lock(events_mutex_);
  events_.push_back(event);
}

std::vector<v1::Progress> FakeRunnerContext::progress() const {
  std::lock_guard<std::mutex> lock(events_mutex_);
  std::vector<v1::Progress> found;
  for (const v1::RunnerEvent& event : events_) {
    if (event.has_progress()) found.push_back(event.progress());
  }
  return found;
}

std::vector<v1::Sample> FakeRunnerContext::samples() const {
  std::lock_guard<std::mutex> lock(events_mutex_);
  std::vector<v1::Sample> found;
  for (const v1::RunnerEvent& event : events_) {
    if (event.has_sample()) found.push_back(event.sample());
  }
  return found;
}

std::vector<v1::CheckpointWritten> FakeRunnerContext::checkpoints() const {
  std::lock_guard<std::mutex> lock(events_mutex_);
  std::vector<v1::CheckpointWritten> found;
  for (const v1::RunnerEvent& event : events_) {
    if (event.has_checkpoint()) found.push_back(event.checkpoint());
  }
  return found;
}

absl::StatusOr<v1::Manifest> FakeRunnerContext::Output() {
  if (output_id().empty()) return absl::FailedPreconditionError("the runner published no output");
  return GetManifest(blobs(), output_id());
}

absl::StatusOr<std::string> FakeRunnerContext::OutputFile(absl::string_view path) {
  absl::StatusOr<v1::Manifest> manifest = Output();
  if (!manifest.ok()) return manifest.status();
  const v1::ArtifactFile* file = FindFile(*manifest, path);
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("the output holds no file ", path));
  return blobs().Get(file->blob().sha256(), file->blob().size_bytes());
}

}  // namespace bonsai
