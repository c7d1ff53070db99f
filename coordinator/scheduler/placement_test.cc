#include "coordinator/scheduler/placement.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

v1::JobSpec Spec(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

Room MakeRoom(const std::string& id, const std::string& offer) {
  v1::WorkerOffer parsed;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(offer, &parsed)) << offer;
  return RoomOf(id, parsed);
}

std::string Describe(const std::optional<std::vector<v1::Placement>>& placements) {
  if (!placements) return "none";
  std::string text;
  for (const auto& p : *placements) {
    absl::StrAppend(&text, text.empty() ? "" : " ", p.rank(), "@", p.worker_id(),
                    p.device_id().empty() ? "" : ":", p.device_id());
  }
  return text;
}

TEST(PlacementTest, FillsInTheDefaultsOfAJob) {
  const RankNeed need = NeedOf(Spec("data {}"));
  EXPECT_EQ(need.kind, "data");
  EXPECT_EQ(need.cpus, 1u);
  EXPECT_EQ(need.memory_bytes, uint64_t{512} << 20);
  EXPECT_EQ(need.gpus, 0u);
  EXPECT_EQ(RanksOf(Spec("data {}")), 1u);
  EXPECT_EQ(DescribeNeed(need), "1 cpu and 512 MiB of memory");
  EXPECT_EQ(DescribeNeed(NeedOf(
                Spec("benchmark { target: 'host' } resources { cpus: 2 gpus: 1 memory_bytes: 1000 }"))),
            "2 cpus, 1000 bytes of memory, 1 gpu and a host device");
}

TEST(PlacementTest, PlacesWhereEveryResourceIsFree) {
  struct Row {
    const char* spec;
    const char* offer;
    const char* placed;
  };
  const char* const plenty = "cpus: 4 gpus: 4 memory_bytes: 4294967296 kinds: 'data' kinds: 'pretrain'";
  const Row rows[] = {
      {"data {}", plenty, "0@w"},
      {"sft {}", plenty, "none"},
      {"data {} resources { cpus: 5 }", plenty, "none"},
      {"data {} resources { gpus: 5 }", plenty, "none"},
      {"data {} resources { memory_bytes: 4294967297 }", plenty, "none"},
      {"pretrain {} resources { ranks: 4 memory_bytes: 1 }", plenty, "0@w 1@w 2@w 3@w"},
      {"pretrain {} resources { ranks: 5 memory_bytes: 1 }", plenty, "none"},
      {"pretrain {} resources { ranks: 4294967295 memory_bytes: 1 }", plenty, "none"},
      {"data {}", "", "none"},
  };
  for (const Row& row : rows) {
    std::vector<Room> rooms = {MakeRoom("w", row.offer)};
    EXPECT_EQ(Describe(PlaceGang(NeedOf(Spec(row.spec)), RanksOf(Spec(row.spec)), rooms)), row.placed)
        << row.spec;
  }
}

TEST(PlacementTest, SpreadsAGangInTheOrderOfWorkersAndSubtractsWhatItTakes) {
  const std::string offer = "cpus: 2 memory_bytes: 4294967296 kinds: 'pretrain'";
  std::vector<Room> rooms = {MakeRoom("a", offer), MakeRoom("b", offer)};
  const RankNeed need = NeedOf(Spec("pretrain {}"));
  EXPECT_EQ(Describe(PlaceGang(need, 5, rooms)), "none");
  EXPECT_EQ(rooms[0].cpus, 2u) << "what is not placed takes nothing";
  EXPECT_EQ(Describe(PlaceGang(need, 3, rooms)), "0@a 1@a 2@b");
  EXPECT_EQ(rooms[0].cpus, 0u);
  EXPECT_EQ(rooms[1].cpus, 1u);
  EXPECT_EQ(Describe(PlaceGang(need, 2, rooms)), "none");
}

TEST(PlacementTest, TakesADeviceOfTheTargetForEachRank) {
  std::vector<Room> rooms = {
      MakeRoom("w",
               "cpus: 9 memory_bytes: 9999999999 kinds: 'benchmark' devices { id: 'x' target: "
               "'host' } devices { id: 'y' target: 'duo-64m' }")};
  const RankNeed need = NeedOf(Spec("benchmark { target: 'duo-64m' }"));
  EXPECT_EQ(Describe(PlaceGang(need, 1, rooms)), "0@w:y");
  EXPECT_EQ(Describe(PlaceGang(need, 1, rooms)), "none");
}

TEST(PlacementTest, TakingMoreThanThereIsLeavesNothing) {
  Room room = MakeRoom("w", "cpus: 1 memory_bytes: 10");
  Take(room, NeedOf(Spec("data {} resources { cpus: 2 gpus: 1 memory_bytes: 20 }")), "no such device");
  EXPECT_EQ(room.cpus, 0u);
  EXPECT_EQ(room.memory_bytes, 0u);
  EXPECT_EQ(room.gpus, 0u);
}

}  // namespace
}  // namespace bonsai
