#include "evaluator/suites/prompt_template.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

constexpr absl::string_view kLoopBegin = "#choices";
constexpr absl::string_view kLoopEnd = "/choices";

absl::Status Wrong(size_t at, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("at byte ", at, ": ", what));
}

bool IsPath(absl::string_view path) {
  if (path.empty() || path.front() == '#' || path.front() == '/') return false;
  return path.find_first_of("{}\n") == absl::string_view::npos;
}

}  // namespace

std::optional<std::string> FindFirst(absl::string_view paths, const FieldLookup& fields) {
  for (absl::string_view path : absl::StrSplit(paths, '|')) {
    if (std::optional<std::string> found = fields(path); found.has_value()) return found;
  }
  return std::nullopt;
}

absl::Status PromptTemplate::AddField(absl::string_view inside, size_t at, size_t loop) {
  Part part;
  part.loop = loop;
  // "{a|}": or nothing.
  if (absl::EndsWith(inside, "|")) {
    part.may_lack = true;
    inside.remove_suffix(1);
  }
  for (absl::string_view path : absl::StrSplit(inside, '|')) {
    if (!IsPath(path)) {
      return Wrong(at, absl::StrCat("\"{", inside,
                                    "}\" is no field; {{ and }} are braces, and the one loop is "
                                    "{#choices}...{/choices}"));
    }
    part.paths.emplace_back(path);
  }
  parts_.push_back(std::move(part));
  return absl::OkStatus();
}

absl::StatusOr<PromptTemplate> PromptTemplate::Parse(absl::string_view text) {
  if (text.size() > kBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a template of ", text.size(), " bytes; valid: at most ", kBytesMax));
  }
  PromptTemplate parsed;
  size_t loops = 0;
  size_t loop = 0;  // the one that is open, or 0
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty())
      parsed.parts_.push_back({.text = std::move(literal), .paths = {}, .may_lack = false, .loop = loop});
    literal.clear();
  };
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      i += 2;
    } else if (c == '}') {
      return Wrong(i, "a } without its {; }} is a brace");
    } else if (c == '{') {
      const size_t end = text.find('}', i);
      if (end == absl::string_view::npos) return Wrong(i, "a { without its }; {{ is a brace");
      const absl::string_view inside = text.substr(i + 1, end - i - 1);
      end_literal();
      if (inside == kLoopBegin) {
        if (loop != 0) return Wrong(i, "a loop within a loop");
        loop = ++loops;
      } else if (inside == kLoopEnd) {
        if (loop == 0) return Wrong(i, "{/choices} without its {#choices}");
        loop = 0;
      } else if (absl::Status status = parsed.AddField(inside, i, loop); !status.ok()) {
        return status;
      }
      if (parsed.parts_.size() > kPartsMax) return Wrong(i, absl::StrCat("more than ", kPartsMax, " parts"));
      i = end + 1;
    } else {
      literal += c;
      ++i;
    }
  }
  end_literal();
  if (loop != 0) return Wrong(text.size(), "{#choices} without its {/choices}");
  return parsed;
}

absl::Status PromptTemplate::RenderPart(const Part& part, const FieldLookup& fields, std::string& out) const {
  if (part.paths.empty()) {
    out += part.text;
  } else {
    std::optional<std::string> found;
    for (size_t i = 0; i < part.paths.size() && !found.has_value(); ++i) found = fields(part.paths[i]);
    if (!found.has_value() && !part.may_lack) {
      std::string paths = part.paths[0];
      for (size_t i = 1; i < part.paths.size(); ++i) absl::StrAppend(&paths, "|", part.paths[i]);
      return absl::InvalidArgumentError(absl::StrCat("no field \"", paths, "\""));
    }
    out += found.value_or("");
  }
  if (out.size() > kOutputBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a template gives more than ", kOutputBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PromptTemplate::Render(const FieldLookup& fields,
                                                   const std::vector<FieldLookup>& choices) const {
  std::string out;
  for (size_t i = 0; i < parts_.size();) {
    if (parts_[i].loop == 0) {
      if (absl::Status status = RenderPart(parts_[i], fields, out); !status.ok()) return status;
      ++i;
      continue;
    }
    size_t end = i;
    while (end < parts_.size() && parts_[end].loop == parts_[i].loop) ++end;
    for (const FieldLookup& choice : choices) {
      for (size_t j = i; j < end; ++j) {
        if (absl::Status status = RenderPart(parts_[j], choice, out); !status.ok()) return status;
      }
    }
    i = end;
  }
  return out;
}

bool PromptTemplate::Uses(absl::string_view name) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    return std::find(part.paths.begin(), part.paths.end(), name) != part.paths.end();
  });
}

}  // namespace bonsai
