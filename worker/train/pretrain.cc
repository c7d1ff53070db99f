#include "worker/train/pretrain.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/manifest.h"
#include "worker/data/token_artifact.h"
#include "worker/train/model_files.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/training_run.h"
#include "worker/train/window_source.h"

namespace bonsai {
namespace {

// How long a rank waits for one that hangs; one that died is noticed at once.
constexpr absl::Duration kRankTimeout = absl::Minutes(5);
// Positions in a batch: a bound on the memory that a spec can ask for.
constexpr uint64_t kBatchPositionsMax = uint64_t{1} << 28;

absl::StatusOr<ParameterLayout> LayoutOf(const v1::ModelShape& shape, const edge::Tokenizer& tokenizer) {
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
  edge::ModelConfig config;
  config.dim = static_cast<int32_t>(shape.dim());
  config.hidden_dim = static_cast<int32_t>(shape.hidden_dim());
  config.layers = static_cast<int32_t>(shape.layers());
  config.heads = static_cast<int32_t>(shape.heads());
  config.kv_heads = static_cast<int32_t>(shape.kv_heads() == 0 ? shape.heads() : shape.kv_heads());
  config.head_dim = config.dim / config.heads;
  config.vocab_size = tokenizer.vocab_size();
  config.max_seq_len = static_cast<int32_t>(shape.max_seq_len());
  if (shape.rope_theta() != 0) config.rope_theta = shape.rope_theta();
  if (shape.norm_epsilon() != 0) config.norm_epsilon = shape.norm_epsilon();
  config.tied_embeddings = !shape.untied_embeddings();
  config.bos_id = tokenizer.bos_id();
  config.eos_id = tokenizer.eos_id();
  absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(config);
  if (!layout.ok())
    return absl::InvalidArgumentError(absl::StrCat("pretrain.model: ", layout.status().message()));
  return layout;
}

TrainingPlan PlanOf(const v1::Task& task) {
  const v1::PretrainSpec& spec = task.spec().pretrain();
  TrainingPlan plan;
  plan.kind = "pretrain";
  plan.optimizer = spec.optimizer();
  plan.schedule = spec.schedule();
  plan.steps = spec.steps();
  plan.batch_sequences = spec.batch_sequences();
  plan.checkpoint_every_steps = spec.checkpoint_every_steps();
  plan.fingerprint = FingerprintOf(task);
  return plan;
}

absl::StatusOr<uint32_t> PositionsOf(const v1::PretrainSpec& spec) {
  const uint32_t positions = spec.seq_len() == 0 ? spec.model().max_seq_len() : spec.seq_len();
  if (positions > spec.model().max_seq_len()) {
    return absl::InvalidArgumentError(absl::StrCat("pretrain.seq_len is ", positions,
                                                   "; valid: at most model.max_seq_len, ",
                                                   spec.model().max_seq_len()));
  }
  if (uint64_t{positions} * spec.batch_sequences() > kBatchPositionsMax) {
    return absl::InvalidArgumentError(absl::StrCat("pretrain.batch_sequences is ", spec.batch_sequences(),
                                                   "; valid: batch_sequences x seq_len of at most ",
                                                   kBatchPositionsMax));
  }
  return positions;
}

// The ids in the shards mean nothing under another tokenizer.
absl::Status CheckSameTokenizer(const InputArtifact& tokens, const InputArtifact& tokenizer) {
  const v1::ArtifactFile* packed = FindFile(tokens.manifest, "tokenizer.model");
  const v1::ArtifactFile* given = FindFile(tokenizer.manifest, "tokenizer.model");
  if (packed == nullptr || given == nullptr || packed->blob().sha256() == given->blob().sha256()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "pretrain.tokens (", tokens.id.substr(0, 12),
      ") was packed with another tokenizer than pretrain.tokenizer (", tokenizer.id.substr(0, 12), ")"));
}

absl::Status Publish(RunnerContext& context, const ParameterLayout& layout, const TrainingPlan& plan,
                     const TrainState& state, uint64_t tokens_seen, const InputArtifact& tokenizer) {
  const absl::StatusOr<std::string> path = context.InputPath(tokenizer, "tokenizer.model");
  if (!path.ok()) return path.status();
  absl::StatusOr<v1::Manifest> manifest = StoreModel(context, layout, state.parameters, *path);
  if (!manifest.ok()) return manifest.status();
  const std::string report = WriteTrainingReport(state, tokens_seen, plan);
  if (absl::Status status = AddBytes(context, report, "report.json", *manifest); !status.ok()) return status;
  AddProperty("steps", absl::StrCat(state.step), *manifest);
  AddProperty("tokens_seen", absl::StrCat(tokens_seen), *manifest);
  AddProperty("final_loss", absl::StrCat(FinalLoss(state)), *manifest);
  return context.PublishOutput(*std::move(manifest)).status();
}

}  // namespace

absl::Status RunPretrain(RunnerContext& context) {
  const v1::PretrainSpec& spec = context.task().spec().pretrain();
  const TrainingPlan plan = PlanOf(context.task());
  if (absl::Status status = ValidatePlan(plan, context.task().ranks()); !status.ok()) return status;
  const absl::StatusOr<uint32_t> positions = PositionsOf(spec);
  if (!positions.ok()) return positions.status();

  const absl::StatusOr<InputArtifact> tokenizer_input = context.Input("pretrain.tokenizer");
  if (!tokenizer_input.ok()) return tokenizer_input.status();
  const absl::StatusOr<InputArtifact> tokens_input = context.Input("pretrain.tokens");
  if (!tokens_input.ok()) return tokens_input.status();
  if (absl::Status status = CheckSameTokenizer(*tokens_input, *tokenizer_input); !status.ok()) return status;
  const auto tokenizer = LoadTokenizer(context, *tokenizer_input);
  if (!tokenizer.ok()) return tokenizer.status();
  const absl::StatusOr<ParameterLayout> layout = LayoutOf(spec.model(), **tokenizer);
  if (!layout.ok()) return layout.status();
  if (FindProperty(tokens_input->manifest, "vocab_size") != absl::StrCat(layout->config().vocab_size)) {
    return absl::FailedPreconditionError(
        absl::StrCat("pretrain.tokens has vocab_size ", FindProperty(tokens_input->manifest, "vocab_size"),
                     ", pretrain.tokenizer has ", layout->config().vocab_size,
                     "; valid: tokens packed with that tokenizer"));
  }
  const auto tokens = OpenTokenArtifact(context, *tokens_input);
  if (!tokens.ok()) return tokens.status();
  const auto source = WindowSource::Create(**tokens, *positions, spec.batch_sequences(), spec.seed());
  if (!source.ok()) return source.status();

  const auto group = RankGroup::Join(context.task(), kRankTimeout);
  if (!group.ok()) return group.status();
  std::vector<float> initial(layout->size());
  InitializeParameters(*layout, spec.seed(), absl::MakeSpan(initial));
  const absl::StatusOr<TrainState> state =
      TrainModel(context, **group, *layout, plan, **source, std::move(initial));
  if (!state.ok()) return state.status();
  if (context.task().rank() != 0) return absl::OkStatus();
  const uint64_t tokens_seen = state->step * (*source)->SizeOf(0).tokens;
  return Publish(context, *layout, plan, *state, tokens_seen, *tokenizer_input);
}

}  // namespace bonsai
