#include "evaluator/suite_list.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "evaluator/corpus.h"
#include "evaluator/data_suites.h"
#include "evaluator/suites/bits_per_byte.h"
#include "evaluator/suites/csqa.h"

namespace bonsai {
namespace {

constexpr char kTextField[] = "evaluate.bits_per_byte.corpus";
constexpr char kReferenceField[] = "evaluate.bits_per_byte.xz_reference";
constexpr char kQuestionsField[] = "evaluate.commonsenseqa.corpus";

absl::Status AddBitsPerByte(RunnerContext& context, const ModelArtifact& model, bool judged,
                            SuiteList& list) {
  const v1::EvaluateSpec::BitsPerByte& spec = context.task().spec().evaluate().bits_per_byte();
  absl::StatusOr<std::vector<std::string>> texts = ReadTexts(context, kTextField, spec.max_documents());
  if (!texts.ok()) return texts.status();
  const bool has_reference = !spec.xz_reference().empty();
  // Opened here only so that a reference that cannot be read fails the job before the model scores.
  if (has_reference) {
    if (absl::Status status = OpenCorpus(context, kReferenceField).status(); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<BitsPerByteSuite>> suite =
      BitsPerByteSuite::Create(model.tokenizer(), model.config().max_seq_len, *texts);
  if (!suite.ok()) return suite.status();
  list.suites.push_back(*std::move(suite));
  if (!judged) return absl::OkStatus();
  list.xz = std::make_unique<XzMeasurement>(context, *std::move(texts), has_reference ? kReferenceField : "");
  return absl::OkStatus();
}

absl::Status AddCommonsenseQa(RunnerContext& context, const ModelArtifact& model, SuiteList& list) {
  const v1::EvaluateSpec::CommonsenseQa& spec = context.task().spec().evaluate().commonsenseqa();
  const absl::StatusOr<std::vector<v1::Document>> documents =
      ReadCorpus(context, kQuestionsField, spec.max_documents());
  if (!documents.ok()) return documents.status();
  absl::StatusOr<std::unique_ptr<CommonsenseQaSuite>> suite =
      CommonsenseQaSuite::Create(model.tokenizer(), model.config().max_seq_len, spec.profile(), *documents);
  if (!suite.ok()) return suite.status();
  list.suites.push_back(*std::move(suite));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SuiteList> MakeSuites(RunnerContext& context, const ModelArtifact& model, bool judged) {
  const v1::EvaluateSpec& spec = context.task().spec().evaluate();
  SuiteList list;
  if (spec.has_bits_per_byte()) {
    if (absl::Status status = AddBitsPerByte(context, model, judged, list); !status.ok()) return status;
  }
  if (spec.has_commonsenseqa()) {
    if (absl::Status status = AddCommonsenseQa(context, model, list); !status.ok()) return status;
  }
  std::vector<std::unique_ptr<Suite>> data_suites;
  if (absl::Status status = AddDataSuites(context, model, data_suites); !status.ok()) return status;
  for (std::unique_ptr<Suite>& suite : data_suites) {
    (suite->secret() ? list.secret : list.suites).push_back(std::move(suite));
  }
  if (list.suites.empty() && list.secret.empty()) {
    return absl::InvalidArgumentError(
        "evaluate: names no suite; set bits_per_byte, commonsenseqa or suites, or several of them");
  }
  return list;
}

}  // namespace bonsai
