#include "worker/train/sft.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/document_file.h"
#include "storage/manifest.h"
#include "storage/tokenizer_file.h"
#include "worker/train/adapter_files.h"
#include "worker/train/instruction_source.h"
#include "worker/train/low_rank_model.h"
#include "worker/train/model_files.h"
#include "worker/train/parameter_layout.h"
#include "worker/train/rank_group.h"
#include "worker/train/training_plan.h"
#include "worker/train/training_report.h"
#include "worker/train/training_run.h"

namespace bonsai {
namespace {

// Packed rows of a step that is summed in no tree: so many, or a multiple, that a few ranks or threads get as
// much each.
constexpr uint32_t kRowsMultiple = 4;

edge::ChatTemplate TemplateOf(const v1::SftSpec& spec) {
  switch (spec.chat_template()) {
    case v1::LLAMA2:
      return edge::ChatTemplate::kLlama2;
    case v1::CHATML:
      return edge::ChatTemplate::kChatml;
    default:  // the plan has been validated
      return edge::ChatTemplate::kAlpaca;
  }
}

InstructionShape ShapeOf(const v1::SftSpec& spec, const TrainingPlan& plan, uint32_t positions) {
  return {.positions = positions,
          .batch_sequences = plan.batch_sequences,
          .seed = plan.seed,
          .chat_template = TemplateOf(spec),
          .pack_rows = spec.pack_rows(),
          .rows_multiple = plan.gradient_parts > 0 ? plan.gradient_parts : kRowsMultiple};
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
  if (source.instructions() > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("sft.corpus (", corpus.id.substr(0, 12),
                                                    ") leaves no instruction: ", source.dropped(),
                                                    " have no response or a prompt that fills sft.seq_len"));
}

// What is trained: all parameters, or the low-rank changes to frozen ones.
struct Trained {
  std::unique_ptr<LowRankModel> low_rank;
  std::vector<float> initial;
};

Trained Choose(const v1::Task& task, const TrainingPlan& plan, const ParameterLayout& layout,
               std::vector<float> parameters) {
  const v1::SftSpec& spec = task.spec().sft();
  if (!spec.has_lora()) return {nullptr, std::move(parameters)};
  const uint32_t rank = spec.lora().rank();
  const float alpha = spec.lora().alpha() == 0 ? 2.0f * static_cast<float>(rank) : spec.lora().alpha();
  Trained trained;
  trained.low_rank = std::make_unique<LowRankModel>(layout, std::move(parameters), LowRankShape{rank, alpha},
                                                    static_cast<int>(task.spec().resources().cpus()));
  trained.initial.resize(trained.low_rank->layout().size());
  trained.low_rank->Initialize(plan.seed, absl::MakeSpan(trained.initial));
  return trained;
}

absl::StatusOr<v1::Manifest> StoreTrained(RunnerContext& context, const ParameterLayout& layout,
                                          const std::vector<float>& parameters, LowRankModel* low_rank,
                                          const std::string& tokenizer_path) {
  if (low_rank == nullptr) return StoreModel(context, layout, parameters, tokenizer_path);
  absl::StatusOr<v1::Manifest> manifest =
      StoreModel(context, layout, low_rank->Load(parameters), tokenizer_path);
  if (!manifest.ok()) return manifest;
  if (absl::Status status = AddAdapterFiles(context, *low_rank, parameters, *manifest); !status.ok())
    return status;
  return manifest;
}

absl::Status Publish(RunnerContext& context, const ParameterLayout& layout, const TrainingPlan& plan,
                     const TrainOutcome& outcome, LowRankModel* low_rank, const InstructionSource& source,
                     const InputArtifact& model, const edge::Tokenizer& tokenizer) {
  const absl::StatusOr<std::string> path = context.InputPath(model, TokenizerFileName(model.manifest));
  if (!path.ok()) return path.status();
  absl::StatusOr<v1::Manifest> manifest =
      StoreTrained(context, layout, outcome.state.parameters, low_rank, *path);
  if (!manifest.ok()) return manifest.status();
  if (absl::Status status = AddTrainingReport(context, outcome, plan, *manifest); !status.ok()) return status;
  const v1::SftSpec& spec = context.task().spec().sft();
  const std::string jinja = edge::ChatJinja(TemplateOf(spec), edge::PutsSpaceFirst(tokenizer));
  if (absl::Status status = AddBytes(context, jinja, "chat_template.jinja", *manifest); !status.ok())
    return status;
  AddProperty("chat_template", v1::ChatTemplate_Name(spec.chat_template()), *manifest);
  AddProperty("rows", absl::StrCat(source.instructions()), *manifest);
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
  InstructionSource source(ShapeOf(context.task().spec().sft(), *plan, *positions));
  if (absl::Status status = ReadInstructions(context, *corpus_input, **tokenizer, source); !status.ok())
    return status;
  std::fprintf(
      stderr,
      "%llu instructions; %llu truncated to %u tokens, %llu dropped (prompt too long or no response)\n",
      static_cast<unsigned long long>(source.instructions()),
      static_cast<unsigned long long>(source.truncated()), *positions + 1,
      static_cast<unsigned long long>(source.dropped()));

  const auto group = RankGroup::Join(context.task(), kRankTimeout);
  if (!group.ok()) return group.status();
  Trained trained = Choose(context.task(), *plan, *layout, std::move(model->parameters));
  LowRankModel* low_rank = trained.low_rank.get();
  const absl::StatusOr<TrainOutcome> outcome =
      TrainModel(context, **group, low_rank == nullptr ? *layout : low_rank->layout(), *plan, {source},
                 std::move(trained.initial), low_rank);
  if (!outcome.ok()) return outcome.status();
  if (context.task().rank() != 0) return absl::OkStatus();
  return Publish(context, *layout, *plan, *outcome, low_rank, source, *model_input, **tokenizer);
}

}  // namespace bonsai
