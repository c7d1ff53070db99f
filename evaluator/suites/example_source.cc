#include "evaluator/suites/example_source.h"

#include <numeric>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

using FewShot = v1::SuiteFewShot;

// Without folder and suffix.
absl::string_view Stem(absl::string_view id) {
  if (const size_t slash = id.rfind('/'); slash != absl::string_view::npos) id.remove_prefix(slash + 1);
  return id.substr(0, id.rfind('.'));
}

absl::Status Missing(const v1::Suite& suite, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("few_shot: ", what, "; profile \"", suite.profile(), "\" of suite \"", suite.name(),
                   "\" wants ", suite.few_shot().file(), ", at home in ", suite.few_shot().home()));
}

bool IsSame(const v1::Document& a, const v1::Document& b) {
  return a.SerializeAsString() == b.SerializeAsString();
}

absl::StatusOr<std::string> RenderExample(const SuiteRules& rules, const Question& question) {
  FieldLookup fields = question.fields();
  if (rules.chooses()) {
    if (question.right_choices().empty()) return absl::InvalidArgumentError("its answer is not known");
    fields = question.choice(question.right_choices()[0]);
  }
  const absl::StatusOr<std::string> prompt = rules.prompt.Render(fields, question.choices());
  if (!prompt.ok()) return prompt.status();
  const absl::StatusOr<std::string> target = rules.target.Render(fields, question.choices());
  if (!target.ok()) return target.status();
  return absl::StrCat(*prompt, target->empty() ? "" : rules.delimiter, *target, rules.shot_separator);
}

}  // namespace

absl::StatusOr<ExampleSource> ExampleSource::Create(const SuiteRules& rules, absl::string_view subset,
                                                    const FewShotCorpus& corpus,
                                                    std::optional<uint32_t> shots) {
  ExampleSource source(rules);
  const FewShot& few_shot = rules.suite.few_shot();
  source.shots_ = shots.value_or(few_shot.shots());
  if (few_shot.rule() == FewShot::TEXT || few_shot.rule() == FewShot::PROMPT) {
    if (shots.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("shots is ", *shots, ", but suite \"",
                                                     rules.suite.name(),
                                                     "\" has a fixed text of examples; leave it unset"));
    }
    if (absl::Status status = source.ReadText(subset, corpus); !status.ok()) return status;
    return source;
  }
  if (few_shot.rule() == FewShot::NONE && source.shots_ > 0 && rules.target.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("shots is ", source.shots_, ", but suite \"", rules.suite.name(), "\" has no examples"));
  }
  if (source.shots_ == 0) return source;
  if (absl::Status status = source.ReadExamples(subset, corpus); !status.ok()) return status;
  return source;
}

absl::Status ExampleSource::ReadText(absl::string_view subset, const FewShotCorpus& corpus) {
  if (corpus.documents.empty()) return Missing(rules_->suite, "the corpus is not set");
  const FieldLookup fields = [&](absl::string_view path) -> std::optional<std::string> {
    if (path == "subset") return std::string(subset);
    return std::nullopt;
  };
  const absl::StatusOr<std::string> name = rules_->few_shot_document.Render(fields);
  if (!name.ok()) return name.status();
  if (name->empty() && corpus.documents.size() != 1) {
    return Missing(rules_->suite,
                   absl::StrCat("the corpus has ", corpus.documents.size(), " documents, not one"));
  }
  for (const v1::Document& document : corpus.documents) {
    if (!name->empty() && Stem(document.id()) != *name) continue;
    if (!document.has_text())
      return Missing(rules_->suite, absl::StrCat("document \"", document.id(), "\" is no text"));
    text_ = rules_->few_shot_steps.Apply(document.text(), fields);
    if (!text_.empty()) return absl::OkStatus();
    return Missing(rules_->suite, absl::StrCat("document \"", document.id(), "\" holds no examples"));
  }
  return Missing(rules_->suite, absl::StrCat("the corpus has no document \"", *name, "\""));
}

absl::Status ExampleSource::ReadExamples(absl::string_view subset, const FewShotCorpus& corpus) {
  if (corpus.documents.empty()) return Missing(rules_->suite, "the corpus is not set");
  excludes_question_ = corpus.is_questions;
  if (corpus.documents.size() < shots_ + (excludes_question_ ? 1 : 0)) {
    return Missing(rules_->suite, absl::StrCat("the corpus has ", corpus.documents.size(),
                                               " documents, fewer than ", shots_, " examples need"));
  }
  documents_ = corpus.documents;
  for (const v1::Document& document : documents_) {
    const absl::StatusOr<Question> question = Question::Read(*rules_, document, subset, "");
    absl::StatusOr<std::string> example =
        question.ok() ? RenderExample(*rules_, *question) : absl::StatusOr<std::string>(question.status());
    if (!example.ok()) {
      return Missing(rules_->suite,
                     absl::StrCat("document \"", document.id(), "\": ", example.status().message()));
    }
    examples_.push_back(*std::move(example));
  }
  return absl::OkStatus();
}

std::string ExampleSource::Next(const v1::Document& question) {
  if (examples_.empty()) return "";
  std::vector<size_t> chosen;
  const size_t count = shots_ + (excludes_question_ ? 1 : 0);
  if (rules_->suite.few_shot().rule() == FewShot::FIRST) {
    chosen.resize(count);
    std::iota(chosen.begin(), chosen.end(), size_t{0});
  } else {
    chosen = random_.Sample(examples_.size(), count);
  }
  std::string text;
  uint32_t used = 0;
  for (const size_t index : chosen) {
    if (used == shots_ || (excludes_question_ && IsSame(documents_[index], question))) continue;
    text += examples_[index];
    ++used;
  }
  return text;
}

}  // namespace bonsai
