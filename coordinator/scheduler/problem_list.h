// What is wrong with a pipeline, one line for each problem.
#ifndef BONSAI_COORDINATOR_SCHEDULER_PROBLEM_LIST_H_
#define BONSAI_COORDINATOR_SCHEDULER_PROBLEM_LIST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace bonsai {

class ProblemList {
 public:
  // The job that the problems found from now on are of; "" for the pipeline itself.
  void SetJob(absl::string_view name) {
    prefix_ = name.empty() ? "pipeline: " : absl::StrCat("job \"", name, "\": ");
  }

  // `job "a": pretrain.steps is 0: must be from 1 to 9`
  template <typename Value>
  void Add(absl::string_view field, const Value& value, absl::string_view valid) {
    AddLine(absl::StrCat(field, " is ", value, ": ", valid));
  }
  // The same with the value in quotes, and cut where it is long.
  void AddText(absl::string_view field, absl::string_view value, absl::string_view valid) {
    const bool cut = value.size() > kValueBytesMax;
    AddLine(absl::StrCat(field, " is \"", value.substr(0, kValueBytesMax), cut ? "..." : "", "\": ", valid));
  }
  void AddLine(absl::string_view line) {
    if (lines_.size() < kLinesMax)
      lines_.push_back(absl::StrCat(prefix_, line));
    else
      ++left_out_;
  }

  // InvalidArgument with every line; OK if there is none.
  absl::Status ToStatus() const {
    if (lines_.empty()) return absl::OkStatus();
    std::string message = absl::StrJoin(lines_, "\n");
    if (left_out_ > 0) absl::StrAppend(&message, "\nand ", left_out_, " more");
    return absl::InvalidArgumentError(message);
  }

  bool empty() const { return lines_.empty(); }

 private:
  static constexpr size_t kLinesMax = 50;
  static constexpr size_t kValueBytesMax = 100;

  std::string prefix_ = "pipeline: ";
  std::vector<std::string> lines_;
  size_t left_out_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_PROBLEM_LIST_H_
