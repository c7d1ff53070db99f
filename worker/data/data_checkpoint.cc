#include "worker/data/data_checkpoint.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "edge_runtime/model/json.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr char kProgressPath[] = "progress.json";
constexpr size_t kProgressBytesMax = 16 << 20;

// The counts of a file, by their names in progress.json.
struct NamedCount {
  const char* name;
  uint64_t SourceReport::*count;
};
constexpr NamedCount kCounts[] = {{"kept", &SourceReport::kept},
                                  {"duplicates", &SourceReport::duplicates},
                                  {"empty", &SourceReport::empty},
                                  {"too_short", &SourceReport::too_short},
                                  {"bytes_replaced", &SourceReport::bytes_replaced}};

std::string WriteProgress(const DataPlan& plan, const std::vector<SourceReport>& sources) {
  edge::JsonWriter json;
  json.BeginObject().Key("fingerprint").String(plan.fingerprint).Key("sources").BeginArray();
  for (const SourceReport& source : sources) {
    json.BeginObject().Key("documents").Integer(static_cast<int64_t>(source.source.documents()));
    for (const NamedCount& named : kCounts)
      json.Key(named.name).Integer(static_cast<int64_t>(source.*named.count));
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.text();
}

bool ReadCount(const edge::JsonValue& source, const char* name, uint64_t* count) {
  const edge::JsonValue* value = source.Find(name);
  if (value == nullptr || value->integer().value_or(-1) < 0) return false;
  *count = static_cast<uint64_t>(*value->integer());
  return true;
}

absl::Status ReadProgress(const std::string& text, const DataPlan& plan, std::vector<SourceReport>* sources) {
  std::string error;
  const auto json = edge::JsonValue::Parse(text, &error);
  if (!json.has_value()) return absl::DataLossError(absl::StrCat(kProgressPath, ": ", error));
  const edge::JsonValue* fingerprint = json->Find("fingerprint");
  if (fingerprint == nullptr || fingerprint->string() != plan.fingerprint)
    return absl::FailedPreconditionError("it was made from other files or by another spec");
  const edge::JsonValue* list = json->Find("sources");
  if (list == nullptr || list->items().empty() || list->items().size() > plan.files.size())
    return absl::DataLossError(absl::StrCat(kProgressPath, ": sources are not the first of the job's"));
  for (const edge::JsonValue& item : list->items()) {
    sources->push_back({.source = plan.files[sources->size()].source});
    SourceReport& source = sources->back();
    uint64_t documents = 0;
    bool valid = ReadCount(item, "documents", &documents);
    for (const NamedCount& named : kCounts)
      valid = valid && ReadCount(item, named.name, &(source.*named.count));
    if (!valid)
      return absl::DataLossError(absl::StrCat(kProgressPath, ": sources[", sources->size() - 1,
                                              "] lacks a count, or has one that is none"));
    source.source.set_documents(documents);
  }
  return absl::OkStatus();
}

absl::StatusOr<DataCheckpoint> Load(RunnerContext& context, const DataPlan& plan, const std::string& id) {
  const absl::StatusOr<v1::Manifest> manifest = GetManifest(context.blobs(), id);
  if (!manifest.ok()) return manifest.status();
  const v1::ArtifactFile* file = FindFile(*manifest, kProgressPath);
  if (file == nullptr) return absl::DataLossError(absl::StrCat("it holds no ", kProgressPath));
  const absl::StatusOr<std::string> text = context.blobs().Get(file->blob().sha256(), kProgressBytesMax);
  if (!text.ok()) return text.status();
  DataCheckpoint checkpoint;
  if (absl::Status read = ReadProgress(*text, plan, &checkpoint.sources); !read.ok()) return read;
  if (absl::Status whole = VerifyArtifact(context.blobs(), *manifest); !whole.ok()) return whole;
  for (size_t i = 0; const v1::ArtifactFile* part = FindFile(*manifest, CorpusPartName(i)); ++i) {
    checkpoint.parts.push_back(*part);
  }
  return checkpoint;
}

}  // namespace

std::string CorpusPartName(size_t index) { return absl::StrFormat("part-%05d.binpb", index); }

absl::Status SaveDataCheckpoint(RunnerContext& context, const DataPlan& plan,
                                const DataCheckpoint& checkpoint) {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  for (const v1::ArtifactFile& part : checkpoint.parts) *manifest.add_files() = part;
  absl::Status added = AddBytes(context, WriteProgress(plan, checkpoint.sources), kProgressPath, manifest);
  if (!added.ok()) return added;
  return context.PublishCheckpoint(std::move(manifest), checkpoint.parts.size()).status();
}

DataCheckpoint LoadDataCheckpoint(RunnerContext& context, const DataPlan& plan) {
  for (const v1::Checkpoint& offered : context.task().resume()) {
    absl::StatusOr<DataCheckpoint> checkpoint = Load(context, plan, offered.manifest_id());
    const std::string name = absl::StrCat("checkpoint ", offered.manifest_id().substr(0, 12));
    if (checkpoint.ok()) {
      std::fprintf(stderr, "going on behind %zu parts from %s\n", checkpoint->parts.size(), name.c_str());
      return *std::move(checkpoint);
    }
    std::fprintf(stderr, "%s skipped: %s\n", name.c_str(), checkpoint.status().ToString().c_str());
  }
  return {};
}

}  // namespace bonsai
