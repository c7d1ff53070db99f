#include "edge_runtime/farm/build_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "edge_runtime/engine/bundle.h"
#include "edge_runtime/farm/engine_compiler.h"
#include "edge_runtime/model/model_fixture.h"
#include "runner/fake_runner_context.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

constexpr char kMain[] =
    "#include \"edge_runtime/engine/part.h\"\n#include <cstdio>\n"
    "int main() { std::printf(\"%s %s\\n\", Part(), __FILE__); }\n";
constexpr char kPart[] = "#include \"edge_runtime/engine/part.h\"\nconst char* Part() { return \"part\"; }\n";
constexpr char kHost[] =
    "name: \"host\" compiler: \"g++\" compile_flags: \"-O1\" link_flags: \"-static\" elf_machine: 62";

void Write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

// An installed tree with a two-file "engine".
std::string NewShare(const std::string& name) {
  const std::string share = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(share);
  Write(share + "/engine/edge_runtime/engine/main.cc", kMain);
  Write(share + "/engine/edge_runtime/engine/part.cc", kPart);
  Write(share + "/engine/edge_runtime/engine/part.h", "#pragma once\nconst char* Part();\n");
  Write(share + "/targets/host/target.textproto", kHost);
  return share;
}

struct Outcome {
  std::unique_ptr<FakeRunnerContext> context;
  absl::Status status;
};

Outcome Build(const std::string& share, const std::string& target = "host",
              const std::map<std::string, std::string>& model = edge::FixtureFiles(edge::FixtureConfig(),
                                                                                   7)) {
  Outcome outcome{FakeRunnerContext::Create(testing::TempDir()), {}};
  v1::Task& task = outcome.context->mutable_task();
  task.set_share_dir(share);
  task.mutable_spec()->mutable_build()->set_target(target);
  task.mutable_spec()->mutable_resources()->set_cpus(2);
  outcome.context->AddInput("build.model", "export", model);
  outcome.status = RunBuild(*outcome.context);
  return outcome;
}

bool Lacks(const char* program) { return !std::filesystem::exists(std::string("/usr/bin/") + program); }

TEST(BuildRunner, MakesOneStaticExecutableWithTheModelInside) {
  Outcome outcome = Build(NewShare("share_one"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  const v1::Manifest manifest = outcome.context->Output().value();
  EXPECT_EQ(manifest.kind(), "bundle");
  EXPECT_EQ(FindProperty(manifest, "target"), "host");
  EXPECT_THAT(FindProperty(manifest, "compiler"), HasSubstr("g++"));
  EXPECT_EQ(FindProperty(manifest, "engine_sources_sha256").size(), 64u);
  const std::string bundle = outcome.context->OutputFile("bonsai-bundle").value();
  std::map<std::string, std::span<const uint8_t>> sections;
  std::string error;
  ASSERT_TRUE(edge::ReadBundle({reinterpret_cast<const uint8_t*>(bundle.data()), bundle.size()}, true,
                               &sections, &error))
      << error;
  for (const auto& [name, bytes] : edge::FixtureFiles(edge::FixtureConfig(), 7)) {
    EXPECT_TRUE(std::string(sections[name].begin(), sections[name].end()) == bytes) << name;
  }
  // It runs, and names its source without the builder's folders.
  const std::string path = testing::TempDir() + "/built";
  std::ofstream(path, std::ios::binary) << bundle;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  FILE* pipe = popen(path.c_str(), "r");
  char line[200] = {};
  EXPECT_NE(fgets(line, sizeof(line), pipe), nullptr);
  pclose(pipe);
  EXPECT_STREQ(line, "part edge_runtime/engine/main.cc\n");
}

TEST(BuildRunner, GivesTheSameBytesFromAnotherFolder) {
  Outcome a = Build(NewShare("share_a"));
  Outcome b = Build(NewShare("another/share_b"));
  ASSERT_TRUE(a.status.ok()) << a.status;
  ASSERT_TRUE(b.status.ok()) << b.status;
  EXPECT_EQ(a.context->Output()->files(0).blob().sha256(), b.context->Output()->files(0).blob().sha256());
}

TEST(BuildRunner, AnUnknownTargetIsAnsweredWithThoseThatThereAre) {
  for (const char* target : {"toaster", "", "../host", "Host"}) {
    const Outcome outcome = Build(NewShare("share_unknown"), target);
    EXPECT_EQ(outcome.status.code(), absl::StatusCode::kInvalidArgument) << target;
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("known are: host"));
  }
}

TEST(BuildRunner, AMissingCompilerIsNamedWithItsPackage) {
  const std::string share = NewShare("share_missing");
  Write(share + "/targets/moon/target.textproto",
        "name: \"moon\" compiler: \"moon-linux-gnu-g++-12\" elf_machine: 62");
  const Outcome outcome = Build(share, "moon");
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("package g++-12-moon-linux-gnu has it"));
  EXPECT_EQ(CompilerPackage("riscv64-linux-gnu-g++-12"), "g++-12-riscv64-linux-gnu");
  EXPECT_EQ(CompilerPackage("/usr/bin/g++"), "g++");
}

TEST(BuildRunner, RefusesWhatDoesNotCompileOrIsNotWhatTheTargetNeeds) {
  const std::string share = NewShare("share_wrong");
  const struct {
    std::string target;
    std::string message;
  } cases[] = {
      {"name: \"host\" compiler: \"g++\" elf_machine: 62", "lack -static"},
      {"name: \"host\" compiler: \"g++\" link_flags: \"-static\" elf_machine: 183", "needs aarch64"},
      {"name: \"host\" compiler: \"g++\" compile_flags: \"-DPart=1\" elf_machine: 62",
       "edge_runtime/engine/"},
      {"name: \"host\" compiler: \"g++\" link_flags: \"-lno_such_library\" elf_machine: 62",
       "g++ link failed"},
      {"name: \"other\" compiler: \"g++\" elf_machine: 62", "name is its folder's"},
      {"name: \"host\" compilr: \"g++\"", "compilr"},
  };
  for (const auto& c : cases) {
    Write(share + "/targets/host/target.textproto", c.target);
    const Outcome outcome = Build(share);
    EXPECT_FALSE(outcome.status.ok()) << c.target;
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr(c.message)) << c.target;
    EXPECT_FALSE(outcome.context->Output().ok());
  }
}

TEST(BuildRunner, AModelThatLacksAFileIsRefused) {
  auto model = edge::FixtureFiles(edge::FixtureConfig(), 7);
  model.erase("tokenizer.model");
  const Outcome outcome = Build(NewShare("share_model"), "host", model);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("has no file tokenizer.model"));
}

TEST(BuildRunner, AnInstallationWithoutSourcesIsRefused) {
  const std::string share = NewShare("share_empty");
  std::filesystem::remove_all(share + "/engine");
  EXPECT_EQ(Build(share).status.code(), absl::StatusCode::kNotFound);
  std::filesystem::create_directories(share + "/engine");
  EXPECT_EQ(Build(share).status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(BuildRunner, CompilesForAnotherMachine) {
  if (Lacks("aarch64-linux-gnu-g++-12"))
    GTEST_SKIP() << "skipped: no cross compiler (aarch64-linux-gnu-g++-12)";
  const std::string share = NewShare("share_cross");
  Write(share + "/targets/phone/target.textproto",
        "name: \"phone\" compiler: \"aarch64-linux-gnu-g++-12\" link_flags: \"-static\" elf_machine: 183");
  const Outcome outcome = Build(share, "phone");
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
}

}  // namespace
}  // namespace bonsai
