// bonsai-run-data as an agent runs it: as a process that is killed and started again.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "runner/fake_runner_context.h"
#include "runner/runner_process_testing.h"
#include "storage/manifest.h"
#include "worker/data/gzip_bytes_testing.h"

namespace bonsai {
namespace {

constexpr char kProgram[] = "worker/data/bonsai-run-data";

// Documents of words, of which every seventh is one that was there before.
std::string Lines(uint32_t seed) {
  std::string lines;
  for (uint32_t i = 0; i < 900; ++i) {
    uint32_t state = i % 7 == 6 ? i / 7 : seed * 1000000 + i;
    std::string text;
    for (int word = 0; word < 200; ++word) {
      state = state * 1664525 + 1013904223;
      text += std::to_string(state >> 20) + " ";
    }
    lines += "{\"text\": \"" + text + "\"}\n";
  }
  return lines;
}

v1::DataSpec SpecOf(uint64_t checkpoint_every_bytes) {
  v1::DataSpec spec;
  spec.set_checkpoint_every_bytes(checkpoint_every_bytes);
  v1::DataSpec::Source& source = *spec.add_sources();
  source.set_dataset("numbers");
  source.set_format(v1::DataSpec::C4_JSON_GZ);
  for (uint32_t file = 0; file < 3; ++file) {
    const std::string path = testing::TempDir() + "/numbers." + std::to_string(file) + ".json.gz";
    std::ofstream(path, std::ios::binary) << GzipForTest(Lines(file + 1));
    source.add_paths(path);
  }
  return spec;
}

std::string FilesOf(BlobStore& blobs, const std::string& id) {
  const auto manifest = GetManifest(blobs, id);
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  std::string files;
  for (int i = 0; manifest.ok() && i < manifest->files_size(); ++i)
    files += manifest->files(i).path() + " " + manifest->files(i).blob().sha256() + "\n";
  return files;
}

TEST(DataProcess, KilledTwiceItGoesOnToTheSameBytes) {
  auto first = FakeRunnerContext::Create(testing::TempDir());
  *first->mutable_task().mutable_spec()->mutable_data() = SpecOf(0);
  RunnerProcess whole(kProgram, first->task());
  ASSERT_EQ(whole.Wait(), 0) << whole.Failure();

  std::vector<v1::Checkpoint> checkpoints;  // the newest first
  const auto task = [&](std::unique_ptr<FakeRunnerContext>& context) {
    context = FakeRunnerContext::Create(testing::TempDir(), first->task().storage_dir());
    *context->mutable_task().mutable_spec()->mutable_data() = SpecOf(1 << 18);
    for (const v1::Checkpoint& checkpoint : checkpoints) *context->mutable_task().add_resume() = checkpoint;
    return context->task();
  };
  const auto remember = [&](const RunnerProcess& process) {
    for (const v1::RunnerEvent& event : process.events()) {
      if (!event.has_checkpoint()) continue;
      v1::Checkpoint checkpoint;
      checkpoint.set_manifest_id(event.checkpoint().manifest_id());
      checkpoint.set_step(event.checkpoint().step());
      checkpoints.insert(checkpoints.begin(), checkpoint);
    }
  };
  std::unique_ptr<FakeRunnerContext> contexts[3];
  const uint64_t kKilledBehind[] = {1, 4};
  for (int attempt = 0; attempt < 2; ++attempt) {
    RunnerProcess killed(kProgram, task(contexts[attempt]));
    ASSERT_TRUE(killed.ReadUntilCheckpoint(kKilledBehind[attempt])) << killed.Failure();
    killed.Kill(SIGKILL);
    EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
    EXPECT_EQ(killed.Output(), "");
    remember(killed);
  }
  RunnerProcess resumed(kProgram, task(contexts[2]));
  ASSERT_EQ(resumed.Wait(), 0) << resumed.Failure();
  for (const v1::RunnerEvent& event : resumed.events()) {
    // It did not begin again.
    EXPECT_TRUE(!event.has_checkpoint() || event.checkpoint().step() > 4);
  }
  EXPECT_EQ(FilesOf(first->blobs(), resumed.Output()), FilesOf(first->blobs(), whole.Output()));
}

}  // namespace
}  // namespace bonsai
