#include "worker/data/pack_run.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/data/encoded_documents.h"
#include "worker/data/encoder_pool.h"
#include "worker/data/mixture.h"
#include "worker/data/pack_checkpoint.h"
#include "worker/data/packed_shard.h"

namespace bonsai {
namespace {

constexpr uint64_t kReportEveryDocuments = 512;
constexpr size_t kStoringMax = 2;

class PackRun {
 public:
  PackRun(RunnerContext& context, const PackPlan& plan)
      : context_(context), plan_(plan), pool_(*plan.tokenizer, plan.threads) {}

  absl::StatusOr<PackResult> Run() {
    if (absl::Status started = Start(); !started.ok()) return started;
    EncodedDocument document;
    while (plan_.tokens == 0 || total_tokens_ < plan_.tokens) {
      const size_t part = NextPart(weights_, tokens_);
      const absl::StatusOr<bool> more = documents_[part]->Next(&document);
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (absl::Status taken = Take(part, document); !taken.ok()) return taken;
      if (++documents_taken_ % kReportEveryDocuments != 0) continue;
      if (context_.StopRequested()) return Leave();
      Report();
    }
    if (absl::Status closed = writer_->Close().status(); !closed.ok()) return closed;
    if (absl::Status begun = BeginStoring(); !begun.ok()) return begun;
    if (absl::Status stored = FinishStoring(); !stored.ok()) return stored;
    context_.ReportProgress(documents_taken_, documents_taken_, "documents");
    return std::move(result_);
  }

 private:
  absl::Status Start() {
    PackCheckpoint checkpoint = LoadPackCheckpoint(context_, plan_);
    result_.shards = std::move(checkpoint.shards);
    saved_shards_ = handed_over_ = result_.shards.size();
    const v1::PackProgress& progress = checkpoint.progress;
    if (absl::Status loaded = result_.document_tokens.Load(progress.document_tokens()); !loaded.ok())
      return loaded;
    skip_tokens_ = progress.skip_tokens();
    result_.parts.resize(plan_.parts.size());
    const size_t ahead = std::max<size_t>(2, 2 * static_cast<size_t>(plan_.threads) / plan_.parts.size());
    for (size_t i = 0; i < plan_.parts.size(); ++i) {
      const PackPart& part = plan_.parts[i];
      documents_.push_back(std::make_unique<EncodedDocuments>(
          EncodedDocuments::Options{part.field, part.path, part.documents, part.first,
                                    /*repeat=*/plan_.tokens > 0, ahead},
          pool_));
      weights_.push_back(part.weight);
      PackResult::Part& taken = result_.parts[i];
      if (i < static_cast<size_t>(progress.parts_size())) {
        const v1::PackProgress::Part& before = progress.parts(static_cast<int>(i));
        taken = {before.documents(), before.tokens(), before.bytes()};
        if (absl::Status skipped = documents_[i]->Skip(before.documents()); !skipped.ok()) return skipped;
      }
      tokens_.push_back(taken.tokens);
      total_tokens_ += taken.tokens;
      documents_taken_ += taken.documents;
    }
    absl::StatusOr<std::unique_ptr<PackedShardWriter>> writer =
        PackedShardWriter::Create(context_.task().work_dir(), plan_.shard_tokens, result_.shards.size());
    if (!writer.ok()) return absl::InvalidArgumentError(absl::StrCat("pack.", writer.status().message()));
    writer_ = *std::move(writer);
    return absl::OkStatus();
  }

  // Writes a document. Its beginning, which the shards before a resumed job hold already, is left out.
  absl::Status Take(size_t part, const EncodedDocument& document) {
    const absl::Span<const uint16_t> rest =
        document.ids.subspan(std::min<uint64_t>(skip_tokens_, document.ids.size()));
    skip_tokens_ = 0;
    if (absl::Status written = writer_->Append(rest); !written.ok()) return written;
    if (writer_->complete_shards() > handed_over_) {
      Remember(document.ids.size() - writer_->tokens_in_shard());
      if (absl::Status begun = BeginStoring(); !begun.ok()) return begun;
    }
    PackResult::Part& taken = result_.parts[part];
    ++taken.documents;
    taken.tokens += document.ids.size();
    taken.bytes += document.text_bytes;
    tokens_[part] = taken.tokens;
    total_tokens_ += document.ids.size();
    result_.document_tokens.Add(document.ids.size());
    if (handed_over_ < saved_shards_ + plan_.checkpoint_every_shards) return absl::OkStatus();
    return Save();
  }

