#include "worker/train/sft.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "worker/train/instruction_source.h"
#include "worker/train/model_files.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/training_run.h"

namespace bonsai {
namespace {

// How long a rank waits for one that hangs; one that died is noticed at once.
constexpr absl::Duration kRankTimeout = absl::Minutes(5);
constexpr uint32_t kBatchSequencesMax = 1 << 20;

TrainingPlan PlanOf(const v1::Task& task) {
  const v1::SftSpec& spec = task.spec().sft();
  TrainingPlan plan;
  plan.kind = "sft";
  plan.optimizer = spec.optimizer();
  plan.schedule = spec.schedule();
  plan.steps = spec.steps();
  plan.batch_sequences = spec.batch_sequences();
  plan.checkpoint_every_steps = spec.checkpoint_every_steps();
  plan.fingerprint = FingerprintOf(task);
  return plan;
}

absl::Status ReadInstructions(RunnerContext& context, const InputArtifact& corpus,
                              const edge::Tokenizer& tokenizer, InstructionSource& source) {
  const std::string format = FindProperty(corpus.manifest, "format");
  if (format != "instructions") {
    return absl::FailedPreconditionError(absl::StrCat(
        "sft.corpus (", corpus.id.substr(0, 12), ") has the format \"", format, "\"; valid: instructions"));
  }
  const absl::StatusOr<std::string> path = context.InputPath(corpus, "documents.binpb");
  if (!path.ok()) return path.status();
  const auto reader = DocumentReader::Open(*path);
  if (!reader.ok()) return reader.status();
  v1::Document document;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!document.has_instruction()) {
      return absl::FailedPreconditionError(absl::StrCat("sft.corpus (", corpus.id.substr(0, 12),
                                                        "): document ", (*reader)->documents() - 1,
                                                        " is no instruction"));
    }
    if (absl::Status status = source.Add(document.instruction(), tokenizer); !status.ok()) return status;
  }
  if (source.rows() > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("sft.corpus (", corpus.id.substr(0, 12),
                                                    ") leaves no row: ", source.dropped(),
                                                    " have no response or a prompt that fills sft.seq_len"));
}

absl::Status Publish(RunnerContext& context, const ParameterLayout& layout, const TrainingPlan& plan,
                     const TrainState& state, InstructionSource& source, const InputArtifact& model) {
  const absl::StatusOr<std::string> path = context.InputPath(model, "tokenizer.model");
  if (!path.ok()) return path.status();
  absl::StatusOr<v1::Manifest> manifest = StoreModel(context, layout, state.parameters, *path);
  if (!manifest.ok()) return manifest.status();
  uint64_t tokens_seen = 0;
  for (uint64_t step = 0; step < state.step; ++step) tokens_seen += source.SizeOf(step).tokens;
  const std::string report = WriteTrainingReport(state, tokens_seen, plan);
  if (absl::Status status = AddBytes(context, report, "report.json", *manifest); !status.ok()) return status;
  AddProperty("steps", absl::StrCat(state.step), *manifest);
  AddProperty("tokens_seen", absl::StrCat(tokens_seen), *manifest);
  AddProperty("final_loss", absl::StrCat(FinalLoss(state)), *manifest);
  AddProperty("rows", absl::StrCat(source.rows()), *manifest);
  AddProperty("rows_truncated", absl::StrCat(source.truncated()), *manifest);
  AddProperty("rows_dropped", absl::StrCat(source.dropped()), *manifest);
  return context.PublishOutput(*std::move(manifest)).status();
}

}  // namespace

absl::Status RunSft(RunnerContext& context) {
  const v1::SftSpec& spec = context.task().spec().sft();
  const TrainingPlan plan = PlanOf(context.task());
  if (absl::Status status = ValidatePlan(plan, context.task().ranks()); !status.ok()) return status;
  if (spec.batch_sequences() > kBatchSequencesMax) {
    return absl::InvalidArgumentError(absl::StrCat("sft.batch_sequences is ", spec.batch_sequences(),
                                                   "; valid: at most ", kBatchSequencesMax));
  }
  const absl::StatusOr<InputArtifact> model_input = context.Input("sft.model");
  if (!model_input.ok()) return model_input.status();
  const absl::StatusOr<InputArtifact> corpus_input = context.Input("sft.corpus");
  if (!corpus_input.ok()) return corpus_input.status();
  const auto tokenizer = LoadTokenizer(context, *model_input);
  if (!tokenizer.ok()) return tokenizer.status();
  absl::StatusOr<LoadedModel> model = LoadModel(context, *model_input);
  if (!model.ok()) return model.status();
  if ((*tokenizer)->vocab_size() > model->config.vocab_size) {
    return absl::FailedPreconditionError(absl::StrCat("sft.model (", model_input->id.substr(0, 12),
                                                      "): its tokenizer has ", (*tokenizer)->vocab_size(),
                                                      " pieces, its embedding ", model->config.vocab_size));
  }
  const uint32_t longest = static_cast<uint32_t>(model->config.max_seq_len);
  const uint32_t positions = spec.seq_len() == 0 ? longest : spec.seq_len();
  if (positions > longest) {
    return absl::InvalidArgumentError(
        absl::StrCat("sft.seq_len is ", positions, "; valid: at most the model's max_seq_len, ", longest));
  }
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(model->config);
  if (!layout.ok()) return layout.status();
  InstructionSource source(positions, spec.batch_sequences(), spec.seed());
  if (absl::Status status = ReadInstructions(context, *corpus_input, **tokenizer, source); !status.ok())
    return status;
  std::fprintf(
      stderr, "%llu rows; %llu truncated to %u tokens, %llu dropped (prompt too long or no response)\n",
      static_cast<unsigned long long>(source.rows()), static_cast<unsigned long long>(source.truncated()),
      positions + 1, static_cast<unsigned long long>(source.dropped()));

  const auto group = RankGroup::Join(context.task(), kRankTimeout);
  if (!group.ok()) return group.status();
  const absl::StatusOr<TrainState> state =
      TrainModel(context, **group, *layout, plan, source, std::move(model->parameters));
  if (!state.ok()) return state.status();
  if (context.task().rank() != 0) return absl::OkStatus();
  return Publish(context, *layout, plan, *state, source, *model_input);
}

}  // namespace bonsai
