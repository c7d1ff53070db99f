// The published questions of HumanEval: every published solution passes its tests in the sandbox, and no
// stub.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include "absl/strings/str_split.h"
#include "edge_runtime/model/json.h"
#include "edge_runtime/model/test_data.h"
#include "evaluator/sandbox/python_code_judge.h"
#include "evaluator/sandbox/sandbox_testing.h"

namespace bonsai {
namespace {

using ::testing::SizeIs;

struct Published {
  std::vector<CodeProgram> programs;  // their program is the prompt alone
  std::vector<std::string> solutions;
};

// Out of the gzip'd JSON lines.
Published ReadPublished(const std::string& path) {
  std::string text(1 << 20, '\0');
  gzFile file = gzopen(path.c_str(), "rb");
  text.resize(
      static_cast<size_t>(std::max(0, gzread(file, text.data(), static_cast<unsigned>(text.size())))));
  gzclose(file);
  Published published;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    std::string error;
    const auto record = edge::JsonValue::Parse(std::string(line), &error);
    EXPECT_TRUE(record) << error;
    if (!record) continue;
    const auto field = [&](const char* name) { return record->Find(name)->string(); };
    published.programs.push_back({.program = field("prompt"),
                                  .entry_point = field("entry_point"),
                                  .setup = field("prompt"),
                                  .test = field("test")});
    published.solutions.push_back(field("canonical_solution"));
  }
  return published;
}

// How many pass with these completions; prints why the others do not.
size_t CountPassed(Sandbox& sandbox, std::vector<CodeProgram> programs,
                   const std::vector<std::string>& completions) {
  for (size_t i = 0; i < programs.size(); ++i) programs[i].program += completions[i] + "\n";
  PythonCodeJudge judge(sandbox, static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  const auto verdicts = judge.JudgeAll(programs, [](uint64_t) { return absl::OkStatus(); });
  EXPECT_TRUE(verdicts.ok()) << verdicts.status();
  if (!verdicts.ok()) return 0;
  std::map<std::string, int> reasons;
  for (const CodeVerdict& verdict : *verdicts) ++reasons[verdict.why];
  for (const auto& [why, count] : reasons) std::printf("  %d: %s\n", count, why.c_str());
  return static_cast<size_t>(reasons["passed"]);
}

TEST(HumanEval, PassesAllOfThePublishedSolutionsAndNoStub) {
  BONSAI_FIND_TEST_DATA(path, "eval/humaneval/HumanEval.jsonl.gz");
  BONSAI_FIND_SANDBOX(sandbox);
  const Published published = ReadPublished(path);
  ASSERT_THAT(published.programs, SizeIs(164));
  EXPECT_EQ(CountPassed(sandbox, published.programs, published.solutions), 164u);
  EXPECT_EQ(CountPassed(sandbox, published.programs, std::vector<std::string>(164, "    pass\n")), 0u);
}

}  // namespace
}  // namespace bonsai
