// The examples that a suite puts before its questions: drawn, the first ones, or a fixed text, all from the
// few_shot corpus. Asked once for each question, in the questions' order, since drawing is one stream over
// them. Called by suites that are data. One thread at a time.
#ifndef BONSAI_EVALUATOR_SUITES_EXAMPLE_SOURCE_H_
#define BONSAI_EVALUATOR_SUITES_EXAMPLE_SOURCE_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bonsai/v1/document.pb.h"
#include "evaluator/cpython_random.h"
#include "evaluator/suites/question.h"
#include "evaluator/suites/suite_rules.h"

namespace bonsai {

struct FewShotCorpus {
  std::span<const v1::Document> documents;
  // Whether the questions are of the same corpus: then one more is drawn, and the question itself left out.
  bool is_questions = false;
};

class ExampleSource {
 public:
  // `rules` and the corpus outlive this. `shots`, if set, stands in the place of the rules' number.
  // InvalidArgument: the corpus is missing (says which file it should be, and where that is at home), is too
  // small, or holds no example that the rules can read; `shots` is set where the text is fixed.
  static absl::StatusOr<ExampleSource> Create(const SuiteRules& rules, absl::string_view subset,
                                              const FewShotCorpus& corpus, std::optional<uint32_t> shots);

  // What the rules TEXT and PROMPT take from the corpus; empty under others.
  const std::string& text() const { return text_; }
  uint32_t shots() const { return shots_; }

  // What stands between the description and the next question, which `question` is.
  std::string Next(const v1::Document& question);

 private:
  explicit ExampleSource(const SuiteRules& rules) : rules_(&rules) {}

  absl::Status ReadText(absl::string_view subset, const FewShotCorpus& corpus);
  absl::Status ReadExamples(absl::string_view subset, const FewShotCorpus& corpus);

  const SuiteRules* rules_;
  uint32_t shots_ = 0;
  std::string text_;
  std::span<const v1::Document> documents_;
  std::vector<std::string> examples_;  // of the documents, with what separates them from what follows
  bool excludes_question_ = false;
  CpythonRandom random_{1234};
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_EXAMPLE_SOURCE_H_
