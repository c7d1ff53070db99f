#include "worker/data/pack_checkpoint.h"

#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/manifest.h"
#include "worker/data/packed_shard.h"

namespace bonsai {
namespace {

constexpr char kProgressPath[] = "progress.binpb";
constexpr size_t kProgressBytesMax = 16 << 20;

absl::Status CheckInputs(const v1::Manifest& manifest, const v1::Task& task) {
  const auto wrong = [] { return absl::FailedPreconditionError("it was made from other inputs"); };
  if (manifest.lineage().inputs_size() != task.inputs_size()) return wrong();
  for (int i = 0; i < task.inputs_size(); ++i) {
    const v1::LineageInput& then = manifest.lineage().inputs(i);
    if (then.field() != task.inputs(i).field() || then.artifact_id() != task.inputs(i).artifact_id())
      return wrong();
  }
  return absl::OkStatus();
}

absl::Status CheckProgress(const v1::PackProgress& progress, const PackPlan& plan) {
  if (progress.shard_tokens() == plan.shard_tokens &&
      progress.parts_size() == static_cast<int>(plan.parts.size()))
    return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("it has ", progress.parts_size(), " parts in shards of ",
                                                    progress.shard_tokens(), " tokens; this job has ",
                                                    plan.parts.size(), " in shards of ", plan.shard_tokens));
}

absl::StatusOr<PackCheckpoint> Load(RunnerContext& context, const PackPlan& plan, const std::string& id) {
  absl::StatusOr<v1::Manifest> manifest = GetManifest(context.blobs(), id);
  if (!manifest.ok()) return manifest.status();
  if (absl::Status same = CheckInputs(*manifest, context.task()); !same.ok()) return same;
  if (absl::Status whole = VerifyArtifact(context.blobs(), *manifest); !whole.ok()) return whole;
  const v1::ArtifactFile* file = FindFile(*manifest, kProgressPath);
  if (file == nullptr) return absl::DataLossError(absl::StrCat("it holds no ", kProgressPath));
  absl::StatusOr<std::string> bytes = context.blobs().Get(file->blob().sha256(), kProgressBytesMax);
  if (!bytes.ok()) return bytes.status();
  PackCheckpoint checkpoint;
  if (!checkpoint.progress.ParseFromString(*bytes)) {
    return absl::DataLossError(absl::StrCat(kProgressPath, " is no PackProgress"));
  }
  if (absl::Status fits = CheckProgress(checkpoint.progress, plan); !fits.ok()) return fits;
  for (size_t i = 0; const v1::ArtifactFile* shard = FindFile(*manifest, ShardName(i)); ++i) {
    checkpoint.shards.push_back(*shard);
  }
  return checkpoint;
}

}  // namespace

absl::Status SavePackCheckpoint(RunnerContext& context, const PackCheckpoint& checkpoint) {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  for (const v1::ArtifactFile& shard : checkpoint.shards) *manifest.add_files() = shard;
  absl::Status added = AddBytes(context, checkpoint.progress.SerializeAsString(), kProgressPath, manifest);
  if (!added.ok()) return added;
  return context.PublishCheckpoint(std::move(manifest), checkpoint.shards.size()).status();
}

PackCheckpoint LoadPackCheckpoint(RunnerContext& context, const PackPlan& plan) {
  for (const v1::Checkpoint& offered : context.task().resume()) {
    absl::StatusOr<PackCheckpoint> checkpoint = Load(context, plan, offered.manifest_id());
    const std::string name = absl::StrCat("checkpoint ", offered.manifest_id().substr(0, 12));
    if (checkpoint.ok()) {
      std::fprintf(stderr, "going on behind %zu shards from %s\n", checkpoint->shards.size(), name.c_str());
      return *std::move(checkpoint);
    }
    std::fprintf(stderr, "%s skipped: %s\n", name.c_str(), checkpoint.status().ToString().c_str());
  }
  return {};
}

}  // namespace bonsai