  // Notes where everything stands before the document in which the last complete shard ends.
  void Remember(uint64_t skip_tokens) {
    progress_.Clear();
    for (const PackResult::Part& taken : result_.parts) {
      v1::PackProgress::Part* part = progress_.add_parts();
      part->set_documents(taken.documents);
      part->set_tokens(taken.tokens);
      part->set_bytes(taken.bytes);
    }
    progress_.set_skip_tokens(skip_tokens);
    progress_.set_shard_tokens(plan_.shard_tokens);
    *progress_.mutable_document_tokens() = result_.document_tokens.Save();
  }

  // Has the shards that are complete moved from the work folder into the store, each by a thread of its own
  // while the next one is packed: hashing and syncing take about as long as reading.
  absl::Status BeginStoring() {
    for (; handed_over_ < writer_->complete_shards(); ++handed_over_) {
      while (storing_.size() >= kStoringMax) {
        if (absl::Status stored = FinishOne(); !stored.ok()) return stored;
      }
      storing_.push_back(std::async(std::launch::async, StoreShard, &context_, ShardName(handed_over_)));
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<v1::ArtifactFile> StoreShard(RunnerContext* context, const std::string& name) {
    const std::string path = absl::StrCat(context->task().work_dir(), "/", name);
    v1::Manifest manifest;
    if (absl::Status added = AddFile(*context, path, name, manifest); !added.ok()) return added;
    unlink(path.c_str());
    return manifest.files(0);
  }

  absl::Status FinishOne() {
    absl::StatusOr<v1::ArtifactFile> shard = storing_.front().get();
    storing_.pop_front();
    if (!shard.ok()) return shard.status();
    result_.shards.push_back(*std::move(shard));
    return absl::OkStatus();
  }

  absl::Status FinishStoring() {
    while (!storing_.empty()) {
      if (absl::Status stored = FinishOne(); !stored.ok()) return stored;
    }
    return absl::OkStatus();
  }

  absl::Status Save() {
    if (absl::Status stored = FinishStoring(); !stored.ok()) return stored;
    saved_shards_ = result_.shards.size();
    return SavePackCheckpoint(context_, {progress_, result_.shards});
  }

  absl::Status Leave() {
    if (handed_over_ > saved_shards_) {
      if (absl::Status saved = Save(); !saved.ok()) return saved;
    }
    return absl::CancelledError("asked to stop");
  }

  void Report() {
    if (plan_.tokens > 0) return context_.ReportProgress(total_tokens_, plan_.tokens, "tokens");
    uint64_t documents = 0;
    for (const PackPart& part : plan_.parts) documents += part.documents;
    context_.ReportProgress(documents_taken_, documents, "documents");
  }

  RunnerContext& context_;
  const PackPlan& plan_;
  EncoderPool pool_;
  std::vector<std::unique_ptr<EncodedDocuments>> documents_;  // of each part
  std::vector<double> weights_;
  std::vector<uint64_t> tokens_;
  std::unique_ptr<PackedShardWriter> writer_;
  uint64_t skip_tokens_ = 0;  // of the next document
  uint64_t total_tokens_ = 0;
  uint64_t documents_taken_ = 0;
  size_t saved_shards_ = 0;  // in the last checkpoint
  size_t handed_over_ = 0;   // shards that are stored or are being stored
  std::deque<std::future<absl::StatusOr<v1::ArtifactFile>>> storing_;
  v1::PackProgress progress_;  // at the end of the last complete shard
  PackResult result_;
};

}  // namespace

absl::StatusOr<PackResult> PackDocuments(RunnerContext& context, const PackPlan& plan) {
  return PackRun(context, plan).Run();
}

}  // namespace bonsai
