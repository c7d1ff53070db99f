#include "evaluator/sandbox/python_code_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "evaluator/sandbox/fake_sandbox.h"
#include "evaluator/sandbox/sandbox_testing.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Status NoProgress(uint64_t) { return absl::OkStatus(); }

CodeVerdict JudgeOne(Sandbox& sandbox, const CodeProgram& program) {
  PythonCodeJudge judge(sandbox, 1);
  const auto verdicts = judge.JudgeAll({&program, 1}, NoProgress);
  EXPECT_TRUE(verdicts.ok()) << verdicts.status();
  return verdicts.ok() ? verdicts->at(0) : CodeVerdict{};
}

CodeVerdict JudgeBody(Sandbox& sandbox, const std::string& body, const std::string& tests) {
  return JudgeOne(sandbox, {.program = "def f(x):\n    " + body + "\n",
                            .entry_point = "f",
                            .setup = "def f(x):\n    \"\"\"Does it.\"\"\"\n",
                            .test = "def check(candidate):\n    " + tests + "\n"});
}

TEST(PythonCodeJudge, PassesWhatPassesItsTests) {
  BONSAI_FIND_SANDBOX(sandbox);
  EXPECT_EQ(JudgeBody(sandbox, "return x + 1", "assert candidate(1) == 2"), (CodeVerdict{true, "passed"}));
  EXPECT_EQ(JudgeBody(sandbox, "return x + 2", "assert candidate(1) == 2"),
            (CodeVerdict{false, "a test raised AssertionError"}));
  EXPECT_EQ(JudgeBody(sandbox, "return y", "assert candidate(1) == 2"),
            (CodeVerdict{false, "the program raised NameError"}));
  EXPECT_EQ(JudgeBody(sandbox, "return (", "assert candidate(1) == 2"),
            (CodeVerdict{false, "the program raised SyntaxError"}));
  EXPECT_EQ(JudgeBody(sandbox, "pass", "assert g(1) == 2"), (CodeVerdict{false, "a test raised NameError"}));
}

TEST(PythonCodeJudge, PassesValuesOfEveryPlainTypeBothWays) {
  BONSAI_FIND_SANDBOX(sandbox);
  for (const char* value : {"None", "True", "0", "-3", "2**200", "1.5", "float('inf')",
                            "'text \\u00e9 \\ud800'", "b'bytes'", "(1, 'a')", "[1, [2, (3,)]]",
                            "{'a': [1], 2: None}", "{1, 2}", "frozenset([3])", "1+2j", "range(2, 8, 3)"}) {
    EXPECT_EQ(JudgeBody(sandbox, "return x",
                        absl::StrCat("v = ", value,
                                     "\n    r = candidate(v)\n    assert r == v and type(r) is type(v)")),
              (CodeVerdict{true, "passed"}))
        << value;
  }
}

TEST(PythonCodeJudge, KeepsWhatEqualsWhatInPython) {
  BONSAI_FIND_SANDBOX(sandbox);
  const auto passes = [&](const std::string& body, const std::string& tests) {
    return JudgeBody(sandbox, body, tests).passed;
  };
  EXPECT_TRUE(passes("import collections\n    return collections.Counter(x)",
                     "assert candidate('aab') == {'a': 2, 'b': 1}"));
  EXPECT_TRUE(passes("import collections\n    return collections.namedtuple('P', 'a b')(1, 2)",
                     "assert candidate(0) == (1, 2)"));
  EXPECT_TRUE(passes("import fractions\n    return fractions.Fraction(4, 2)", "assert candidate(0) == 2"));
  EXPECT_TRUE(passes("return (i for i in range(x))", "assert list(candidate(3)) == [0, 1, 2]"));
  EXPECT_FALSE(passes("return (i for i in range(x))", "assert candidate(3) == [0, 1, 2]"));
  EXPECT_FALSE(passes("return map(str, x)", "assert candidate([1]) == ['1']"));
  EXPECT_FALSE(passes("return lambda: x", "assert candidate(1) == 1"));
  // A result that is neither equal nor unequal to itself.
  EXPECT_FALSE(passes("return float('nan')", "r = candidate(1)\n    assert r == r"));
}

