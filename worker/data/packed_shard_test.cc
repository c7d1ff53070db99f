#include "worker/data/packed_shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string NewFolder(const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

std::vector<std::string> WriteShards(const std::string& folder, uint64_t shard_tokens,
                                     const std::vector<uint16_t>& ids, size_t step) {
  auto writer = PackedShardWriter::Create(folder, shard_tokens);
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (size_t i = 0; i < ids.size(); i += step) {
    EXPECT_TRUE((*writer)->Append(absl::MakeConstSpan(ids).subspan(i, step)).ok());
  }
  EXPECT_EQ((*writer)->tokens(), ids.size());
  auto names = (*writer)->Close();
  EXPECT_TRUE(names.ok()) << names.status();
  std::vector<std::string> paths;
  for (const std::string& name : *names) paths.push_back(folder + "/" + name);
  return paths;
}

std::vector<uint16_t> Iota(size_t size) {
  std::vector<uint16_t> ids(size);
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

std::vector<uint8_t> ShardBytes(std::vector<int32_t> header, size_t token_bytes) {
  header.resize(256);
  std::vector<uint8_t> bytes(kShardHeaderBytes + token_bytes);
  std::memcpy(bytes.data(), header.data(), kShardHeaderBytes);
  return bytes;
}

TEST(PackedShard, AWriterCanGoOnBehindShardsThatAreThere) {
  const std::vector<uint16_t> ids = Iota(200);
  const auto whole = WriteShards(NewFolder("whole"), 64, ids, 50);
  ASSERT_EQ(whole.size(), 4u);
  const std::string folder = NewFolder("behind");
  auto writer = PackedShardWriter::Create(folder, 64, 2);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ((*writer)->tokens(), 128u);
  EXPECT_EQ((*writer)->complete_shards(), 2u);
  ASSERT_TRUE((*writer)->Append(absl::MakeConstSpan(ids).subspan(128, 70)).ok());
  EXPECT_EQ((*writer)->tokens(), 198u);
  EXPECT_EQ((*writer)->complete_shards(), 3u);
  EXPECT_EQ((*writer)->tokens_in_shard(), 6u);
  ASSERT_TRUE((*writer)->Append(absl::MakeConstSpan(ids).subspan(198)).ok());
  EXPECT_THAT((*writer)->Close().value(), ElementsAre("shard-00002.bin", "shard-00003.bin"));
  EXPECT_EQ((*writer)->complete_shards(), 4u);
  for (const char* name : {"/shard-00002.bin", "/shard-00003.bin"}) {
    std::stringstream here, there;
    here << std::ifstream(folder + name, std::ios::binary).rdbuf();
    there << std::ifstream(testing::TempDir() + "/whole" + name, std::ios::binary).rdbuf();
    EXPECT_EQ(here.str(), there.str()) << name;
  }
}

TEST(PackedShard, ReadsAnyRangeAcrossShards) {
  const std::vector<uint16_t> ids = Iota(1000);
  const auto paths = WriteShards(NewFolder("ranges"), 64, ids, 7);
  EXPECT_EQ(paths.size(), 16u);
  auto tokens = PackedTokens::Open(paths, 1000);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_EQ((*tokens)->size(), 1000u);
  for (uint64_t offset = 0; offset <= 1000; offset += 31) {
    for (size_t count : {0, 1, 63, 64, 65, 300}) {
      if (offset + count > 1000) continue;
      std::vector<uint16_t> read(count);
      ASSERT_TRUE((*tokens)->Read(offset, absl::MakeSpan(read)).ok());
      ASSERT_EQ(read, std::vector<uint16_t>(ids.begin() + offset, ids.begin() + offset + count));
    }
  }
}

TEST(PackedShard, BytesDoNotDependOnHowTokensAreAppended) {
  const std::vector<uint16_t> ids = Iota(600000);
  const auto a = WriteShards(NewFolder("by_one_call"), 250000, ids, ids.size());
  const auto b = WriteShards(NewFolder("by_many_calls"), 250000, ids, 999);
  ASSERT_EQ(a.size(), 3u);
  ASSERT_EQ(b.size(), 3u);
  for (size_t i = 0; i < a.size(); ++i) {
    std::stringstream x, y;
    x << std::ifstream(a[i], std::ios::binary).rdbuf();
    y << std::ifstream(b[i], std::ios::binary).rdbuf();
    EXPECT_EQ(x.str().size(), kShardHeaderBytes + 2 * (i < 2 ? 250000 : 100000));
    EXPECT_TRUE(x.str() == y.str()) << a[i];
  }
}

TEST(PackedShard, AnEmptyRowHasNoShards) {
  EXPECT_THAT(WriteShards(NewFolder("none"), 10, {}, 1), ElementsAre());
}

TEST(PackedShard, RefusesReadsBeyondTheEndWithoutOverflow) {
  auto tokens = PackedTokens::Open(WriteShards(NewFolder("end"), 64, Iota(100), 100), 100);
  ASSERT_TRUE(tokens.ok());
  std::vector<uint16_t> read(2);
  EXPECT_EQ((*tokens)->Read(99, absl::MakeSpan(read)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ((*tokens)->Read(UINT64_MAX, absl::MakeSpan(read)).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE((*tokens)->Read(98, absl::MakeSpan(read)).ok());
}

TEST(PackedShard, AnIdOutsideTheVocabularyNamesFileAndPosition) {
  auto tokens = PackedTokens::Open(WriteShards(NewFolder("vocabulary"), 64, Iota(100), 100), 90);
  ASSERT_TRUE(tokens.ok());
  std::vector<uint16_t> read(100);
  const absl::Status status = (*tokens)->Read(0, absl::MakeSpan(read));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("shard-00001.bin: token 26 is 90; the vocabulary has 90"));
}

TEST(PackedShard, EveryHeaderFieldIsChecked) {
  const struct {
    std::vector<int32_t> header;
    size_t token_bytes;
    std::string message;
  } cases[] = {
      {{20240521, 1, 2}, 4, "s.bin: header[0] (magic) is 20240521; a packed shard has 20240520"},
      {{20240520, 2, 2}, 4, "header[1] (version) is 2"},
      {{20240520, 1, 3}, 4, "header[2] (token count) is 3; the file has 4 bytes"},
      {{20240520, 1, -1}, 4, "header[2] (token count) is -1"},
      {{20240520, 1, 2}, 5, "the file has 5 bytes"},
      {{20240520, 1, 2, 0, 7}, 4, "header[4] (reserved) is 7"},
  };
  for (const auto& c : cases) {
    const absl::Status status = ParseShard("s.bin", ShardBytes(c.header, c.token_bytes)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << c.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
  EXPECT_TRUE(ParseShard("s.bin", ShardBytes({20240520, 1, 2}, 4)).ok());
  const std::vector<uint8_t> little(kShardHeaderBytes - 1);
  EXPECT_THAT(std::string(ParseShard("s.bin", little).status().message()), HasSubstr("1023 bytes"));
}

TEST(PackedShard, AShardThatWasNotCompletedIsRefused) {
  const std::string folder = NewFolder("incomplete");
  {
    auto writer = PackedShardWriter::Create(folder, 100);
    ASSERT_TRUE((*writer)->Append(Iota(10)).ok());
  }
  EXPECT_EQ(PackedTokens::Open({folder + "/shard-00000.bin"}, 100).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(PackedShard, BadArgumentsAreNamed) {
  EXPECT_EQ(PackedShardWriter::Create(".", 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PackedShardWriter::Create(".", kShardTokensMax + 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PackedTokens::Open({}, 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PackedTokens::Open({"/no/such/shard"}, 10).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(PackedTokens::Open({"/no/such/shard"}, 65537).status().code(),
            absl::StatusCode::kInvalidArgument);
  auto writer = PackedShardWriter::Create(testing::TempDir() + "/absent", 10);
  ASSERT_TRUE(writer.ok());
  EXPECT_EQ((*writer)->Append(Iota(1)).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ((*writer)->Close().status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace bonsai
