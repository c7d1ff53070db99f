#include "evaluator/data_suites.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "edge_runtime/model/chat_template.h"
#include "edge_runtime/model/mapped_file.h"
#include "evaluator/corpus.h"
#include "evaluator/holdout/holdout_corpus.h"
#include "evaluator/holdout/secret_suite.h"
#include "evaluator/suites/data_suite.h"
#include "evaluator/suites/rolling_suite.h"
#include "evaluator/suites/suite_file.h"

namespace bonsai {
namespace {

using Run = v1::EvaluateSpec::SuiteRun;

constexpr int kSuitesMax = 512;
constexpr char kChatTemplate[] = "chat_template.jinja";

absl::Status Named(absl::string_view field, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(field, ": ", status.message()));
}

absl::StatusOr<v1::Suite> ReadTask(RunnerContext& context, const std::string& field) {
  const absl::StatusOr<std::vector<std::string>> texts = ReadTexts(context, absl::StrCat(field, ".task"), 2);
  if (!texts.ok()) return texts.status();
  if (texts->size() != 1) {
    return absl::InvalidArgumentError("task: the corpus must hold one document, a text that is a suite");
  }
  return ParseSuite("task", (*texts)[0]);
}

absl::StatusOr<v1::Suite> FindSuite(RunnerContext& context, const Run& run, const std::string& field) {
  if (run.suite().empty() == run.task().empty()) {
    return absl::InvalidArgumentError("set either suite or task");
  }
  if (run.task().empty()) {
    return LoadSuite(absl::StrCat(context.task().share_dir(), "/suites"), run.suite(), run.profile());
  }
  absl::StatusOr<v1::Suite> suite = ReadTask(context, field);
  // Tracks know suites by name, and a task's figures must not pass for an installed suite's.
  if (suite.ok() && IsInstalled(absl::StrCat(context.task().share_dir(), "/suites"), suite->name())) {
    return absl::InvalidArgumentError(
        absl::StrCat("task: an installed suite is called \"", suite->name(), "\"; give yours another name"));
  }
  if (suite.ok() && !run.profile().empty() && run.profile() != suite->profile()) {
    return absl::InvalidArgumentError(
        absl::StrCat("profile \"", run.profile(), "\" is not the task's, \"", suite->profile(), "\""));
  }
  return suite;
}

// Which of our chat templates the model's artifact carries. Only what renders as these do can be rendered
// here.
absl::StatusOr<edge::ChatTemplate> ReadChatTemplate(RunnerContext& context, const ModelArtifact& model) {
  const absl::StatusOr<InputArtifact> input = context.Input("evaluate.model");
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::string> path = context.InputPath(*input, kChatTemplate);
  if (!path.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("chat_template is set, but the model has no ",
                                                   kChatTemplate, ": ", path.status().message()));
  }
  std::string error;
  const std::unique_ptr<edge::MappedFile> file = edge::MappedFile::Open(*path, &error);
  if (file == nullptr) return absl::InternalError(absl::StrCat("cannot map ", kChatTemplate, ": ", error));
  for (const edge::ChatTemplate candidate :
       {edge::ChatTemplate::kAlpaca, edge::ChatTemplate::kLlama2, edge::ChatTemplate::kChatml}) {
    if (file->text() == edge::ChatJinja(candidate, edge::PutsSpaceFirst(model.tokenizer()))) return candidate;
  }
  return absl::InvalidArgumentError(absl::StrCat("chat_template is set, but the model's ", kChatTemplate,
                                                 " is none of Bonsai's (ALPACA, LLAMA2, CHATML)"));
}

absl::StatusOr<std::unique_ptr<Suite>> MakeRolling(const v1::Suite& suite, const Run& run,
                                                   std::span<const v1::Document> documents,
                                                   const ModelArtifact& model) {
  if (run.chat_template() || run.has_shots() || !run.few_shot().empty()) {
    return absl::InvalidArgumentError("whole texts have no chat_template, shots or few_shot");
  }
  return RollingSuite::Create(suite, run.subset(), documents, model.tokenizer(), model.config().max_seq_len);
}

// "word_sorting" of "word_sorting.json:examples:12", which the data job calls a record without an id.
absl::string_view FileStem(absl::string_view id) {
  id = id.substr(0, id.find(':'));
  return id.substr(0, id.rfind('.'));
}

// The corpus' documents, the first max_documents. Where some are of a file that is called like a subset of
// the suite, those of this subset's file alone: the parts of a suite may share one corpus.
absl::StatusOr<std::vector<v1::Document>> ReadQuestions(RunnerContext& context, const Run& run,
                                                        const std::string& field, const v1::Suite& suite) {
  absl::StatusOr<std::vector<v1::Document>> documents =
      ReadCorpus(context, absl::StrCat(field, ".corpus"), run.subset().empty() ? run.max_documents() : 0);
  if (!documents.ok() || run.subset().empty()) return documents;
  const std::vector<std::string> subsets = SubsetNames(suite);
  std::vector<v1::Document> own;
  bool shared = false;
  for (const v1::Document& document : *documents) {
    const std::string file(FileStem(document.id()));
    if (file == run.subset()) own.push_back(document);
    shared = shared || std::find(subsets.begin(), subsets.end(), file) != subsets.end();
  }
  if (shared && own.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("corpus: holds files of other subsets, but none of \"", run.subset(), "\""));
  }
  if (shared) documents = std::move(own);
  if (run.max_documents() > 0 && documents->size() > run.max_documents())
    documents->resize(run.max_documents());
  return documents;
}

