#include "worker/train/pretrain.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"
#include "worker/data/token_artifact.h"
#include "worker/train/model_files.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_report.h"
#include "worker/train/training_run.h"
#include "worker/train/width_transfer.h"
#include "worker/train/window_source.h"

namespace bonsai {
namespace {

constexpr uint32_t kValidationSequences = 64;

// The ids in the shards mean nothing under another tokenizer.
absl::Status CheckSameTokenizer(absl::string_view field, const InputArtifact& tokens,
                                const InputArtifact& tokenizer, int32_t vocab_size) {
  const v1::ArtifactFile* packed = FindFile(tokens.manifest, TokenizerFileName(tokens.manifest));
  const v1::ArtifactFile* given = FindFile(tokenizer.manifest, TokenizerFileName(tokenizer.manifest));
  if (packed != nullptr && given != nullptr && packed->blob().sha256() != given->blob().sha256()) {
    return absl::FailedPreconditionError(absl::StrCat(
        field, " (", tokens.id.substr(0, 12), ") was packed with another tokenizer than pretrain.tokenizer (",
        tokenizer.id.substr(0, 12), ")"));
  }
  if (FindProperty(tokens.manifest, "vocab_size") == absl::StrCat(vocab_size)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(field, " has vocab_size ", FindProperty(tokens.manifest, "vocab_size"),
                   ", pretrain.tokenizer has ", vocab_size, "; valid: tokens packed with that tokenizer"));
}

absl::StatusOr<std::unique_ptr<PackedTokens>> OpenTokens(RunnerContext& context, absl::string_view field,
                                                         const InputArtifact& tokenizer, int32_t vocab_size) {
  const absl::StatusOr<InputArtifact> input = context.Input(field);
  if (!input.ok()) return input.status();
  if (absl::Status status = CheckSameTokenizer(field, *input, tokenizer, vocab_size); !status.ok())
    return status;
  return OpenTokenArtifact(context, *input);
}

struct HeldOut {
  std::unique_ptr<PackedTokens> tokens;
  std::unique_ptr<WindowSource> windows;
};

// Held-out rows: the same ones for every seed of the run, so that runs can be compared.
absl::StatusOr<HeldOut> OpenHeldOut(RunnerContext& context, const InputArtifact& tokenizer,
                                    int32_t vocab_size, uint32_t positions) {
  constexpr char kField[] = "pretrain.validation.tokens";
  const uint32_t asked = context.task().spec().pretrain().validation().sequences();
  if (uint64_t{asked} * positions > kBatchPositionsMax) {
    return absl::InvalidArgumentError(absl::StrCat("pretrain.validation.sequences is ", asked,
                                                   "; valid: sequences x seq_len of at most ",
                                                   kBatchPositionsMax));
  }
  auto tokens = OpenTokens(context, kField, tokenizer, vocab_size);
  if (!tokens.ok()) return tokens.status();
  const uint64_t size = (*tokens)->size(), windows = size == 0 ? 0 : (size - 1) / positions;
  const uint64_t rows = std::min<uint64_t>(asked == 0 ? kValidationSequences : asked, windows);
  auto source =
      WindowSource::Create(**tokens, {positions, static_cast<uint32_t>(rows), /*seed=*/0, {}}, kField);
  if (!source.ok()) return source.status();
  return HeldOut{*std::move(tokens), *std::move(source)};
}

absl::Status Publish(RunnerContext& context, const ParameterLayout& layout, const TrainingPlan& plan,
                     const TrainOutcome& outcome, const InputArtifact& tokenizer) {
  const absl::StatusOr<std::string> path =
      context.InputPath(tokenizer, TokenizerFileName(tokenizer.manifest));
  if (!path.ok()) return path.status();
  absl::StatusOr<v1::Manifest> manifest = StoreModel(context, layout, outcome.state.parameters, *path);
  if (!manifest.ok()) return manifest.status();
  if (absl::Status status = AddTrainingReport(context, outcome, plan, *manifest); !status.ok()) return status;
  return context.PublishOutput(*std::move(manifest)).status();
}

}  // namespace

absl::StatusOr<ParameterLayout> PretrainLayout(const v1::ModelShape& shape, int32_t vocab_size,
                                               int32_t bos_id, int32_t eos_id) {
  for (const auto& [field, value] :
       {std::pair{"dim", shape.dim()}, std::pair{"layers", shape.layers()}, std::pair{"heads", shape.heads()},
        std::pair{"hidden_dim", shape.hidden_dim()}, std::pair{"max_seq_len", shape.max_seq_len()}}) {
    if (value == 0 || value > INT32_MAX) {
      return absl::InvalidArgumentError(
          absl::StrCat("pretrain.model.", field, " is ", value, "; valid: 1 or more"));
    }
  }
  if (shape.dim() % shape.heads() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("pretrain.model.heads is ", shape.heads(), "; valid: a divisor of dim, ", shape.dim()));
  }
  const uint32_t sharing = std::max(1u, shape.layers_per_weights());
  if (shape.layers() % sharing != 0) {
    return absl::InvalidArgumentError(absl::StrCat("pretrain.model.layers_per_weights is ", sharing,
                                                   "; valid: a divisor of layers, ", shape.layers()));
  }
  if (!v1::ModelShape::Activation_IsValid(shape.activation())) {
    return absl::InvalidArgumentError(absl::StrCat("pretrain.model.activation is ",
                                                   static_cast<int>(shape.activation()),
                                                   "; valid: SWIGLU or RELU_SQUARED"));
  }
  edge::ModelConfig config;
  config.dim = static_cast<int32_t>(shape.dim());
  config.hidden_dim = static_cast<int32_t>(shape.hidden_dim());
  config.layers = static_cast<int32_t>(shape.layers());
  config.heads = static_cast<int32_t>(shape.heads());
  config.kv_heads = static_cast<int32_t>(shape.kv_heads() == 0 ? shape.heads() : shape.kv_heads());
  config.head_dim = config.dim / config.heads;
  config.vocab_size = vocab_size;
  config.max_seq_len = static_cast<int32_t>(shape.max_seq_len());
  if (shape.rope_theta() != 0) config.rope_theta = shape.rope_theta();
  if (shape.norm_epsilon() != 0) config.norm_epsilon = shape.norm_epsilon();
  config.tied_embeddings = !shape.untied_embeddings();
  config.qk_norm = shape.qk_norm();
  if (shape.activation() == v1::ModelShape::RELU_SQUARED) config.activation = edge::Activation::kReluSquared;
  config.logit_soft_cap = shape.logit_soft_cap();
  config.layers_per_weights = static_cast<int32_t>(sharing);
  config.bos_id = bos_id;
  config.eos_id = eos_id;
  absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(config);
  if (!layout.ok())
    return absl::InvalidArgumentError(absl::StrCat("pretrain.model: ", layout.status().message()));
  return layout;
}

