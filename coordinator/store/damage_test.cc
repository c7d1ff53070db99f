// Bit flips and truncations of the database's files, eighty of them, each with a seed: the store refuses to
// open or to load, naming its folder, or gives back everything that was acknowledged. Never a part of it,
// never anything else, never a crash. storage/damage_test.cc does the same to blobs and manifests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "coordinator/store/rocksdb_record_store.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

constexpr int kSeeds = 80;
constexpr int kJobs = 40;

std::string Id(int i) { return absl::StrCat("p1/job", i); }

// Everything that a store holds, as text; or the first error.
absl::StatusOr<std::string> ReadAll(const std::string& folder) {
  auto store = OpenRocksdbRecordStore(folder);
  if (!store.ok()) return store.status();
  absl::StatusOr<Records> records = (*store)->Load();
  if (!records.ok()) return records.status();
  std::string all = absl::StrCat(records->counters.next_job_sequence);
  for (const auto& [id, job] : records->jobs) absl::StrAppend(&all, job.SerializeAsString());
  for (const auto& [id, artifact] : records->artifacts) absl::StrAppend(&all, artifact.SerializeAsString());
  for (int i = 0; i < kJobs; ++i) {
    auto history = (*store)->ReadHistory(Id(i), 0, 1000);
    if (!history.ok()) return history.status();
    for (const v1::HistoryEntry& entry : *history) absl::StrAppend(&all, entry.SerializeAsString());
  }
  return all;
}

void CommitJob(RecordStore& store, int i) {
  RecordBatch batch;
  batch.counters = Counters{2, static_cast<uint64_t>(i + 2), static_cast<uint64_t>(i + 1)};
  v1::JobRecord& job = batch.jobs.emplace_back();
  job.set_id(Id(i));
  job.set_reason(std::string(300, static_cast<char>('a' + i % 26)));
  batch.artifacts.emplace_back().set_id(std::string(64, static_cast<char>('a' + i % 26)));
  v1::HistoryEntry& entry = batch.history.emplace_back();
  entry.set_job_id(Id(i));
  entry.set_number(1);
  entry.set_what("submitted");
  ASSERT_TRUE(store.Commit(batch).ok());
}

// A database with tables (of what was there when it was opened last) and a log (of what came after).
void MakeDatabase(const std::string& folder) {
  for (int part = 0; part < 3; ++part) {
    auto store = OpenRocksdbRecordStore(folder);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Load().ok());
    for (int i = part * kJobs / 3; i < (part + 1) * kJobs / 3; ++i) CommitJob(**store, i);
  }
}

// By what its name begins or ends with; the files whose bytes matter are picked more often.
std::string PickFile(const std::string& folder, std::mt19937& random) {
  std::map<std::string, std::vector<std::string>> kinds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (entry.file_size() == 0 || name.rfind("LOG", 0) == 0) continue;
    const std::string extension = entry.path().extension();
    kinds[extension.empty() ? name.substr(0, 4) : extension].push_back(entry.path());
  }
  std::vector<std::string> choices = {".sst", ".log", "MANI", ".sst", ".log", "MANI", "CURR", "ACKN", "OPTI"};
  std::vector<std::string>& files = kinds[choices[random() % choices.size()]];
  if (files.empty()) return "";
  std::sort(files.begin(), files.end());
  return files[random() % files.size()];
}

std::string DamageFile(const std::string& path, std::mt19937& random) {
  const uint64_t size = std::filesystem::file_size(path);
  const uint64_t at = random() % size;
  if (random() % 3 == 0) {
    std::filesystem::resize_file(path, at);
    return absl::StrCat(path, " truncated from ", size, " to ", at);
  }
  const unsigned bit = random() % 8;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ (1 << bit));
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
  return absl::StrCat(path, " bit ", bit, " of byte ", at, " of ", size, " flipped");
}

TEST(RecordsDamageTest, DamageIsRefusedOrHarmless) {
  const std::string base = testing::TempDir() + "/records_damage";
  std::filesystem::remove_all(base);
  std::filesystem::create_directories(base);
  MakeDatabase(base + "/sound");
  std::filesystem::copy(base + "/sound", base + "/copy", std::filesystem::copy_options::recursive);
  const std::string all = *ReadAll(base + "/copy");
  int refused = 0, damaged = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const std::string folder = base + "/copy";
    std::filesystem::remove_all(folder);
    std::filesystem::copy(base + "/sound", folder, std::filesystem::copy_options::recursive);
    const std::string file = PickFile(folder, random);
    ASSERT_FALSE(file.empty()) << seed;
    SCOPED_TRACE(absl::StrCat("seed ", seed, ": ", DamageFile(file, random)));
    ++damaged;
    const absl::StatusOr<std::string> read = ReadAll(folder);
    if (read.ok()) {
      EXPECT_TRUE(*read == all) << "something is missing or wrong, and nobody said so";
      continue;
    }
    ++refused;
    EXPECT_THAT(std::string(read.status().message()), HasSubstr(folder));
  }
  EXPECT_EQ(damaged, kSeeds);
  EXPECT_GT(refused, kSeeds / 3) << "most of the bytes matter";
}

}  // namespace
}  // namespace bonsai
