// Bit flips and truncations of blobs and manifests on a real disk, a hundred and twenty of them, each with a
// seed: every one is detected by name, nothing wrong is ever read, an older checkpoint that is whole is
// found, and storing the same bytes again mends the store. coordinator/store/damage_test.cc does the same to
// the records' files.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/directory_blob_store.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr int kSeeds = 120;
constexpr size_t kBytesMax = 8 << 20;

struct Damage {
  std::string description;
  std::string bytes;
};

Damage DamageOf(const std::string& sound, std::mt19937& random) {
  if (random() % 2 == 0) {
    const size_t size = random() % sound.size();
    return {absl::StrCat("truncated to ", size), sound.substr(0, size)};
  }
  std::string bytes = sound;
  const size_t at = random() % bytes.size();
  const unsigned bit = random() % 8;
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return {absl::StrCat("bit ", bit, " of byte ", at, " flipped"), bytes};
}

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    std::string dir = testing::TempDir() + "/damage-XXXXXX";
    root_ = mkdtemp(dir.data());
    store_ = *DirectoryBlobStore::Open(root_);
    std::mt19937 random(1);
    std::string weights(256 << 10, '\0');
    for (char& byte : weights) byte = static_cast<char>(random());
    // Oldest first. The parts are shared, as a data state that did not change would be.
    for (int step = 1; step <= 3; ++step) {
      weights[step] = static_cast<char>(step);
      checkpoints_.push_back(PutCheckpoint({{"weights", weights}, {"state", absl::StrCat("step ", step)}}));
    }
  }

  std::string PutCheckpoint(const std::vector<std::pair<std::string, std::string>>& files) {
    v1::Manifest manifest;
    manifest.set_kind("checkpoint");
    for (const auto& [path, bytes] : files) {
      v1::ArtifactFile* file = manifest.add_files();
      file->set_path(path);
      *file->mutable_blob() = *store_->Put(bytes);
    }
    return *PutManifest(*store_, manifest);
  }

  std::string PathOf(const std::string& sha256) const {
    return absl::StrCat(root_, "/blobs/", sha256.substr(0, 2), "/", sha256);
  }

  void Overwrite(const std::string& sha256, const std::string& bytes) {
    ASSERT_EQ(chmod(PathOf(sha256).c_str(), 0644), 0);
    std::ofstream(PathOf(sha256), std::ios::binary | std::ios::trunc) << bytes;
  }

  absl::Status VerifyAll(const std::string& id) {
    absl::StatusOr<v1::Manifest> manifest = GetManifest(*store_, id);
    return manifest.ok() ? VerifyArtifact(*store_, *manifest) : manifest.status();
  }

  // As a run that resumes does: the newest that is whole.
  std::string FindWhole() {
    for (auto id = checkpoints_.rbegin(); id != checkpoints_.rend(); ++id) {
      if (VerifyAll(*id).ok()) return *id;
    }
    return "none";
  }

  // The newest checkpoint's manifest or one of its files.
  std::string PickBlob(std::mt19937& random) {
    const v1::Manifest manifest = *GetManifest(*store_, checkpoints_.back());
    const unsigned pick = random() % 3;
    return pick == 2 ? checkpoints_.back() : manifest.files(static_cast<int>(pick)).blob().sha256();
  }

  std::string root_;
  std::unique_ptr<DirectoryBlobStore> store_;
  std::vector<std::string> checkpoints_;
};

TEST_F(DamageTest, EveryFlipAndTruncationIsDetectedAndMended) {
  for (int seed = 1; seed <= kSeeds; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const std::string sha256 = PickBlob(random);
    const std::string sound = *ReadFileBytes(PathOf(sha256), kBytesMax);
    const Damage damage = DamageOf(sound, random);
    SCOPED_TRACE(absl::StrCat("seed ", seed, ": ", sha256, " ", damage.description));
    Overwrite(sha256, damage.bytes);

    const absl::Status read = store_->Get(sha256, kBytesMax).status();
    EXPECT_TRUE(absl::IsDataLoss(read)) << read;
    EXPECT_TRUE(absl::StrContains(read.message(), sha256)) << read;
    const absl::Status verified = VerifyAll(checkpoints_.back());
    EXPECT_TRUE(absl::IsDataLoss(verified)) << verified;
    EXPECT_TRUE(absl::StrContains(verified.message(), sha256)) << verified;
    EXPECT_EQ(FindWhole(), checkpoints_[1]) << "the one before is whole";

    v1::Blob blob;
    blob.set_sha256(sha256);
    blob.set_size_bytes(sound.size());
    // By itself, or after somebody moved it aside.
    if (seed % 2 == 0) {
      EXPECT_TRUE(*store_->Quarantine(blob));
    }
    ASSERT_TRUE(store_->Put(sound).ok());
    EXPECT_EQ(FindWhole(), checkpoints_[2]);
  }
}

}  // namespace
}  // namespace bonsai
