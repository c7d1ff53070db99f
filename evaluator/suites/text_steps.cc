#include "evaluator/suites/text_steps.h"

#include <re2/re2.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/utf8.h"
#include "evaluator/white_space.h"

namespace bonsai {
namespace {

using Step = v1::TextStep;

// Groups of a match that are looked at; 0 is the whole of it.
constexpr int kGroupsMax = 16;
constexpr int64_t kPatternMemory = int64_t{8} << 20;

size_t CharacterBytes(absl::string_view text, size_t at) {
  return edge::Utf8Length(std::string_view(text.data() + at, text.size() - at));
}

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompilePattern(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemory);
  auto compiled = std::make_shared<const re2::RE2>(pattern, options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the pattern \"", pattern, "\" is not RE2's: ", compiled->error()));
  }
  if (compiled->NumberOfCapturingGroups() >= kGroupsMax) {
    return absl::InvalidArgumentError(absl::StrCat("the pattern \"", pattern, "\" has ",
                                                   compiled->NumberOfCapturingGroups(),
                                                   " groups; valid: below ", kGroupsMax));
  }
  return compiled;
}

// What a match keeps.
std::string Kept(const Step::Regex& regex, const re2::StringPiece (&groups)[kGroupsMax], int groups_count) {
  if (!regex.filled_group()) return std::string(groups[regex.group()].data(), groups[regex.group()].size());
  for (int i = 1; i <= groups_count; ++i) {
    if (!groups[i].empty()) return std::string(groups[i].data(), groups[i].size());
  }
  return regex.otherwise();
}

// Matches as Python's re.findall takes them: from left to right, not overlapping, one that is empty moves on
// by one character.
std::string Match(const Step::Regex& regex, const re2::RE2& pattern, const std::string& text) {
  const int groups_count = pattern.NumberOfCapturingGroups();
  re2::StringPiece groups[kGroupsMax];
  std::vector<std::string> found;
  for (size_t at = 0; at <= text.size();) {
    if (!pattern.Match(text, at, text.size(), re2::RE2::UNANCHORED, groups, groups_count + 1)) break;
    if (regex.which() == Step::Regex::LAST) found.clear();
    found.push_back(Kept(regex, groups, groups_count));
    if (regex.which() == Step::Regex::FIRST ||
        (regex.which() == Step::Regex::EACH && regex.matches_max() > 0 &&
         found.size() >= regex.matches_max())) {
      break;
    }
    const size_t end = groups[0].data() + groups[0].size() - text.data();
    at = groups[0].empty() ? end + std::max<size_t>(1, CharacterBytes(text, end)) : end;
  }
  if (found.empty()) return regex.has_otherwise() ? regex.otherwise() : text;
  std::string joined = found[0];
  for (size_t i = 1; i < found.size(); ++i) absl::StrAppend(&joined, regex.separator(), found[i]);
  return joined;
}

std::string Replaced(const Step::Replace& replace, const re2::RE2* pattern, std::string text,
                     const FieldLookup& fields) {
  std::string with = replace.with();
  if (!replace.with_field().empty()) {
    with = fields ? fields(replace.with_field()).value_or("") : "";
    if (pattern != nullptr) with = absl::StrReplaceAll(with, {{"\\", "\\\\"}});
  }
  if (pattern == nullptr) return absl::StrReplaceAll(text, {{replace.pattern(), with}});
  re2::RE2::GlobalReplace(&text, *pattern, with);
  return text;
}

std::string Unescaped(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'n') {
      out += '\n';
    } else if (c == 't') {
      out += '\t';
    } else if (c == '\\' || c == '\'' || c == '"' || c == '/') {
      out += c;
    } else {
      out += '\\';
      out += c;
    }
  }
  return out;
}

std::string Capitalized(absl::string_view text) {
  std::string out = absl::AsciiStrToLower(text);
  if (!out.empty()) out[0] = absl::ascii_toupper(out[0]);
  return out;
}

std::string JsonMember(const std::string& text, const std::string& name) {
  std::string error;
  const std::optional<edge::JsonValue> json = edge::JsonValue::Parse(text, &error);
  const edge::JsonValue* member = json.has_value() ? json->Find(name) : nullptr;
  return member == nullptr ? "" : member->string();
}

