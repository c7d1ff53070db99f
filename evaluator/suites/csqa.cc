#include "evaluator/suites/csqa.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "evaluator/accuracy.h"
#include "evaluator/loglikelihood.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

constexpr absl::string_view kLetters[] = {"A", "B", "C", "D", "E"};
constexpr size_t kChoices = std::size(kLetters);

absl::Status BadDocument(const v1::Document& document, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("commonsenseqa: document \"", document.id(), "\": ", what));
}

bool IsLetter(absl::string_view label) {
  for (absl::string_view letter : kLetters) {
    if (label == letter) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::string> CommonsenseQaPrompt(const v1::Document& document) {
  if (!document.has_multiple_choice()) return BadDocument(document, "not a multiple-choice question");
  const v1::MultipleChoice& question = document.multiple_choice();
  if (question.choices_size() != static_cast<int>(kChoices)) {
    return BadDocument(document, absl::StrCat(question.choices_size(), " choices; there must be ", kChoices));
  }
  std::string prompt = absl::StrCat("Question: ", StripSpace(question.question()));
  for (size_t i = 0; i < kChoices; ++i) {
    const v1::Choice& choice = question.choices(i);
    if (choice.label() != kLetters[i]) {
      return BadDocument(
          document, absl::StrCat("choice ", i, " has the label \"", choice.label(), "\", not ", kLetters[i]));
    }
    absl::StrAppend(&prompt, "\n", kLetters[i], ". ", choice.text());
  }
  if (!IsLetter(question.answer_label())) {
    return BadDocument(document,
                       absl::StrCat("the answer \"", question.answer_label(), "\" is none of A to E"));
  }
  return absl::StrCat(prompt, "\nAnswer:");
}

absl::StatusOr<std::unique_ptr<CommonsenseQaSuite>> CommonsenseQaSuite::Create(
    const edge::Tokenizer& tokenizer, int32_t positions_max, absl::string_view profile,
    std::span<const v1::Document> documents) {
  if (profile != "lmeval") {
    return absl::InvalidArgumentError(
        absl::StrCat("evaluate.commonsenseqa.profile \"", profile, "\" is not known; there is \"lmeval\""));
  }
  if (documents.empty()) return absl::InvalidArgumentError("commonsenseqa.corpus holds no question");
  std::unique_ptr<CommonsenseQaSuite> suite(new CommonsenseQaSuite);
  for (const v1::Document& document : documents) {
    const absl::StatusOr<std::string> prompt = CommonsenseQaPrompt(document);
    if (!prompt.ok()) return prompt.status();
    for (absl::string_view letter : kLetters) {
      absl::StatusOr<ScoreRequest> request =
          ContinuationRequest(tokenizer, *prompt, absl::StrCat(" ", letter), positions_max);
      if (!request.ok()) return BadDocument(document, request.status().message());
      suite->requests_.push_back(*std::move(request));
    }
    suite->answers_.push_back(document.multiple_choice().answer_label());
  }
  return suite;
}

Judgement CommonsenseQaSuite::Judge(const Answers& answers) const {
  size_t correct = 0;
  std::set<size_t> chosen;
  for (size_t i = 0; i < answers_.size(); ++i) {
    double loglikelihoods[kChoices];
    for (size_t j = 0; j < kChoices; ++j) loglikelihoods[j] = answers.scores[i * kChoices + j].loglikelihood;
    const size_t choice = Argmax(loglikelihoods);
    chosen.insert(choice);
    if (answers_[i] == kLetters[choice]) ++correct;
  }

  v1::SuiteResult result;
  result.set_suite("commonsenseqa");
  result.set_profile("lmeval 0.4");
  result.set_documents(answers_.size());
  *result.add_metrics() = AccuracyMetric(correct, answers_.size());
  SetConstantAnswerFloor(answers_, result.mutable_metrics(0));
  result.add_notes("0-shot; the prompt begins with BOS");
  if (chosen.size() == 1 && answers_.size() > 1) {
    result.set_degenerate(absl::StrCat("answers ", kLetters[*chosen.begin()], " to every question"));
  }
  return Judgement{.result = std::move(result), .items = {}};
}

}  // namespace bonsai
