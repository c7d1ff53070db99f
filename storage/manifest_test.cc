#include "storage/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_blob_store.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

class ManifestTest : public testing::Test {
 protected:
  void Add(v1::Manifest& manifest, const std::string& path, const std::string& bytes) {
    v1::ArtifactFile& file = *manifest.add_files();
    file.set_path(path);
    *file.mutable_blob() = *store_.Put(bytes);
  }

  v1::Manifest Model() {
    v1::Manifest manifest;
    manifest.set_kind("model");
    Add(manifest, "model.safetensors", "weights");
    Add(manifest, "config.json", "{}");
    AddProperty(manifest, "parameters", "7");
    AddProperty(manifest, "dtype", "F32");
    return manifest;
  }

  static void AddProperty(v1::Manifest& manifest, const std::string& name, const std::string& value) {
    v1::Property& property = *manifest.add_properties();
    property.set_name(name);
    property.set_value(value);
  }

  // The error of storing a model changed in one place.
  template <typename Change>
  std::string ErrorWith(Change change) {
    v1::Manifest manifest = Model();
    change(manifest);
    absl::Status status = PutManifest(store_, manifest).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  }

  std::string PutWithInputs(const std::string& kind, const std::vector<std::string>& inputs) {
    v1::Manifest manifest;
    manifest.set_kind(kind);
    for (const std::string& id : inputs) manifest.mutable_lineage()->add_inputs()->set_artifact_id(id);
    auto id = PutManifest(store_, manifest);
    EXPECT_TRUE(id.ok()) << id.status();
    return *id;
  }

  MemoryBlobStore store_;
};

TEST_F(ManifestTest, ComesBackSorted) {
  auto id = PutManifest(store_, Model());
  ASSERT_TRUE(id.ok()) << id.status();
  auto manifest = GetManifest(store_, *id);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->files(0).path(), "config.json");
  EXPECT_EQ(manifest->files(1).path(), "model.safetensors");
  EXPECT_EQ(FindProperty(*manifest, "dtype"), "F32");
  EXPECT_EQ(FindProperty(*manifest, "absent"), "");
  EXPECT_EQ(ArtifactBytes(*manifest), 9u);
  EXPECT_EQ(FindFile(*manifest, "absent"), nullptr);
  ASSERT_NE(FindFile(*manifest, "config.json"), nullptr);
  EXPECT_EQ(FindFile(*manifest, "config.json")->blob().size_bytes(), 2u);
  EXPECT_TRUE(VerifyArtifact(store_, *manifest).ok());
}

TEST_F(ManifestTest, TheIdDoesNotDependOnTheOrderOfFilesAndProperties) {
  v1::Manifest model = Model();
  v1::Manifest other = model;
  other.mutable_files()->SwapElements(0, 1);
  other.mutable_properties()->SwapElements(0, 1);
  EXPECT_EQ(*PutManifest(store_, model), *PutManifest(store_, other));
  other.mutable_properties(0)->set_value("8");
  EXPECT_NE(*PutManifest(store_, model), *PutManifest(store_, other));
}

TEST_F(ManifestTest, RefusesPathsThatLeaveTheFolder) {
  for (const char* path : {"", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\\b", "a\nb"}) {
    std::string error = ErrorWith([&](v1::Manifest& manifest) { manifest.mutable_files(0)->set_path(path); });
    EXPECT_THAT(error, HasSubstr(".path")) << path;
  }
}

TEST_F(ManifestTest, NamesTheFieldThatIsWrong) {
  EXPECT_THAT(ErrorWith([](auto& manifest) { manifest.clear_kind(); }), HasSubstr("kind"));
  EXPECT_THAT(ErrorWith([](auto& manifest) { *manifest.add_files() = manifest.files(0); }),
              HasSubstr("each path once"));
  EXPECT_THAT(ErrorWith([](auto& manifest) { *manifest.add_properties() = manifest.properties(0); }),
              HasSubstr("each name once"));
  EXPECT_THAT(ErrorWith([](auto& manifest) { manifest.mutable_files(0)->mutable_blob()->set_sha256("XYZ"); }),
              HasSubstr("blob.sha256 is \"XYZ\""));
  EXPECT_THAT(
      ErrorWith([](auto& manifest) { manifest.mutable_lineage()->add_inputs()->set_artifact_id("p"); }),
      HasSubstr("lineage.inputs[0].artifact_id"));
  EXPECT_THAT(ErrorWith([](auto& manifest) { AddProperty(manifest, "zz", "\xff\xfe"); }), HasSubstr("UTF-8"));
}

TEST_F(ManifestTest, EveryFileMustBeInTheStore) {
  v1::Manifest model = Model();
  store_.Damage(model.files(0).blob().sha256(), nullptr);
  absl::Status status = PutManifest(store_, model).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("model.safetensors"));
}

TEST_F(ManifestTest, NamesTheFirstFileThatDoesNotVerify) {
  v1::Manifest model = Model();
  std::string flipped = "weightz";
  store_.Damage(model.files(0).blob().sha256(), &flipped);
  absl::Status status = VerifyArtifact(store_, model);
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("model.safetensors"));
}

TEST_F(ManifestTest, BytesThatAreNoManifestAreDataLoss) {
  auto text = store_.Put("not a manifest");
  EXPECT_TRUE(absl::IsDataLoss(GetManifest(store_, text->sha256()).status()));
  auto nothing = store_.Put("");
  EXPECT_TRUE(absl::IsDataLoss(GetManifest(store_, nothing->sha256()).status()));
  auto id = PutManifest(store_, Model());
  std::string bytes = *store_.Get(*id, 1000);
  bytes.pop_back();
  store_.Damage(*id, &bytes);
  EXPECT_TRUE(absl::IsDataLoss(GetManifest(store_, *id).status()));
}

TEST_F(ManifestTest, TracesAllAncestorsBreadthFirstEachOnce) {
  std::string corpus = PutWithInputs("corpus", {});
  std::string tokenizer = PutWithInputs("tokenizer", {corpus});
  std::string tokens = PutWithInputs("tokens", {corpus, tokenizer});
  std::string model = PutWithInputs("model", {tokens, tokenizer});
  auto lineage = TraceLineage(store_, model);
  ASSERT_TRUE(lineage.ok()) << lineage.status();
  std::vector<std::string> kinds;
  for (const LineageEntry& entry : *lineage) kinds.push_back(entry.manifest.kind());
  EXPECT_THAT(kinds, testing::ElementsAre("tokens", "tokenizer", "corpus"));
  EXPECT_TRUE(absl::IsResourceExhausted(TraceLineage(store_, model, 2).status()));
  store_.Damage(corpus, nullptr);
  EXPECT_TRUE(absl::IsNotFound(TraceLineage(store_, model).status()));
}

}  // namespace
}  // namespace bonsai