std::string Apply(const Step& step, const re2::RE2* pattern, std::string text, const FieldLookup& fields) {
  size_t at = 0;
  switch (step.step_case()) {
    case Step::kRegex:
      return Match(step.regex(), *pattern, text);
    case Step::kReplace:
      return Replaced(step.replace(), pattern, std::move(text), fields);
    case Step::kCutAt:
      return text.substr(0, text.find(step.cut_at()));
    case Step::kAfter:
      at = text.find(step.after());
      return at == std::string::npos ? text : text.substr(at + step.after().size());
    case Step::kStrip:
      return std::string(StripSpace(text));
    case Step::kLower:
      return absl::AsciiStrToLower(text);
    case Step::kCapitalize:
      return Capitalized(text);
    case Step::kDropEnd:
      return absl::EndsWith(text, step.drop_end()) ? text.substr(0, text.size() - step.drop_end().size())
                                                   : text;
    case Step::kUnescape:
      return Unescaped(text);
    case Step::kIfEmpty:
      return text.empty() ? step.if_empty() : text;
    case Step::kJsonMemberField:
      return JsonMember(text, fields ? fields(step.json_member_field()).value_or("") : "");
    case Step::STEP_NOT_SET:
      break;
  }
  return text;
}

// A text that a step looks for; none if the step has no such text.
const std::string* Sought(const Step& step) {
  switch (step.step_case()) {
    case Step::kRegex:
      return &step.regex().pattern();
    case Step::kReplace:
      return &step.replace().pattern();
    case Step::kCutAt:
      return &step.cut_at();
    case Step::kAfter:
      return &step.after();
    case Step::kDropEnd:
      return &step.drop_end();
    default:
      return nullptr;
  }
}

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompileStep(const Step& step) {
  if (step.step_case() == Step::STEP_NOT_SET) return absl::InvalidArgumentError("names no step");
  if (const std::string* sought = Sought(step); sought != nullptr && sought->empty()) {
    return absl::InvalidArgumentError("looks for an empty text");
  }
  const bool has_pattern = step.has_regex() || (step.has_replace() && !step.replace().literal());
  if (!has_pattern) return std::shared_ptr<const re2::RE2>();
  auto pattern = CompilePattern(*Sought(step));
  if (!pattern.ok()) return pattern.status();
  std::string error;
  if (step.has_regex() && static_cast<int>(step.regex().group()) > (*pattern)->NumberOfCapturingGroups()) {
    return absl::InvalidArgumentError(absl::StrCat("group ", step.regex().group(), " of a pattern with ",
                                                   (*pattern)->NumberOfCapturingGroups()));
  }
  if (step.has_replace() && !(*pattern)->CheckRewriteString(step.replace().with(), &error)) {
    return absl::InvalidArgumentError(absl::StrCat("with \"", step.replace().with(), "\": ", error));
  }
  return pattern;
}

}  // namespace

absl::StatusOr<TextSteps> TextSteps::Compile(const google::protobuf::RepeatedPtrField<v1::TextStep>& steps) {
  if (steps.size() > kStepsMax) {
    return absl::InvalidArgumentError(absl::StrCat(steps.size(), " steps; valid: at most ", kStepsMax));
  }
  TextSteps compiled;
  for (const v1::TextStep& step : steps) {
    absl::StatusOr<std::shared_ptr<const re2::RE2>> pattern = CompileStep(step);
    if (!pattern.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("step ", compiled.steps_.size() + 1, " ", pattern.status().message()));
    }
    compiled.steps_.push_back({step, *std::move(pattern)});
  }
  return compiled;
}

std::string TextSteps::Apply(absl::string_view text, const FieldLookup& fields) const {
  std::string result = ValidUtf8(text);
  for (const Compiled& compiled : steps_) {
    result = bonsai::Apply(compiled.step, compiled.pattern.get(), std::move(result), fields);
  }
  return result;
}

std::string ValidUtf8(absl::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = CharacterBytes(text, i);
    if (length == 0) {
      valid += edge::kReplacementCharacter;
      ++i;
    } else {
      valid.append(text.data() + i, length);
      i += length;
    }
  }
  return valid;
}

}  // namespace bonsai
