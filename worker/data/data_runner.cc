#include "worker/data/data_runner.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/document_file.h"
#include "worker/data/corpus_report.h"
#include "worker/data/document_text.h"
#include "worker/data/duplicate_filter.h"
#include "worker/data/path_pattern.h"
#include "worker/data/script_counts.h"
#include "worker/data/source_read_ahead.h"
#include "worker/data/source_reader.h"

namespace bonsai {
namespace {

constexpr uint32_t kThreadsMax = 16;

struct PlannedFile {
  std::string path;
  v1::DataSpec::Format format;
  v1::DatasetSource source;  // all but the number of documents
};

absl::Status Annotate(const absl::Status& status, absl::string_view place) {
  return absl::Status(status.code(), absl::StrCat(place, ": ", status.message()));
}

absl::Status PlanSource(const v1::DataSpec::Source& source, const std::string& field,
                        std::vector<PlannedFile>* files) {
  if (source.dataset().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".dataset is empty; tracks need its name, as in \"c4\""));
  }
  if (source.paths().empty()) return absl::InvalidArgumentError(absl::StrCat(field, ".paths is empty"));
  if (!source.sha256().empty() && !IsSha256Hex(source.sha256())) {
    return absl::InvalidArgumentError(absl::StrCat(field, ".sha256 is \"", source.sha256(),
                                                   "\"; valid are 64 lower-case hexadecimal digits"));
  }
  std::vector<std::string> paths;
  for (int i = 0; i < source.paths_size(); ++i) {
    absl::StatusOr<std::vector<std::string>> matched = ListMatchingFiles(source.paths(i));
    if (!matched.ok()) return Annotate(matched.status(), absl::StrCat(field, ".paths[", i, "]"));
    paths.insert(paths.end(), matched->begin(), matched->end());
  }
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  if (!source.sha256().empty() && paths.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".sha256 is for one file; its paths name ", paths.size()));
  }
  for (std::string& path : paths) {
    PlannedFile file;
    file.format = source.format();
    file.source.set_dataset(source.dataset());
    file.source.set_split(source.split());
    file.source.set_file(path.substr(path.rfind('/') + 1));
    file.source.set_home(source.home());
    file.source.set_licence(source.licence());
    absl::StatusOr<v1::Blob> digest = DigestFile(path);
    if (!digest.ok()) return Annotate(digest.status(), field);
    if (!source.sha256().empty() && digest->sha256() != source.sha256()) {
      return absl::FailedPreconditionError(
          absl::StrCat(field, ".sha256 is ", source.sha256(), ", but ", path, " has ", digest->sha256()));
    }
    file.source.set_sha256(digest->sha256());
    file.source.set_size_bytes(digest->size_bytes());
    file.path = std::move(path);
    files->push_back(std::move(file));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> CheckFormats(const v1::DataSpec& spec) {
  if (spec.sources().empty()) return absl::InvalidArgumentError("data.sources is empty; nothing to read");
  std::string common;
  for (int i = 0; i < spec.sources_size(); ++i) {
    absl::StatusOr<std::string> format = CorpusFormat(spec.sources(i).format());
    if (!format.ok()) return Annotate(format.status(), absl::StrCat("data.sources[", i, "]"));
    if (common.empty()) common = *format;
    if (*format == common) continue;
    return absl::InvalidArgumentError(absl::StrCat("data.sources[", i, "].format gives ", *format,
                                                   ", those before it give ", common,
                                                   "; a corpus holds one kind, so use a data job for each"));
  }
  return common;
}

// Reads planned files one after another into documents.binpb.
class CorpusBuilder {
 public:
  CorpusBuilder(RunnerContext& context, const v1::DataSpec& spec, std::unique_ptr<DocumentWriter> writer)
      : context_(context), spec_(spec), writer_(std::move(writer)) {}

  // `file` is the one that `ahead` is at. `bytes_before` and `bytes_total` count the files on disk, for
  // progress.
  absl::Status ReadFile(const PlannedFile& file, SourceReadAhead& ahead, uint64_t bytes_before,
                        uint64_t bytes_total) {
    report_.sources.push_back({.source = file.source});
    SourceReport& counts = report_.sources.back();
    SourceReadAhead::Block block;
    while (!block.last) {
      block = ahead.Next();
      for (const v1::Document& document : block.documents) {
        if (full()) break;
        if (absl::Status added = Add(document, &counts); !added.ok()) return added;
      }
      counts.bytes_replaced = block.bytes_replaced;
      if (full()) break;
      if (!block.status.ok()) return block.status;
      if (context_.StopRequested()) return absl::CancelledError("asked to stop");
      context_.ReportProgress(bytes_before + block.file_offset, bytes_total, "bytes");
    }
    return absl::OkStatus();
  }

  absl::Status Close() { return writer_->Close(); }
  bool full() const { return spec_.max_documents() > 0 && writer_->documents() >= spec_.max_documents(); }
  CorpusReport& report() { return report_; }

 private:
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
    report_.lengths.Add(DocumentTextBytes(document));
    ScriptCounts scripts;
    for (absl::string_view text : DocumentTexts(document)) scripts.Add(text);
    report_.scripts.AddDocument(scripts);
    return writer_->Append(document);
  }

  RunnerContext& context_;
  const v1::DataSpec& spec_;
  const std::unique_ptr<DocumentWriter> writer_;
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
  const v1::DataSpec& spec = context.task().spec().data();
  absl::StatusOr<std::string> format = CheckFormats(spec);
  if (!format.ok()) return format.status();
  std::vector<PlannedFile> files;
  for (int i = 0; i < spec.sources_size(); ++i) {
    absl::Status planned = PlanSource(spec.sources(i), absl::StrCat("data.sources[", i, "]"), &files);
    if (!planned.ok()) return planned;
  }
  uint64_t bytes_total = 0;
  std::vector<SourceReadAhead::File> paths;
  for (const PlannedFile& file : files) {
    bytes_total += file.source.size_bytes();
    paths.push_back({file.format, file.path});
  }
  const uint32_t cpus = std::clamp(context.task().spec().resources().cpus(), 1u, kThreadsMax);
  SourceReadAhead ahead(std::move(paths), static_cast<int>(cpus));

  const std::string path = absl::StrCat(context.task().work_dir(), "/documents.binpb");
  absl::StatusOr<std::unique_ptr<DocumentWriter>> writer = DocumentWriter::Create(path);
  if (!writer.ok()) return writer.status();
  CorpusBuilder builder(context, spec, *std::move(writer));
  builder.report().format = *format;
  uint64_t bytes_before = 0;
  for (const PlannedFile& file : files) {
    if (builder.full()) break;
    if (absl::Status read = builder.ReadFile(file, ahead, bytes_before, bytes_total); !read.ok()) return read;
    bytes_before += file.source.size_bytes();
    context.ReportProgress(bytes_before, bytes_total, "bytes");
  }
  builder.report().max_documents_reached = builder.full();
  if (absl::Status closed = builder.Close(); !closed.ok()) return closed;
  if (builder.report().lengths.count() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("data.sources: ", files.size(), " files hold no document with text"));
  }
  return Publish(context, builder.report(), path);
}

}  // namespace bonsai
