// The small language of suites' templates: text with fields put into it, and one loop, over a question's
// choices. proto/bonsai/v1/suite.proto says what a template may hold. Parsed once, when a suite is read, and
// rendered for each question; it comes from users' task files, so its size and its output are bounded.
//
// Immutable once parsed; safe for concurrent use.
#ifndef BONSAI_EVALUATOR_SUITES_PROMPT_TEMPLATE_H_
#define BONSAI_EVALUATOR_SUITES_PROMPT_TEMPLATE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// The text of a field, by its name or path; nullopt if there is none.
using FieldLookup = std::function<std::optional<std::string>(absl::string_view path)>;

class PromptTemplate {
 public:
  static constexpr size_t kBytesMax = size_t{1} << 16;
  static constexpr size_t kPartsMax = 1024;
  static constexpr size_t kOutputBytesMax = size_t{16} << 20;

  PromptTemplate() = default;

  // InvalidArgument says what is wrong at which byte: a brace that is not closed, an empty path, a loop over
  // something else than choices or within another, more than the bounds above.
  static absl::StatusOr<PromptTemplate> Parse(absl::string_view text);

  // The template's text with its fields. `choices` has one lookup for each choice, which also finds what
  // `fields` does. InvalidArgument names the first field that is not there; or the output is too long.
  absl::StatusOr<std::string> Render(const FieldLookup& fields,
                                     const std::vector<FieldLookup>& choices = {}) const;

  bool empty() const { return parts_.empty(); }
  // Whether the field of this name is put in anywhere.
  bool Uses(absl::string_view name) const;

 private:
  struct Part {
    std::string text;                // put in as it is, or
    std::vector<std::string> paths;  // the first of these that is there
    bool may_lack = false;           // nothing, where none of them is there
    size_t loop = 0;                 // which loop of the template, from 1; 0 outside of loops
  };

  absl::Status AddField(absl::string_view inside, size_t at, size_t loop);
  absl::Status RenderPart(const Part& part, const FieldLookup& fields, std::string& out) const;

  std::vector<Part> parts_;
};

// The first of "a|b|c" that `fields` finds; nullopt if none is there.
std::optional<std::string> FindFirst(absl::string_view paths, const FieldLookup& fields);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_PROMPT_TEMPLATE_H_
