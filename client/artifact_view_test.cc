#include "client/artifact_view.h"

#include "client/worker_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

std::string Id(char digit) { return std::string(64, digit); }

void AddInput(v1::Lineage* lineage, const std::string& field, const std::string& id) {
  v1::LineageInput* input = lineage->add_inputs();
  input->set_field(field);
  input->set_artifact_id(id);
}

v1::GetArtifactResponse Model() {
  v1::GetArtifactResponse response;
  response.mutable_record()->set_id(Id('a'));
  response.mutable_record()->set_size_bytes(4213000);
  v1::Manifest& manifest = *response.mutable_manifest();
  manifest.set_kind("model");
  v1::ArtifactFile* file = manifest.add_files();
  file->set_path("model.safetensors");
  file->mutable_blob()->set_sha256(Id('9'));
  file->mutable_blob()->set_size_bytes(4213000);
  v1::Property* property = manifest.add_properties();
  property->set_name("parameters");
  property->set_value("1052288");
  manifest.mutable_lineage()->set_job_id("p1/pretrain");
  manifest.mutable_lineage()->set_attempt(2);
  manifest.mutable_lineage()->set_code_version("v1");
  AddInput(manifest.mutable_lineage(), "pretrain.tokens", Id('b'));
  AddInput(manifest.mutable_lineage(), "pretrain.tokenizer", Id('c'));

  const auto node = [&response](char digit, const std::string& kind, const std::string& job) {
    v1::LineageNode* added = response.add_lineage();
    added->set_id(Id(digit));
    added->mutable_manifest()->set_kind(kind);
    added->mutable_manifest()->mutable_lineage()->set_job_id(job);
    return added->mutable_manifest()->mutable_lineage();
  };
  AddInput(node('b', "tokens", "p1/pack"), "pack.corpus", Id('d'));
  AddInput(node('c', "tokenizer", "p1/tokenizer"), "tokenizer.corpus", Id('d'));
  v1::DatasetSource* source = node('d', "corpus", "p1/corpus")->add_sources();
  source->set_dataset("c4");
  source->set_split("train");
  source->set_file("c4-train.00000.json.gz");
  source->set_licence("ODC-BY");
  source->set_home("https://example.org/c4");
  source->set_sha256(Id('e'));
  source->set_size_bytes(2048);
  source->set_documents(1234);
  return response;
}

TEST(ArtifactViewTest, DrawsTheLineageDownToTheFilesFromOutside) {
  EXPECT_EQ(RenderArtifact(Model(), 100),
            "artifact  " + Id('a') +
                "\n"
                "kind      model\n"
                "job       p1/pretrain attempt 2\n"
                "code      v1\n"
                "size      4.0 MiB\n"
                "\n"
                "properties\n"
                "  NAME        VALUE\n"
                "  parameters  1052288\n"
                "\n"
                "files\n"
                "  SHA256           SIZE  PATH\n"
                "  999999999999  4.0 MiB  model.safetensors\n"
                "\n"
                "came from\n"
                "|- tokens bbbbbbbbbbbb p1/pack (pretrain.tokens)\n"
                "|  `- corpus dddddddddddd p1/corpus (pack.corpus)\n"
                "|     `- file c4-train.00000.json.gz of c4/train, 1,234 documents, 2.0 KiB\n"
                "|        licence ODC-BY, from https://example.org/c4\n"
                "|        sha256 " +
                Id('e') +
                "\n"
                "`- tokenizer cccccccccccc p1/tokenizer (pretrain.tokenizer)\n"
                "   `- corpus dddddddddddd p1/corpus (tokenizer.corpus) as above\n");
}

TEST(ArtifactViewTest, SurvivesALineageThatRunsInACircle) {
  v1::GetArtifactResponse response = Model();
  AddInput(response.mutable_lineage(2)->mutable_manifest()->mutable_lineage(), "loop", Id('b'));
  EXPECT_THAT(RenderArtifact(response, 100), HasSubstr("as above"));
}

TEST(ArtifactViewTest, SaysWhereAManifestDidNotCome) {
  v1::GetArtifactResponse response = Model();
  response.mutable_lineage(0)->set_id(Id('f'));
  EXPECT_THAT(RenderArtifact(response, 100),
              HasSubstr("|- pretrain.tokens: bbbbbbbbbbbb (no manifest came)\n"));
  response.clear_lineage();
  EXPECT_THAT(RenderArtifact(response, 100), HasSubstr("|- pretrain.tokens: bbbbbbbbbbbb\n"));
}

TEST(ArtifactViewTest, ListsArtifacts) {
  v1::ListArtifactsResponse response;
  EXPECT_EQ(RenderArtifactTable(response, absl::UnixEpoch(), 80), "no artifacts yet\n");
  v1::ArtifactRecord* record = response.add_artifacts();
  record->set_id(Id('a'));
  record->set_kind("model");
  record->set_job_id("p1/pretrain");
  record->set_size_bytes(2048);
  EXPECT_EQ(RenderArtifactTable(response, absl::FromUnixSeconds(90), 80),
            "ARTIFACT      KIND   JOB             SIZE  MADE\n"
            "aaaaaaaaaaaa  model  p1/pretrain  2.0 KiB  1m30s ago\n");
}

TEST(WorkerViewTest, ListsWorkersAndDevices) {
  v1::ListWorkersResponse response;
  EXPECT_THAT(RenderWorkerTable(response, 80), HasSubstr("no workers"));
  EXPECT_THAT(RenderDeviceTable(response, 80), HasSubstr("no devices"));
  v1::WorkerStatus* worker = response.add_workers();
  worker->set_worker_id("worker-1");
  worker->set_live(true);
  worker->set_cpus(2);
  worker->set_cpus_free(1);
  worker->set_memory_bytes(4ull << 30);
  worker->set_memory_bytes_free(1ull << 30);
  worker->add_running("p1/pretrain attempt 1 rank 0");
  v1::DeviceStatus* device = worker->add_devices();
  device->mutable_device()->set_id("qemu-riscv64");
  device->mutable_device()->set_target("duo-64m");
  device->mutable_device()->set_emulated(true);
  device->mutable_device()->set_description("emulated by qemu-user");
  device->set_leased_by("p1/bench_duo");
  EXPECT_EQ(
      RenderWorkerTable(response, 120),
      "WORKER    STATE  CPUS FREE  MEMORY FREE         GPUS FREE  DEVICES  RUNS\n"
      "worker-1  live   1 of 2     1.0 GiB of 4.0 GiB  0 of 0           1  p1/pretrain attempt 1 rank 0\n");
  EXPECT_EQ(RenderDeviceTable(response, 120),
            "DEVICE        TARGET   WORKER    STATE         KIND      DESCRIPTION\n"
            "qemu-riscv64  duo-64m  worker-1  p1/bench_duo  emulated  emulated by qemu-user\n");
}

}  // namespace
}  // namespace bonsai