absl::StatusOr<std::unique_ptr<Suite>> MakeOver(RunnerContext& context, const ModelArtifact& model,
                                                const Run& run, const std::string& field,
                                                const v1::Suite& suite,
                                                std::span<const v1::Document> questions) {
  if (RulesOfSubset(suite, run.subset()).request() == v1::Suite::ROLLING) {
    return MakeRolling(suite, run, questions, model);
  }
  DataSuiteInput input{.suite = suite,
                       .subset = run.subset(),
                       .questions = questions,
                       .few_shot = {},
                       .shots = std::nullopt,
                       .chat_template = std::nullopt,
                       .positions_max = model.config().max_seq_len};
  if (run.has_shots()) input.shots = run.shots();
  std::vector<v1::Document> few_shot;
  if (!run.few_shot().empty()) {
    absl::StatusOr<std::vector<v1::Document>> read = ReadCorpus(context, absl::StrCat(field, ".few_shot"), 0);
    if (!read.ok()) return read.status();
    few_shot = *std::move(read);
    input.few_shot.documents = few_shot;
    const absl::StatusOr<InputArtifact> a = context.Input(absl::StrCat(field, ".corpus"));
    const absl::StatusOr<InputArtifact> b = context.Input(absl::StrCat(field, ".few_shot"));
    input.few_shot.is_questions = a.ok() && b.ok() && a->id == b->id;
  }
  if (run.chat_template()) {
    const absl::StatusOr<edge::ChatTemplate> chat_template = ReadChatTemplate(context, model);
    if (!chat_template.ok()) return chat_template.status();
    input.chat_template = *chat_template;
  }
  return DataSuite::Create(input, model.tokenizer());
}

// Over a holdout. Who could choose its questions, one at a time, or what is made of them, would learn the
// answers.
absl::StatusOr<std::unique_ptr<Suite>> MakeSecret(RunnerContext& context, const ModelArtifact& model,
                                                  const Run& run, const std::string& field,
                                                  const v1::Suite& suite) {
  if (!run.task().empty()) {
    return absl::InvalidArgumentError("task: secret questions go with installed suites only");
  }
  if (run.max_documents() != 0) {
    return absl::InvalidArgumentError("max_documents: secret questions are asked as a whole; leave it out");
  }
  if (suite.few_shot().rule() == v1::SuiteFewShot::PROMPT) {
    return absl::InvalidArgumentError("few_shot: it would be the prompt, which is not the asker's to choose");
  }
  const absl::StatusOr<std::vector<v1::Document>> questions =
      OpenHoldout(context, absl::StrCat(field, ".corpus"), 0);
  if (!questions.ok()) return questions.status();
  std::optional<double> overlap;
  if (!context.task().spec().evaluate().overlap_with().empty()) {
    const absl::StatusOr<double> measured = MeasureOverlap(context, *questions);
    if (!measured.ok()) return measured.status();
    overlap = *measured;
  }
  return SecretSuite::Wrap(MakeOver(context, model, run, field, suite, *questions), overlap);
}

absl::StatusOr<std::unique_ptr<Suite>> MakeSuite(RunnerContext& context, const ModelArtifact& model,
                                                 const Run& run, const std::string& field) {
  const absl::StatusOr<v1::Suite> suite = FindSuite(context, run, field);
  if (!suite.ok()) return suite.status();
  const absl::StatusOr<bool> secret = IsHoldout(context, absl::StrCat(field, ".corpus"));
  if (!secret.ok()) return secret.status();
  if (*secret) return MakeSecret(context, model, run, field, *suite);
  const absl::StatusOr<std::vector<v1::Document>> questions = ReadQuestions(context, run, field, *suite);
  if (!questions.ok()) return questions.status();
  return MakeOver(context, model, run, field, *suite, *questions);
}

}  // namespace

absl::Status AddDataSuites(RunnerContext& context, const ModelArtifact& model,
                           std::vector<std::unique_ptr<Suite>>& suites) {
  const auto& runs = context.task().spec().evaluate().suites();
  if (runs.size() > kSuitesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("evaluate.suites: there are ", runs.size(), "; valid: at most ", kSuitesMax));
  }
  for (int i = 0; i < runs.size(); ++i) {
    const std::string field = absl::StrCat("evaluate.suites[", i, "]");
    absl::StatusOr<std::unique_ptr<Suite>> suite = MakeSuite(context, model, runs[i], field);
    if (!suite.ok()) return Named(field, suite.status());
    suites.push_back(*std::move(suite));
  }
  const bool secret =
      std::any_of(suites.begin(), suites.end(), [](const auto& suite) { return suite->secret(); });
  if (!secret && !context.task().spec().evaluate().overlap_with().empty()) {
    return absl::InvalidArgumentError(
        "evaluate.overlap_with is for secret suites, and no suite of this evaluation is one; leave it out");
  }
  return absl::OkStatus();
}

}  // namespace bonsai
