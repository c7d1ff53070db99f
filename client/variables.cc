#include "client/variables.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace bonsai {
namespace {

constexpr size_t kProblemsMax = 20;

bool IsBareWord(absl::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '+' || c == '-';
  });
}

// Walks the text once, knowing whether it is in a comment or in quotes.
class Expansion {
 public:
  Expansion(absl::string_view text, absl::string_view file,
            const std::map<std::string, std::string>& settings)
      : text_(text), file_(file), settings_(settings) {}

  absl::StatusOr<ExpandedText> Run() {
    while (at_ < text_.size()) Step();
    for (const auto& [name, value] : settings_) {
      if (used_.count(name) > 0) continue;
      problems_.push_back(absl::StrCat(
          "--set ", name, ": ", file_, " has no ${", name, "}; it has ",
          used_.empty() ? "no variables" : absl::StrCat("${", absl::StrJoin(used_, "}, ${"), "}")));
    }
    if (problems_.empty()) return std::move(result_);
    if (problems_.size() > kProblemsMax) {
      const size_t more = problems_.size() - kProblemsMax;
      problems_.resize(kProblemsMax);
      problems_.push_back(absl::StrCat("... and ", more, " more"));
    }
    return absl::InvalidArgumentError(absl::StrJoin(problems_, "\n"));
  }

 private:
  void Step() {
    const char c = text_[at_];
    if (c == '\n') {
      Copy(1);
      ++line_;
      line_begin_ = at_;
      result_line_begin_ = result_.text.size();
      quote_ = 0;  // a string ends with its line; the parser will say so
      comment_ = false;
    } else if (comment_) {
      Copy(1);
    } else if (quote_ != 0 && c == '\\') {
      Copy(2);
    } else if (absl::StartsWith(text_.substr(at_), "$${")) {
      Replace(3, "${");
    } else if (absl::StartsWith(text_.substr(at_), "${")) {
      ReplaceVariable();
    } else {
      if (c == quote_) {
        quote_ = 0;
      } else if (quote_ == 0 && (c == '"' || c == '\'')) {
        quote_ = c;
      } else if (quote_ == 0 && c == '#') {
        comment_ = true;
      }
      Copy(1);
    }
  }

  void Copy(size_t size) {
    const absl::string_view part = text_.substr(at_, size);
    result_.text.append(part.data(), part.size());
    at_ += part.size();
  }

  void Replace(size_t size, absl::string_view value) {
    result_.replacements.push_back(
        {line_, result_.text.size() - result_line_begin_, value.size(), at_ - line_begin_, size});
    result_.text.append(value.data(), value.size());
    at_ += size;
  }

  void Problem(absl::string_view what) {
    problems_.push_back(absl::StrCat(file_, ":", line_ + 1, ":", at_ - line_begin_ + 1, ": ", what));
  }

  void ReplaceVariable() {
    const absl::string_view line = text_.substr(at_, text_.find('\n', at_) - at_);
    const size_t end = line.find('}');
    const absl::string_view inside = line.substr(2, end == absl::string_view::npos ? 0 : end - 2);
    const size_t dash = inside.find(":-");
    const std::string name(inside.substr(0, dash));
    if (end == absl::string_view::npos || !IsVariableName(name)) {
      Problem("a variable is written ${name} or ${name:-default}, on one line");
      Copy(2);
      return;
    }
    used_.insert(name);
    const auto setting = settings_.find(name);
    std::string value;
    if (setting != settings_.end()) {
      value = quote_ != 0 ? absl::CEscape(setting->second) : setting->second;
      if (quote_ == 0 && !IsBareWord(value)) {
        Problem(absl::StrCat("${", name, "} stands outside of quotes, so --set ", name,
                             " must give a number or a name, not \"", absl::CEscape(value), "\""));
      }
    } else if (dash != absl::string_view::npos) {
      value = std::string(inside.substr(dash + 2));
    } else if (missing_.insert(name).second) {
      Problem(absl::StrCat("${", name, "} is not set; give it with --set ", name, "=VALUE (", Given(), ")"));
    }
    Replace(end + 1, value);
  }

  std::string Given() const {
    if (settings_.empty()) return "there is no --set";
    return absl::StrCat("--set gives ",
                        absl::StrJoin(settings_, ", ", [](std::string* out, const auto& setting) {
                          absl::StrAppend(out, setting.first);
                        }));
  }

  const absl::string_view text_;
  const absl::string_view file_;
  const std::map<std::string, std::string>& settings_;
  ExpandedText result_;
  std::vector<std::string> problems_;
  std::set<std::string> used_, missing_;
  size_t at_ = 0;
  size_t line_ = 0, line_begin_ = 0, result_line_begin_ = 0;
  char quote_ = 0;  // the quote that will end the string; 0 outside of strings
  bool comment_ = false;
};

}  // namespace

bool IsVariableName(absl::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

size_t ExpandedText::OriginalColumn(size_t line, size_t column) const {
  size_t original = column;
  for (const Replacement& r : replacements) {
    if (r.line != line || column < r.begin) continue;
    if (column < r.begin + r.size) return r.original_begin;
    original = column - (r.begin + r.size) + r.original_begin + r.original_size;
  }
  return original;
}

absl::StatusOr<ExpandedText> ReplaceVariables(absl::string_view text, absl::string_view file,
                                              const std::map<std::string, std::string>& settings) {
  return Expansion(text, file, settings).Run();
}

}  // namespace bonsai