TEST(PythonCodeJudge, DoesToArgumentsWhatTheProgramDidAndKeepsItsState) {
  BONSAI_FIND_SANDBOX(sandbox);
  EXPECT_TRUE(
      JudgeBody(sandbox, "x.sort()", "a = [3, 1, 2]\n    candidate(a)\n    assert a == [1, 2, 3]").passed);
  EXPECT_TRUE(JudgeBody(sandbox, "x['k'] = 1", "a = {}\n    candidate(a)\n    assert a == {'k': 1}").passed);
  EXPECT_TRUE(JudgeBody(sandbox, "global n\n    n = globals().get('n', 0) + x\n    return n",
                        "candidate(2)\n    assert candidate(3) == 5")
                  .passed);
  EXPECT_TRUE(
      JudgeBody(sandbox, "raise ValueError('no')",
                "try:\n        candidate(1)\n    except ValueError:\n        return\n    assert False")
          .passed);
}

TEST(PythonCodeJudge, LetsTestsUseTheSetupAndTheFunctionsOwnName) {
  BONSAI_FIND_SANDBOX(sandbox);
  EXPECT_EQ(
      JudgeOne(
          sandbox,
          {.program = "def double(x):\n    return 2 * x\ndef quadruple(x):\n    return double(double(x))\n",
           .entry_point = "quadruple",
           .setup = "def double(x):\n    return 2 * x\ndef quadruple(x):\n",
           .test = "def check(candidate):\n    assert quadruple(3) == double(6) == candidate(3)\n"}),
      (CodeVerdict{true, "passed"}));
}

TEST(PythonCodeJudge, GivesTheSameVerdictsForAnyNumberOfThreads) {
  BONSAI_FIND_SANDBOX(sandbox);
  std::vector<CodeProgram> programs;
  for (int i = 0; i < 6; ++i) {
    programs.push_back({.program = absl::StrCat("def f(x):\n    return ", i % 3),
                        .entry_point = "f",
                        .setup = "",
                        .test = "def check(candidate):\n    assert candidate(0) == 1\n"});
  }
  PythonCodeJudge one(sandbox, 1), three(sandbox, 3);
  const auto verdicts = one.JudgeAll(programs, NoProgress);
  ASSERT_TRUE(verdicts.ok()) << verdicts.status();
  EXPECT_EQ(*verdicts, *three.JudgeAll(programs, NoProgress));
  EXPECT_TRUE((*verdicts)[1].passed && (*verdicts)[4].passed);
  EXPECT_FALSE((*verdicts)[0].passed || (*verdicts)[2].passed);
}

TEST(PythonCodeJudge, TellsProgressAndEndsWithItsStatus) {
  FakeSandbox sandbox([](const SandboxTask&) {
    return SandboxEnd{.exit_code = 0, .timed_out = false, .output = "", .report = "passed"};
  });
  PythonCodeJudge judge(sandbox, 2);
  const std::vector<CodeProgram> programs(5);
  uint64_t last = 0;
  ASSERT_TRUE(judge
                  .JudgeAll(programs,
                            [&](uint64_t done) {
                              EXPECT_GT(done, last);
                              last = done;
                              return absl::OkStatus();
                            })
                  .ok());
  EXPECT_EQ(last, 5u);
  const auto stopped = judge.JudgeAll(programs, [](uint64_t) { return absl::CancelledError("enough"); });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(judge.JudgeAll({}, NoProgress)->empty());
}

TEST(PythonCodeJudge, BelievesTheReportOnlyOfAnExaminationThatEndedWell) {
  SandboxEnd end;
  FakeSandbox sandbox([&](const SandboxTask&) { return end; });
  end = {.exit_code = 0, .timed_out = false, .output = "passed", .report = ""};
  EXPECT_FALSE(JudgeOne(sandbox, {}).passed);
  end = {.exit_code = 1, .timed_out = false, .output = "", .report = "passed"};
  EXPECT_FALSE(JudgeOne(sandbox, {}).passed);
  end = {.exit_code = 137, .timed_out = true, .output = "", .report = "passed"};
  EXPECT_EQ(JudgeOne(sandbox, {}), (CodeVerdict{false, "out of time"}));
  end = {.exit_code = 0, .timed_out = false, .output = "", .report = "passed\n"};
  EXPECT_FALSE(JudgeOne(sandbox, {}).passed);
}

TEST(PythonCodeJudge, FailsAsAWholeWhereTheSandboxFails) {
  FakeSandbox sandbox([](const SandboxTask&) { return absl::InternalError("a sandbox did not start"); });
  PythonCodeJudge judge(sandbox, 2);
  const std::vector<CodeProgram> programs(3);
  EXPECT_EQ(judge.JudgeAll(programs, NoProgress).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace bonsai
