#include "evaluator/suites/suite_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/suites/suite_rules.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "storage/digest.h"

namespace bonsai {
namespace {

constexpr char kSuffix[] = ".textproto";
constexpr int kSubsetsMax = 256;

// Keeps the first error: the ones after it follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(absl::string_view file) : file_(file) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!text_.empty()) return;
    // The parser counts from 0, and says -1 where it knows no place.
    text_ = line < 0 ? absl::StrCat(file_, ": ", message)
                     : absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ", message);
  }

  const std::string& text() const { return text_; }

 private:
  std::string file_;
  std::string text_;
};

bool IsName(absl::string_view name) {
  constexpr absl::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  return !name.empty() && kFirst.find(name[0]) != absl::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == absl::string_view::npos;
}

absl::Status Compiles(absl::string_view file, const v1::Suite& suite) {
  const absl::StatusOr<SuiteRules> rules = CompileSuite(suite);
  if (rules.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", rules.status().message()));
}

absl::Status CheckSubsets(absl::string_view file, const v1::Suite& suite) {
  std::set<std::string> names;
  for (const v1::Suite::Subset& subset : suite.subsets()) {
    if (subset.rules().subsets_size() > 0 || !subset.rules().name().empty() ||
        !subset.rules().profile().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": subsets.rules: sets a name, a profile or subsets"));
    }
    if (subset.names().empty())
      return absl::InvalidArgumentError(absl::StrCat(file, ": subsets: one has no name"));
    for (const std::string& name : subset.names()) {
      if (!IsName(name) || !names.insert(name).second) {
        return absl::InvalidArgumentError(
            absl::StrCat(file, ": subsets.names \"", name, "\" must be there once, of a-z, 0-9, _ and -"));
      }
    }
    const absl::Status status =
        Compiles(absl::StrCat(file, ": subset ", subset.names(0)), RulesOfSubset(suite, subset.names(0)));
    if (!status.ok()) return status;
  }
  if (names.size() > kSubsetsMax) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", names.size(), " subsets; valid: at most 256"));
  }
  return absl::OkStatus();
}

// "<suite>.<profile>" of each installed suite, sorted.
absl::StatusOr<std::vector<std::string>> InstalledSuites(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> stems;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (absl::EndsWith(name, kSuffix)) stems.push_back(name.substr(0, name.size() - sizeof(kSuffix) + 1));
  }
  if (error) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the folder of suites ", folder, ": ", error.message()));
  }
  std::sort(stems.begin(), stems.end());
  return stems;
}

// The stem of the one suite that name and profile stand for.
absl::StatusOr<std::string> FindStem(const std::vector<std::string>& stems, absl::string_view name,
                                     absl::string_view profile) {
  std::vector<std::string> profiles;
  std::set<std::string> names;
  for (const std::string& stem : stems) {
    names.insert(stem.substr(0, stem.find('.')));
    if (absl::StartsWith(stem, absl::StrCat(name, "."))) profiles.push_back(stem.substr(name.size() + 1));
  }
  if (profiles.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("suite \"", name, "\" is not installed; there are: ", absl::StrJoin(names, ", ")));
  }
  if (profile.empty() && profiles.size() == 1) return absl::StrCat(name, ".", profiles[0]);
  if (std::find(profiles.begin(), profiles.end(), profile) == profiles.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("profile \"", profile, "\" of suite \"", name,
                     "\" is not there; valid: ", absl::StrJoin(profiles, ", ")));
  }
  return absl::StrCat(name, ".", profile);
}

}  // namespace

absl::StatusOr<v1::Suite> ParseSuite(absl::string_view file, absl::string_view text) {
  if (text.size() > kSuiteBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": ", text.size(), " bytes are more than a suite has (", kSuiteBytesMax, ")"));
  }
  FirstError error(file);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(16);
  v1::Suite suite;
  if (!parser.ParseFromString(std::string(text), &suite)) return absl::InvalidArgumentError(error.text());
  if (!IsName(suite.name())) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": name \"", suite.name(),
                     "\" must be of a-z, 0-9, _ and -, and begin with a letter or digit"));
  }
  if (!IsName(suite.profile())) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": profile \"", suite.profile(), "\" must be of a-z, 0-9, _ and -"));
  }
  absl::Status status = suite.subsets().empty() ? Compiles(file, suite) : CheckSubsets(file, suite);
  if (!status.ok()) return status;
  return suite;
}

absl::StatusOr<v1::Suite> LoadSuite(const std::string& folder, absl::string_view name,
                                    absl::string_view profile) {
  const absl::StatusOr<std::vector<std::string>> stems = InstalledSuites(folder);
  if (!stems.ok()) return stems.status();
  const absl::StatusOr<std::string> stem = FindStem(*stems, name, profile);
  if (!stem.ok()) return stem.status();
  const std::string path = absl::StrCat(folder, "/", *stem, kSuffix);
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  if (size > kSuiteBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", size, " bytes are more than a suite has"));
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  absl::StatusOr<v1::Suite> suite = ParseSuite(path, text);
  if (suite.ok() && absl::StrCat(suite->name(), ".", suite->profile()) != *stem) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds the suite \"", suite->name(), ".",
                                                   suite->profile(), "\", which is not the file's name"));
  }
  return suite;
}

bool IsInstalled(const std::string& folder, absl::string_view name) {
  const absl::StatusOr<std::vector<std::string>> stems = InstalledSuites(folder);
  return stems.ok() && std::any_of(stems->begin(), stems->end(), [&](const std::string& stem) {
           return absl::StartsWith(stem, absl::StrCat(name, "."));
         });
}

v1::Suite RulesOfSubset(const v1::Suite& suite, absl::string_view subset) {
  v1::Suite rules = suite;
  rules.clear_subsets();
  const google::protobuf::Reflection* reflection = v1::Suite::GetReflection();
  for (const v1::Suite::Subset& candidate : suite.subsets()) {
    if (std::find(candidate.names().begin(), candidate.names().end(), subset) == candidate.names().end())
      continue;
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection->ListFields(candidate.rules(), &fields);
    for (const google::protobuf::FieldDescriptor* field : fields) reflection->ClearField(&rules, field);
    rules.MergeFrom(candidate.rules());
  }
  return rules;
}

std::vector<std::string> SubsetNames(const v1::Suite& suite) {
  std::vector<std::string> names;
  for (const v1::Suite::Subset& subset : suite.subsets()) {
    names.insert(names.end(), subset.names().begin(), subset.names().end());
  }
  return names;
}

std::string SuiteSha256(const v1::Suite& suite) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  suite.SerializeToCodedStream(&coded);
  coded.Trim();
  return Sha256Hex(bytes);
}

}  // namespace bonsai
