#include "worker/train/sft.h"

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"
#include "worker/train/instruction_source.h"
#include "worker/train/model_files.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_report.h"
#include "worker/train/training_run.h"

namespace bonsai {
namespace {

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
                     const TrainOutcome& outcome, const InstructionSource& source,
                     const InputArtifact& model) {
  const absl::StatusOr<std::string> path = context.InputPath(model, TokenizerFileName(model.manifest));
  if (!path.ok()) return path.status();
  absl::StatusOr<v1::Manifest> manifest = StoreModel(context, layout, outcome.state.parameters, *path);
  if (!manifest.ok()) return manifest.status();
  const std::string report = WriteTrainingReport(outcome, plan);
  if (absl::Status status = AddBytes(context, report, "report.json", *manifest); !status.ok()) return status;
  AddTrainingProperties(outcome, *manifest);
  AddProperty("rows", absl::StrCat(source.rows()), *manifest);
  AddProperty("rows_truncated", absl::StrCat(source.truncated()), *manifest);
  AddProperty("rows_dropped", absl::StrCat(source.dropped()), *manifest);
  return context.PublishOutput(*std::move(manifest)).status();
}

}  // namespace

absl::Status RunSft(RunnerContext& context) {
  const absl::StatusOr<TrainingPlan> plan = PlanOf(context.task());
  if (!plan.ok()) return plan.status();
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
  const absl::StatusOr<uint32_t> positions =
      PositionsOf(*plan, static_cast<uint32_t>(model->config.max_seq_len), "the model's max_seq_len");
  if (!positions.ok()) return positions.status();
  const absl::StatusOr<ParameterLayout> layout = ParameterLayout::Create(model->config);
  if (!layout.ok()) return layout.status();
  InstructionSource source(*positions, plan->batch_sequences, plan->seed);
  if (absl::Status status = ReadInstructions(context, *corpus_input, **tokenizer, source); !status.ok())
    return status;
  std::fprintf(
      stderr, "%llu rows; %llu truncated to %u tokens, %llu dropped (prompt too long or no response)\n",
      static_cast<unsigned long long>(source.rows()), static_cast<unsigned long long>(source.truncated()),
      *positions + 1, static_cast<unsigned long long>(source.dropped()));

  const auto group = RankGroup::Join(context.task(), kRankTimeout);
  if (!group.ok()) return group.status();
  const absl::StatusOr<TrainOutcome> outcome =
      TrainModel(context, **group, *layout, *plan, {source}, std::move(model->parameters));
  if (!outcome.ok()) return outcome.status();
  if (context.task().rank() != 0) return absl::OkStatus();
  return Publish(context, *layout, *plan, *outcome, source, *model_input);
}

}  // namespace bonsai
