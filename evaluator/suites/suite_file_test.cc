#include "evaluator/suites/suite_file.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kFolder[] = "deploy/suites";
constexpr char kSmallest[] = R"(
    name: "rivers" profile: "own" request: CHOICES prompt: "{q}" choices { list { path: "c" } }
    metrics { name: "acc" measure: "acc" })";

// The smallest suite with another text in the place of one of its own.
std::string Smallest(const std::string& from, const std::string& to) {
  EXPECT_NE(std::string(kSmallest).find(from), std::string::npos) << from;
  return absl::StrReplaceAll(kSmallest, {{from, to}});
}

std::string ErrorOf(const std::string& text) { return std::string(ParseSuite("t", text).status().message()); }

TEST(SuiteFile, EveryInstalledSuiteIsOne) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".textproto") continue;
    const std::string stem = entry.path().stem().string();
    const size_t dot = stem.find('.');
    const auto suite = LoadSuite(kFolder, stem.substr(0, dot), stem.substr(dot + 1));
    ASSERT_TRUE(suite.ok()) << suite.status();
    EXPECT_NE(suite->version(), "") << stem;
    EXPECT_NE(suite->title(), "") << stem;
    EXPECT_NE(suite->questions_home(), "") << stem;
    EXPECT_NE(suite->questions_licence(), "") << stem;
    EXPECT_EQ(suite->few_shot().rule() == v1::SuiteFewShot::NONE, suite->few_shot().file().empty()) << stem;
    EXPECT_EQ(suite->few_shot().file().empty(), suite->few_shot().home().empty()) << stem;
    ++files;
  }
  EXPECT_GE(files, 15u);
}

TEST(SuiteFile, AnUnknownSuiteListsTheKnownOnes) {
  const std::string unknown(LoadSuite(kFolder, "gsm9k", "").status().message());
  EXPECT_THAT(unknown,
              StartsWith("suite \"gsm9k\" is not installed; there are: arc_challenge, arc_easy, bbh, "));
  EXPECT_THAT(LoadSuite(kFolder, "gsm8k", "mine").status().message(),
              HasSubstr("profile \"mine\" of suite \"gsm8k\" is not there; valid: lmeval, opencompass"));
  EXPECT_THAT(LoadSuite(kFolder, "gsm8k", "").status().message(), HasSubstr("valid: lmeval, opencompass"));
  EXPECT_THAT(LoadSuite("nowhere", "gsm8k", "").status().message(), HasSubstr("folder of suites nowhere"));
}

TEST(SuiteFile, ASuitesOnlyProfileNeedsNoName) {
  const auto suite = LoadSuite(kFolder, "winogrande", "");
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_EQ(suite->profile(), "lmeval");
}

TEST(SuiteFile, AFileHoldsTheSuiteThatItsNameSays) {
  const std::string folder = ::testing::TempDir() + "suites";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/lakes.own.textproto") << kSmallest;
  EXPECT_THAT(LoadSuite(folder, "lakes", "own").status().message(),
              HasSubstr("holds the suite \"rivers.own\", which is not the file's name"));
}

TEST(SuiteFile, ErrorsNameTheFieldAndWhatWouldBeValid) {
  EXPECT_EQ(ErrorOf(kSmallest), "");
  EXPECT_THAT(ErrorOf("name: 3"), StartsWith("t:1:7: "));
  EXPECT_THAT(ErrorOf(Smallest("rivers", "../x")), HasSubstr("t: name \"../x\" must be of a-z"));
  EXPECT_THAT(ErrorOf(Smallest("{q}", "{q")), HasSubstr("t: prompt: at byte 0: a { without"));
  EXPECT_THAT(ErrorOf(Smallest("{q}", "")), HasSubstr("t: prompt: must be set"));
  EXPECT_THAT(ErrorOf(Smallest("CHOICES", "GENERATION")), HasSubstr("measure \"acc\" is not known"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, " metrics { name: 'acc' measure: 'acc' }")),
              HasSubstr("t: metrics \"acc\": there are two"));
  EXPECT_THAT(ErrorOf(Smallest("choices {", "choices { templates: 'a'")),
              HasSubstr("t: choices: set either templates or list"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, " few_shot { rule: TEXT }")),
              HasSubstr("{examples} goes with"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, " few_shot { shots: 65 }")), HasSubstr("must be at most 64"));
  EXPECT_THAT(ErrorOf("name: 'a' profile: 'b' request: GENERATION prompt: 'c' metrics { name: 'm' measure: "
                      "'exact_match' }"),
              HasSubstr("t: tokens_max: is 0; must be from 1 to 65536"));
  EXPECT_THAT(ErrorOf("name: 'a' profile: 'b' prompt: 'c' metrics { name: 'm' measure: 'acc' }"),
              HasSubstr("t: request: must be CHOICES"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, " stops: 'x'")),
              HasSubstr("t: request: stops, tokens_max and"));
  EXPECT_THAT(ErrorOf(Smallest("measure:", "skip_blank: true measure:")),
              HasSubstr("skip_blank go with GENERATION"));
  EXPECT_THAT(ErrorOf(std::string(kSuiteBytesMax + 1, ' ')), HasSubstr("are more than a suite has"));
}

TEST(SuiteFile, ASubsetsRulesStandInThePlaceOfTheSuites) {
  const auto suite = ParseSuite("t", absl::StrCat(kSmallest, R"(
      fields { name: "x" value: "1" }
      subsets { names: "a" names: "b" }
      subsets { names: "c" rules { prompt: "other {q}" fields { name: "y" } fields { name: "z" } } })"));
  ASSERT_TRUE(suite.ok()) << suite.status();
  EXPECT_THAT(SubsetNames(*suite), ElementsAre("a", "b", "c"));
  EXPECT_EQ(RulesOfSubset(*suite, "b").prompt(), "{q}");
  EXPECT_EQ(RulesOfSubset(*suite, "b").fields(0).name(), "x");
  EXPECT_EQ(RulesOfSubset(*suite, "c").prompt(), "other {q}");
  ASSERT_EQ(RulesOfSubset(*suite, "c").fields_size(), 2);
  EXPECT_EQ(RulesOfSubset(*suite, "c").fields(0).name(), "y");
  EXPECT_EQ(RulesOfSubset(*suite, "c").metrics(0).name(), "acc");
  EXPECT_TRUE(RulesOfSubset(*suite, "c").subsets().empty());

  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, "subsets { names: 'a' } subsets { names: 'a' }")),
              HasSubstr("subsets.names \"a\" must be there once"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, "subsets { names: 'a' rules { prompt: '}' } }")),
              HasSubstr("t: subset a: prompt: at byte 0"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kSmallest, "subsets { names: 'a' rules { name: 'x' } }")),
              HasSubstr("sets a name"));
}

TEST(SuiteFile, TheDigestIsOfWhatTheSuiteSaysAndNotOfItsLayout) {
  const auto suite = ParseSuite("t", kSmallest);
  const auto laid_out = ParseSuite("t", absl::StrCat("# a comment\n", kSmallest));
  const auto changed = ParseSuite("t", Smallest("{q}", "{q}?"));
  EXPECT_EQ(SuiteSha256(*suite).size(), 64u);
  EXPECT_EQ(SuiteSha256(*suite), SuiteSha256(*laid_out));
  EXPECT_NE(SuiteSha256(*suite), SuiteSha256(*changed));
}

}  // namespace
}  // namespace bonsai
