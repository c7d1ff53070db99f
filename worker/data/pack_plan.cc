#include "worker/data/pack_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"
#include "worker/data/encoded_documents.h"
#include "worker/data/mixture.h"
#include "worker/data/packed_shard.h"

namespace bonsai {
namespace {

constexpr size_t kTokenizerBytesMax = 64 << 20;
constexpr int32_t kVocabularyMax = 65536;  // ids are uint16
constexpr uint32_t kThreadsMax = 64;
constexpr int kPartsMax = 64;
constexpr uint64_t kCheckpointEveryShardsDefault = 16;

absl::StatusOr<std::unique_ptr<edge::Tokenizer>> LoadTokenizer(absl::string_view bytes,
                                                               absl::string_view name) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, &error);
  if (tokenizer == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("pack.tokenizer: ", name, ": ", error));
  }
  if (tokenizer->vocab_size() > kVocabularyMax || tokenizer->bos_id() < 0 || tokenizer->eos_id() < 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "pack.tokenizer: ", tokenizer->vocab_size(), " pieces, BOS ", tokenizer->bos_id(), ", EOS ",
        tokenizer->eos_id(), "; packing needs both and at most ", kVocabularyMax, " pieces"));
  }
  return tokenizer;
}

absl::StatusOr<PackPart> PlanPart(RunnerContext& context, const std::string& field) {
  absl::StatusOr<InputArtifact> corpus = context.Input(field);
  if (!corpus.ok()) return corpus.status();
  const std::string format = FindProperty(corpus->manifest, "format");
  if (format != "text") {
    return absl::FailedPreconditionError(
        absl::StrCat(field, " is a corpus of format \"", format, "\"; packing is for \"text\""));
  }
  absl::StatusOr<std::string> path = context.InputPath(*corpus, "documents.binpb");
  if (!path.ok()) return path.status();
  PackPart part;
  part.field = field;
  part.artifact_id = corpus->id;
  part.path = *std::move(path);
  if (!absl::SimpleAtoi(FindProperty(corpus->manifest, "documents"), &part.documents)) {
    absl::StatusOr<uint64_t> documents = CountDocuments(part.path);
    if (!documents.ok()) return documents.status();
    part.documents = *documents;
  }
  if (part.documents == 0) return absl::FailedPreconditionError(absl::StrCat(field, " holds no documents"));
  return part;
}

absl::Status PlanMixture(RunnerContext& context, const v1::PackSpec& spec, PackPlan* plan) {
  if (!spec.corpus().empty() || spec.mixture_size() > kPartsMax) {
    return absl::InvalidArgumentError(absl::StrCat("pack.mixture has ", spec.mixture_size(), " parts",
                                                   spec.corpus().empty() ? "" : " beside pack.corpus",
                                                   "; valid are 1 to ", kPartsMax, ", and no pack.corpus"));
  }
  plan->mixture = true;
  plan->tokens = spec.mixture_tokens();
  for (int i = 0; i < spec.mixture_size(); ++i) {
    const std::string name = absl::StrCat("pack.mixture[", i, "]");
    const double weight = spec.mixture(i).weight();
    if (!(weight >= 1e-6 && weight <= 1e6)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".weight is ", weight, "; valid are 1e-06 to 1e+06"));
    }
    absl::StatusOr<PackPart> part = PlanPart(context, absl::StrCat(name, ".corpus"));
    if (!part.ok()) return part.status();
    part->weight = weight;
    part->first = FirstDocument(spec.seed(), static_cast<size_t>(i), part->documents);
    plan->parts.push_back(*std::move(part));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PackPlan> PlanPack(RunnerContext& context) {
  const v1::PackSpec& spec = context.task().spec().pack();
  PackPlan plan;
  plan.shard_tokens = spec.shard_tokens() > 0 ? spec.shard_tokens() : kShardTokensDefault;
  plan.checkpoint_every_shards =
      spec.checkpoint_every_shards() > 0 ? spec.checkpoint_every_shards() : kCheckpointEveryShardsDefault;
  plan.threads = static_cast<int>(std::clamp(context.task().spec().resources().cpus(), 1u, kThreadsMax));
  absl::StatusOr<InputArtifact> input = context.Input("pack.tokenizer");
  if (!input.ok()) return input.status();
  plan.tokenizer_file = TokenizerFileName(input->manifest);
  absl::StatusOr<std::string> path = context.InputPath(*input, plan.tokenizer_file);
  if (!path.ok()) return path.status();
  plan.tokenizer_path = *std::move(path);
  const v1::ArtifactFile* file = FindFile(input->manifest, plan.tokenizer_file);
  absl::StatusOr<std::string> bytes = context.blobs().Get(file->blob().sha256(), kTokenizerBytesMax);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<std::unique_ptr<edge::Tokenizer>> tokenizer = LoadTokenizer(*bytes, plan.tokenizer_file);
  if (!tokenizer.ok()) return tokenizer.status();
  plan.tokenizer = *std::move(tokenizer);
  if (!spec.mixture().empty()) {
    if (absl::Status planned = PlanMixture(context, spec, &plan); !planned.ok()) return planned;
    return plan;
  }
  absl::StatusOr<PackPart> part = PlanPart(context, "pack.corpus");
  if (!part.ok()) return part.status();
  plan.parts.push_back(*std::move(part));
  return plan;
}

}  // namespace bonsai
