#include "worker/data/data_runner.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/data/corpus_parts.h"
#include "worker/data/corpus_report.h"
#include "worker/data/data_checkpoint.h"
#include "worker/data/data_plan.h"
#include "worker/data/document_text.h"
#include "worker/data/duplicate_filter.h"
#include "worker/data/holdout_data.h"
#include "worker/data/script_counts.h"
#include "worker/data/source_fetch.h"
#include "worker/data/source_read_ahead.h"

namespace bonsai {
namespace {

constexpr uint32_t kThreadsMax = 16;
constexpr uint64_t kDocumentsPerReport = 4096;

// Reads planned files one after another into the corpus.
class CorpusBuilder {
 public:
  CorpusBuilder(RunnerContext& context, const DataPlan& plan)
      : context_(context), plan_(plan), spec_(context.task().spec().data()) {
    DataCheckpoint checkpoint = LoadDataCheckpoint(context, plan);
    report_.format = plan.corpus_format;
    report_.sources = std::move(checkpoint.sources);
    parts_.emplace(context, plan, std::move(checkpoint.parts));
  }

  absl::Status Run() {
    if (absl::Status restored = Restore(); !restored.ok()) return restored;
    // The last file of a checkpoint is read from its beginning, for its documents have no places of their
    // own.
    const size_t begun = report_.sources.size();
    const size_t first = begun == 0 ? 0 : begun - 1;
    uint64_t bytes_before = 0;
    std::vector<SourceReadAhead::File> paths;
    for (size_t i = 0; i < plan_.files.size(); ++i) {
      if (i < first) bytes_before += plan_.files[i].source.size_bytes();
      if (i >= first)
        paths.push_back({plan_.files[i].format, plan_.files[i].path, plan_.files[i].records_field});
    }
    const uint32_t cpus = std::clamp(context_.task().spec().resources().cpus(), 1u, kThreadsMax);
    SourceReadAhead ahead(std::move(paths), static_cast<int>(cpus));
    for (size_t i = first; i < plan_.files.size() && !full(); ++i) {
      const PlannedFile& file = plan_.files[i];
      if (i >= begun) report_.sources.push_back({.source = file.source});
      if (absl::Status read = ReadFile(ahead, bytes_before); !read.ok()) return read;
      bytes_before += file.source.size_bytes();
      context_.ReportProgress(bytes_before, plan_.bytes, "bytes");
    }
    report_.max_documents_reached = full();
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Join() { return parts_->Join(); }
  const CorpusReport& report() const { return report_; }

 private:
  // Counts the documents of a checkpoint's parts, which may take minutes: a task whose progress is watched
  // must not look hung.
  absl::Status Restore() {
    uint64_t total = 0;
    for (const SourceReport& source : report_.sources) total += source.kept;
    return parts_->ForEachDocument([this, total](const v1::Document& document) {
      if (context_.StopRequested()) return absl::CancelledError("asked to stop");
      if (!spec_.keep_duplicates()) filter_.IsNew(document);
      Count(document);
      const uint64_t count = report_.lengths.count();
      if (count % kDocumentsPerReport == 0) context_.ReportProgress(count, total, "documents read again");
      return absl::OkStatus();
    });
  }

  bool full() const { return spec_.max_documents() > 0 && report_.lengths.count() >= spec_.max_documents(); }

  // Reads the file that `ahead` is at and report_.sources ends with, behind the documents that were read of
  // it before. `bytes_before` are those of the files before it on disk, for progress.
  absl::Status ReadFile(SourceReadAhead& ahead, uint64_t bytes_before) {
    SourceReport& counts = report_.sources.back();
    uint64_t skip = counts.source.documents();
    SourceReadAhead::Block block;
    while (!block.last) {
      block = ahead.Next();
      for (const v1::Document& document : block.documents) {
        if (full()) break;
        if (skip > 0) {
          --skip;
          continue;
        }
        if (absl::Status added = Add(document, &counts); !added.ok()) return added;
      }
      counts.bytes_replaced = block.bytes_replaced;
      if (full()) break;
      if (!block.status.ok()) return block.status;
      if (context_.StopRequested()) return Leave();
      context_.ReportProgress(bytes_before + block.file_offset, plan_.bytes, "bytes");
    }
    return absl::OkStatus();
  }

  absl::Status Add(const v1::Document& document, SourceReport* counts) {
    counts->source.set_documents(counts->source.documents() + 1);
    const uint64_t bytes = DocumentBytesWithoutEnds(document);
    if (bytes < std::max(spec_.min_text_bytes(), 1u)) {
      ++(bytes == 0 ? counts->empty : counts->too_short);
      return absl::OkStatus();
    }
    if (!spec_.keep_duplicates() && !filter_.IsNew(document)) {
      ++counts->duplicates;
      return absl::OkStatus();
    }
    ++counts->kept;
    Count(document);
    if (absl::Status appended = parts_->Append(document); !appended.ok()) return appended;
    // The block's bytes_replaced are not counted yet. A run that goes on reads the block again and counts
    // them then, but not one that has all its documents.
    return parts_->part_full() && !full() ? parts_->EndPart(report_.sources) : absl::OkStatus();
  }

  // What the report tells of a document that is kept.
  void Count(const v1::Document& document) {
    report_.lengths.Add(DocumentTextBytes(document));
    ScriptCounts scripts;
    for (absl::string_view text : DocumentTexts(document)) scripts.Add(text);
    report_.scripts.AddDocument(scripts);
  }

  absl::Status Leave() {
    if (absl::Status ended = parts_->EndPart(report_.sources); !ended.ok()) return ended;
    if (absl::Status stored = parts_->FinishStoring(); !stored.ok()) return stored;
    return absl::CancelledError("asked to stop");
  }

  RunnerContext& context_;
  const DataPlan& plan_;
  const v1::DataSpec& spec_;
  std::optional<CorpusParts> parts_;
  DuplicateFilter filter_;
  CorpusReport report_;
};

absl::Status Publish(RunnerContext& context, const CorpusReport& report, const std::string& path) {
  v1::Manifest manifest;
  manifest.set_kind("corpus");
  if (absl::Status added = AddFile(context, path, "documents.binpb", manifest); !added.ok()) return added;
  absl::Status added = AddBytes(context, WriteCorpusReport(report), "report.json", manifest);
  if (!added.ok()) return added;
  for (const auto& [name, value] : CorpusProperties(report)) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(value);
  }
  for (const SourceReport& source : report.sources)
    *manifest.mutable_lineage()->add_sources() = source.source;
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace

absl::Status RunData(RunnerContext& context) {
  if (!context.task().spec().has_data())
    return absl::InvalidArgumentError("the task's spec is not of kind data");
  if (IsHoldoutData(context.task().spec().data())) return RunHoldoutData(context);
  const absl::StatusOr<v1::DataSpec> local = FetchSources(context);
  if (!local.ok()) return local.status();
  const absl::StatusOr<DataPlan> plan = PlanData(*local);
  if (!plan.ok()) return plan.status();
  CorpusBuilder builder(context, *plan);
  if (absl::Status built = builder.Run(); !built.ok()) return built;
  if (builder.report().lengths.count() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("data.sources: ", plan->files.size(), " files hold no document with text"));
  }
  const absl::StatusOr<std::string> path = builder.Join();
  if (!path.ok()) return path.status();
  return Publish(context, builder.report(), *path);
}

}  // namespace bonsai
