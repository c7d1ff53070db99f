#include "evaluator/answer_store.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "evaluator/answer_file.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr char kModelProperty[] = "model";
constexpr char kPartFile[] = "answers.binpb";
constexpr uint64_t kFileBytesMax = uint64_t{1} << 30;

std::string PieceName(size_t index) { return absl::StrFormat("answers-%04d.binpb", index); }

}  // namespace

AnswerStore::AnswerStore(RunnerContext& context, std::string model_id)
    : context_(context), model_id_(std::move(model_id)) {}

void AnswerStore::SetModel(v1::Manifest& manifest) const {
  v1::Property& property = *manifest.add_properties();
  property.set_name(kModelProperty);
  property.set_value(model_id_);
}

absl::Status AnswerStore::Load(const std::string& manifest_id) {
  const absl::StatusOr<v1::Manifest> manifest = GetManifest(context_.blobs(), manifest_id);
  if (!manifest.ok()) return manifest.status();
  if (FindProperty(*manifest, kModelProperty) != model_id_)
    return absl::FailedPreconditionError("its answers are another model's");
  if (manifest->lineage().code_version() != context_.task().code_version()) {
    return absl::FailedPreconditionError(
        absl::StrCat("its answers are by code version ", manifest->lineage().code_version()));
  }
  std::vector<Piece> pieces;
  absl::flat_hash_map<std::string, v1::Answer> by_request;
  for (size_t i = 0; const v1::ArtifactFile* file = FindFile(*manifest, PieceName(i)); ++i) {
    absl::StatusOr<std::string> bytes = context_.blobs().Get(file->blob().sha256(), kFileBytesMax);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<std::vector<v1::Answer>> answers = ParseAnswers(*bytes);
    if (!answers.ok())
      return absl::DataLossError(absl::StrCat(file->path(), ": ", answers.status().message()));
    pieces.push_back({*std::move(bytes), answers->size(), file->blob()});
    for (v1::Answer& answer : *answers) by_request.emplace(answer.request_sha256(), std::move(answer));
  }
  pieces_ = std::move(pieces);
  by_request_ = std::move(by_request);
  return absl::OkStatus();
}

void AnswerStore::Resume() {
  for (const v1::Checkpoint& offered : context_.task().resume()) {
    const absl::Status loaded = Load(offered.manifest_id());
    const std::string name = absl::StrCat("checkpoint ", offered.manifest_id().substr(0, 12));
    if (loaded.ok()) {
      std::fprintf(stderr, "going on behind %zu answers from %s\n", size(), name.c_str());
      return;
    }
    std::fprintf(stderr, "%s skipped: %s\n", name.c_str(), loaded.ToString().c_str());
  }
}

absl::Status AnswerStore::AddParts() {
  for (int i = 0; i < context_.task().spec().evaluate().answers_size(); ++i) {
    const std::string field = absl::StrCat("evaluate.answers[", i, "]");
    const absl::StatusOr<InputArtifact> input = context_.Input(field);
    if (!input.ok()) return input.status();
    if (FindProperty(input->manifest, kModelProperty) != model_id_) {
      return absl::FailedPreconditionError(
          absl::StrCat(field, " (artifact ", input->id, "): its answers are another model's"));
    }
    const std::string& code = input->manifest.lineage().code_version();
    if (code != context_.task().code_version()) {
      return absl::FailedPreconditionError(
          absl::StrCat(field, " (artifact ", input->id, "): its answers are by code version ", code,
                       ", and this is ", context_.task().code_version(), ": run its job again"));
    }
    const v1::ArtifactFile* file = FindFile(input->manifest, kPartFile);
    if (file == nullptr)
      return absl::DataLossError(absl::StrCat(field, " (artifact ", input->id, ") has no ", kPartFile));
    const absl::StatusOr<std::string> bytes = context_.blobs().Get(file->blob().sha256(), kFileBytesMax);
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<std::vector<v1::Answer>> answers = ParseAnswers(*bytes);
    if (!answers.ok()) {
      return absl::DataLossError(
          absl::StrCat(field, " (artifact ", input->id, "), ", kPartFile, ": ", answers.status().message()));
    }
    for (v1::Answer& answer : *answers) by_request_.emplace(answer.request_sha256(), std::move(answer));
  }
  return absl::OkStatus();
}

const v1::Answer* AnswerStore::Find(absl::string_view request_sha256) const {
  const auto it = by_request_.find(request_sha256);
  return it == by_request_.end() ? nullptr : &it->second;
}

absl::Status AnswerStore::Append(std::vector<v1::Answer> batch) {
  if (batch.empty()) return absl::OkStatus();
  Piece piece = {SerializeAnswers(batch), batch.size(), {}};
  while (!pieces_.empty() && pieces_.back().answers <= piece.answers) {
    piece = {std::move(pieces_.back().bytes) + piece.bytes, pieces_.back().answers + piece.answers, {}};
    pieces_.pop_back();
  }
  absl::StatusOr<v1::Blob> blob = context_.blobs().Put(piece.bytes);
  if (!blob.ok()) return blob.status();
  piece.blob = *std::move(blob);
  pieces_.push_back(std::move(piece));
  for (v1::Answer& answer : batch) by_request_.emplace(answer.request_sha256(), std::move(answer));
  return PublishCheckpoint();
}

absl::Status AnswerStore::PublishCheckpoint() {
  v1::Manifest manifest;
  manifest.set_kind("checkpoint");
  SetModel(manifest);
  uint64_t answers = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    v1::ArtifactFile& file = *manifest.add_files();
    file.set_path(PieceName(i));
    *file.mutable_blob() = pieces_[i].blob;
    answers += pieces_[i].answers;
  }
  return context_.PublishCheckpoint(std::move(manifest), answers).status();
}

absl::Status AnswerStore::PublishPart(std::span<const std::string> requests) {
  std::vector<v1::Answer> answers;
  for (const std::string& request : requests) {
    const v1::Answer* answer = Find(request);
    if (answer == nullptr) return absl::InternalError(absl::StrCat("request ", request, " has no answer"));
    answers.push_back(*answer);
  }
  v1::Manifest manifest;
  manifest.set_kind("answers");
  SetModel(manifest);
  absl::Status added = AddBytes(context_, SerializeAnswers(answers), kPartFile, manifest);
  if (!added.ok()) return added;
  return context_.PublishOutput(std::move(manifest)).status();
}

}  // namespace bonsai