absl::Status RunPretrain(RunnerContext& context) {
  const v1::PretrainSpec& spec = context.task().spec().pretrain();
  const absl::StatusOr<TrainingPlan> plan = PlanOf(context.task());
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<uint32_t> positions =
      PositionsOf(*plan, spec.model().max_seq_len(), "model.max_seq_len");
  if (!positions.ok()) return positions.status();

  const absl::StatusOr<InputArtifact> tokenizer_input = context.Input("pretrain.tokenizer");
  if (!tokenizer_input.ok()) return tokenizer_input.status();
  const auto tokenizer = LoadTokenizer(context, *tokenizer_input);
  if (!tokenizer.ok()) return tokenizer.status();
  const absl::StatusOr<ParameterLayout> layout = PretrainLayout(
      spec.model(), (*tokenizer)->vocab_size(), (*tokenizer)->bos_id(), (*tokenizer)->eos_id());
  if (!layout.ok()) return layout.status();
  const int32_t vocab_size = layout->config().vocab_size;
  const auto tokens = OpenTokens(context, "pretrain.tokens", *tokenizer_input, vocab_size);
  if (!tokens.ok()) return tokens.status();
  const auto windows = WindowSource::Create(
      **tokens, {*positions, plan->batch_sequences, plan->seed, plan->ramp}, "pretrain.tokens");
  if (!windows.ok()) return windows.status();
  RunSources sources = {**windows};
  absl::StatusOr<HeldOut> held_out = HeldOut();
  if (spec.has_validation()) {
    held_out = OpenHeldOut(context, *tokenizer_input, vocab_size, *positions);
    if (!held_out.ok()) return held_out.status();
    sources.validation = held_out->windows.get();
    sources.validation_rows = held_out->windows->rows();
  }

  const auto group = RankGroup::Join(context.task(), kRankTimeout);
  if (!group.ok()) return group.status();
  std::vector<float> initial(layout->size());
  InitializeParameters(*layout, plan->seed, absl::MakeSpan(initial));
  WidthTransfer(layout->config(), plan->width_transfer_dim)
      .ScaleInitialValues(*layout, absl::MakeSpan(initial));
  const absl::StatusOr<TrainOutcome> outcome =
      TrainModel(context, **group, *layout, *plan, sources, std::move(initial));
  if (!outcome.ok()) return outcome.status();
  if (context.task().rank() != 0) return absl::OkStatus();
  return Publish(context, *layout, *plan, *outcome, *tokenizer_input);
}

}  // namespace bonsai
