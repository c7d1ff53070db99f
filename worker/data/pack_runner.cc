#include "worker/data/pack_runner.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/tokenizer.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "worker/data/packed_shard.h"
#include "worker/data/word_encoder.h"

namespace bonsai {
namespace {

constexpr size_t kTokenizerBytesMax = 64 << 20;
constexpr int32_t kVocabularyMax = 65536;  // ids are uint16
constexpr uint64_t kReportEveryDocuments = 512;

struct PackedCounts {
  uint64_t documents = 0;
  uint64_t tokens = 0;
  std::vector<std::string> shards;
};

absl::StatusOr<std::unique_ptr<edge::Tokenizer>> LoadTokenizer(absl::string_view bytes) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &error);
  if (tokenizer == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("pack.tokenizer: tokenizer.model: ", error));
  }
  if (tokenizer->vocab_size() > kVocabularyMax || tokenizer->bos_id() < 0 || tokenizer->eos_id() < 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "pack.tokenizer: ", tokenizer->vocab_size(), " pieces, BOS ", tokenizer->bos_id(), ", EOS ",
        tokenizer->eos_id(), "; packing needs both and at most ", kVocabularyMax, " pieces"));
  }
  return tokenizer;
}

absl::StatusOr<PackedCounts> Pack(RunnerContext& context, const edge::Tokenizer& tokenizer,
                                  DocumentReader& reader, uint64_t documents_total,
                                  PackedShardWriter& writer) {
  PackedCounts counts;
  WordEncoder encoder(tokenizer);
  v1::Document document;
  std::vector<uint16_t> ids;
  while (true) {
    const absl::StatusOr<bool> more = reader.Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (document.content_case() != v1::Document::kText) {
      return absl::FailedPreconditionError(absl::StrCat("pack.corpus: document ", counts.documents,
                                                        " is not text; packing is for text corpora"));
    }
    ids.assign(1, static_cast<uint16_t>(tokenizer.bos_id()));
    encoder.Encode(document.text(), &ids);
    ids.push_back(static_cast<uint16_t>(tokenizer.eos_id()));
    if (absl::Status written = writer.Append(ids); !written.ok()) return written;
    if (++counts.documents % kReportEveryDocuments == 0) {
      if (context.StopRequested()) return absl::CancelledError("asked to stop");
      context.ReportProgress(counts.documents, documents_total, "documents");
    }
  }
  if (counts.documents == 0) return absl::FailedPreconditionError("pack.corpus holds no documents");
  context.ReportProgress(counts.documents, counts.documents, "documents");
  counts.tokens = writer.tokens();
  absl::StatusOr<std::vector<std::string>> shards = writer.Close();
  if (!shards.ok()) return shards.status();
  counts.shards = *std::move(shards);
  return counts;
}

absl::Status Publish(RunnerContext& context, const PackedCounts& counts, const std::string& tokenizer_path,
                     int32_t vocab_size) {
  v1::Manifest manifest;
  manifest.set_kind("tokens");
  for (const std::string& shard : counts.shards) {
    absl::Status added =
        AddFile(context, absl::StrCat(context.task().work_dir(), "/", shard), shard, manifest);
    if (!added.ok()) return added;
  }
  absl::Status added = AddFile(context, tokenizer_path, "tokenizer.model", manifest);
  if (!added.ok()) return added;
  const std::pair<const char*, uint64_t> properties[] = {{"tokens", counts.tokens},
                                                         {"documents", counts.documents},
                                                         {"vocab_size", static_cast<uint64_t>(vocab_size)}};
  for (const auto& [name, value] : properties) {
    v1::Property* property = manifest.add_properties();
    property->set_name(name);
    property->set_value(absl::StrCat(value));
  }
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace

absl::Status RunPack(RunnerContext& context) {
  if (!context.task().spec().has_pack())
    return absl::InvalidArgumentError("the task's spec is not of kind pack");
  const v1::PackSpec& spec = context.task().spec().pack();
  absl::StatusOr<InputArtifact> corpus = context.Input("pack.corpus");
  if (!corpus.ok()) return corpus.status();
  absl::StatusOr<InputArtifact> tokenizer_input = context.Input("pack.tokenizer");
  if (!tokenizer_input.ok()) return tokenizer_input.status();
  const std::string format = FindProperty(corpus->manifest, "format");
  if (format != "text") {
    return absl::FailedPreconditionError(
        absl::StrCat("pack.corpus is a corpus of format \"", format, "\"; packing is for \"text\""));
  }
  absl::StatusOr<std::string> documents_path = context.InputPath(*corpus, "documents.binpb");
  if (!documents_path.ok()) return documents_path.status();
  absl::StatusOr<std::string> tokenizer_path = context.InputPath(*tokenizer_input, "tokenizer.model");
  if (!tokenizer_path.ok()) return tokenizer_path.status();
  const v1::ArtifactFile* tokenizer_file = FindFile(tokenizer_input->manifest, "tokenizer.model");
  absl::StatusOr<std::string> tokenizer_bytes =
      context.blobs().Get(tokenizer_file->blob().sha256(), kTokenizerBytesMax);
  if (!tokenizer_bytes.ok()) return tokenizer_bytes.status();
  absl::StatusOr<std::unique_ptr<edge::Tokenizer>> tokenizer = LoadTokenizer(*tokenizer_bytes);
  if (!tokenizer.ok()) return tokenizer.status();

  const uint64_t shard_tokens = spec.shard_tokens() > 0 ? spec.shard_tokens() : kShardTokensDefault;
  absl::StatusOr<std::unique_ptr<PackedShardWriter>> writer =
      PackedShardWriter::Create(context.task().work_dir(), shard_tokens);
  if (!writer.ok()) return absl::InvalidArgumentError(absl::StrCat("pack.", writer.status().message()));
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(*documents_path);
  if (!reader.ok()) return reader.status();
  uint64_t documents_total = 0;  // for progress only
  if (!absl::SimpleAtoi(FindProperty(corpus->manifest, "documents"), &documents_total)) documents_total = 0;
  absl::StatusOr<PackedCounts> counts = Pack(context, **tokenizer, **reader, documents_total, **writer);
  if (!counts.ok()) return counts.status();
  return Publish(context, *counts, *tokenizer_path, (*tokenizer)->vocab_size());
}

}  // namespace bonsai
