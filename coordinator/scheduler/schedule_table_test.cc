#include "coordinator/scheduler/schedule_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", text.size() == 16 ? text + ":00" : text, &time, &error));
  return time;
}

SchedulePut Nightly(v1::ScheduleRecord::CatchUp catch_up = v1::ScheduleRecord::LATEST) {
  SchedulePut put;
  put.schedule.set_name("nightly");
  put.schedule.set_cron("0 3 * * *");
  put.schedule.set_catch_up(catch_up);
  put.schedule.mutable_pipeline()->add_jobs()->set_name("data");
  put.schedule.mutable_pipeline()->mutable_jobs(0)->mutable_data();
  put.actor = {"ann", "red", false};
  return put;
}

// Takes submissions in, and says what has ended.
class World {
 public:
  ScheduleHost Host() {
    ScheduleHost host;
    host.submit = [this](const PipelineSubmitted& event) -> absl::StatusOr<std::string> {
      if (!refuse.ok()) return refuse;
      requests.push_back(event.request_id);
      events.push_back(event);
      return absl::StrCat("p", events.size());
    };
    host.ended = [this](const std::string& id) { return running.count(id) == 0; };
    host.has_artifact = [this](const std::string& id) { return artifacts.count(id) > 0; };
    return host;
  }
  void Run(ScheduleTable& table, absl::Time now) { table.Run(now, Host()); }
  // Days of the month of the runs that were submitted.
  std::vector<std::string> Days() const {
    std::vector<std::string> days;
    for (const std::string& request : requests) {
      const int64_t seconds = std::stoll(request.substr(request.rfind('/') + 1));
      days.push_back(absl::FormatTime("%d", absl::FromUnixSeconds(seconds), absl::UTCTimeZone()));
    }
    return days;
  }

  std::vector<std::string> requests;
  std::vector<PipelineSubmitted> events;
  std::set<std::string> running;
  std::set<std::string> artifacts;
  absl::Status refuse;
};

TEST(ScheduleTableTest, SubmitsOnceForEachDueTimeAsItsTenant) {
  ScheduleTable table;
  World world;
  auto put = table.Put(At("2026-11-21 02:30"), Nightly());
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->tenant(), "red");
  EXPECT_EQ(table.NextDue(), At("2026-11-21 03:00"));
  world.Run(table, At("2026-11-21 02:59:59"));
  EXPECT_TRUE(world.requests.empty());
  world.Run(table, At("2026-11-21 03:00"));
  world.Run(table, At("2026-11-21 03:00"));
  world.Run(table, At("2026-11-21 03:00:30"));
  ASSERT_EQ(world.requests.size(), 1u);
  EXPECT_EQ(world.requests[0],
            absl::StrCat("schedule/nightly/", absl::ToUnixSeconds(At("2026-11-21 03:00"))));
  EXPECT_EQ(world.events[0].actor.name, "schedule nightly");
  EXPECT_EQ(world.events[0].actor.tenant, "red");
  EXPECT_FALSE(world.events[0].actor.admin);
  EXPECT_EQ(table.NextDue(), At("2026-11-22 03:00"));
  EXPECT_EQ(table.List().at(0).last_pipeline_id(), "p1");
}

TEST(ScheduleTableTest, ARestartWithTheRecordNeitherLosesNorRepeatsARun) {
  World world;
  ScheduleTable first;
  ASSERT_TRUE(first.Put(At("2026-11-21 02:30"), Nightly()).ok());
  std::map<std::string, v1::ScheduleRecord> kept;
  for (const auto& record : first.TakeChanged()) kept[record.name()] = record;
  // The run's batch was lost in a crash: nobody was told, and the next process submits.
  first.Run(At("2026-11-21 03:00"), World().Host());
  ScheduleTable second(kept);
  world.Run(second, At("2026-11-21 03:00:10"));
  EXPECT_EQ(world.Days(), std::vector<std::string>{"21"});
  // This one's batch was kept, and the process ended then.
  for (const auto& record : second.TakeChanged()) kept[record.name()] = record;
  ScheduleTable third(kept);
  world.Run(third, At("2026-11-21 03:00:20"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_EQ(third.NextDue(), At("2026-11-22 03:00"));
}

TEST(ScheduleTableTest, AfterDowntimeTheCatchUpDecides) {
  const std::pair<v1::ScheduleRecord::CatchUp, std::vector<std::string>> cases[] = {
      {v1::ScheduleRecord::LATEST, {"24"}},
      {v1::ScheduleRecord::ALL, {"21", "22", "23", "24"}},
      {v1::ScheduleRecord::SKIP, {}},
  };
  for (const auto& [catch_up, days] : cases) {
    World world;
    ScheduleTable table;
    ASSERT_TRUE(table.Put(At("2026-11-21 02:30"), Nightly(catch_up)).ok());
    world.Run(table, At("2026-11-24 12:00"));
    EXPECT_EQ(world.Days(), days) << catch_up;
    EXPECT_EQ(table.NextDue(), At("2026-11-25 03:00"));
    world.Run(table, At("2026-11-25 03:00"));
    EXPECT_EQ(world.Days().back(), "25") << "the next time comes whatever was missed";
  }
}

TEST(ScheduleTableTest, ATimeWithinItsMinuteIsNotLate) {
  World world;
  ScheduleTable table;
  ASSERT_TRUE(table.Put(At("2026-11-21 02:30"), Nightly(v1::ScheduleRecord::SKIP)).ok());
  world.Run(table, At("2026-11-22 03:00:59"));
  EXPECT_EQ(world.Days(), std::vector<std::string>{"22"});
  world.Run(table, At("2026-11-23 03:01:00"));
  EXPECT_EQ(world.requests.size(), 1u);
  EXPECT_THAT(table.List().at(0).last_problem(), HasSubstr("2026-11-23 03:00 UTC was skipped"));
}

TEST(ScheduleTableTest, CatchesUpWithAHundredOfAYearsMinutes) {
  World world;
  ScheduleTable table;
  SchedulePut put = Nightly(v1::ScheduleRecord::ALL);
  put.schedule.set_cron("* * * * *");
  put.schedule.set_overlap(true);
  ASSERT_TRUE(table.Put(At("2025-11-21 02:30"), put).ok());
  world.Run(table, At("2026-11-21 02:30"));
  ASSERT_EQ(world.requests.size(), ScheduleTable::kCatchUpMax);
  EXPECT_EQ(world.requests.back(),
            absl::StrCat("schedule/nightly/", absl::ToUnixSeconds(At("2026-11-21 02:30"))));
}

TEST(ScheduleTableTest, WaitsForTheEndOfTheLastRunUnlessTheyMayOverlap) {
  for (bool overlap : {false, true}) {
    World world;
    ScheduleTable table;
    SchedulePut put = Nightly(v1::ScheduleRecord::ALL);
    put.schedule.set_overlap(overlap);
    ASSERT_TRUE(table.Put(At("2026-11-21 02:30"), put).ok());
    world.running = {"p1"};
    world.Run(table, At("2026-11-21 03:00"));
    world.Run(table, At("2026-11-22 03:00"));
    if (overlap) {
      EXPECT_EQ(world.Days(), (std::vector<std::string>{"21", "22"}));
      continue;
    }
    EXPECT_EQ(world.Days(), std::vector<std::string>{"21"});
    EXPECT_THAT(table.List().at(0).last_problem(), HasSubstr("2026-11-22 03:00 UTC waits: p1 has not ended"));
    EXPECT_EQ(table.NextDue(), absl::InfiniteFuture()) << "it waits for an end, not for a time";
    world.Run(table, At("2026-11-23 08:00"));
    EXPECT_EQ(world.requests.size(), 1u);
    world.running = {"p2"};
    world.Run(table, At("2026-11-23 09:00"));
    EXPECT_EQ(world.Days(), (std::vector<std::string>{"21", "22"})) << "the 23rd waits for the 22nd";
    world.running.clear();
    world.Run(table, At("2026-11-23 10:00"));
    EXPECT_EQ(world.Days(), (std::vector<std::string>{"21", "22", "23"}));
    EXPECT_EQ(table.List().at(0).last_problem(), "");
    EXPECT_EQ(table.NextDue(), At("2026-11-24 03:00"));
  }
}

TEST(ScheduleTableTest, SaysWhyATimeSubmittedNothingAndGoesOn) {
  World world;
  ScheduleTable table;
  SchedulePut put = Nightly();
  const std::string id(64, 'a');
  put.schedule.mutable_pipeline()->add_jobs()->mutable_export_()->set_model(id);
  ASSERT_TRUE(table.Put(At("2026-11-21 02:30"), put).ok());
  world.Run(table, At("2026-11-21 03:00"));
  EXPECT_TRUE(world.requests.empty());
  EXPECT_THAT(table.List().at(0).last_problem(),
              HasSubstr("2026-11-21 03:00 UTC submitted nothing: export.model: artifact aaaa"));
  world.artifacts.insert(id);
  world.refuse = absl::ResourceExhaustedError("the quota is used up");
  world.Run(table, At("2026-11-22 03:00"));
  EXPECT_THAT(table.List().at(0).last_problem(), HasSubstr("the quota is used up"));
  world.refuse = absl::OkStatus();
  world.Run(table, At("2026-11-23 03:00"));
  EXPECT_EQ(world.Days(), std::vector<std::string>{"23"});
  EXPECT_EQ(table.List().at(0).last_problem(), "");
}

TEST(ScheduleTableTest, RefusesWhatIsNoScheduleAndWhatIsAnothers) {
  ScheduleTable table;
  const absl::Time now = At("2026-11-21 02:30");
  SchedulePut put = Nightly();
  put.schedule.set_name("Not A Name");
  EXPECT_THAT(std::string(table.Put(now, put).status().message()), HasSubstr("schedule.name"));
  put = Nightly();
  put.schedule.set_cron("61 * * * *");
  EXPECT_THAT(std::string(table.Put(now, put).status().message()),
              HasSubstr("schedule.cron: minute is \"61\""));
  ASSERT_TRUE(table.Put(now, Nightly()).ok());
  put = Nightly();
  put.actor.tenant = "blue";
  EXPECT_TRUE(absl::IsAlreadyExists(table.Put(now, put).status()));
  EXPECT_TRUE(absl::IsNotFound(table.Drop({"nightly", put.actor})));
  EXPECT_TRUE(absl::IsNotFound(table.Drop({"weekly", Nightly().actor})));
  EXPECT_EQ(table.List().size(), 1u);
}

TEST(ScheduleTableTest, AChangedScheduleStartsAnewAndADroppedOneIsGone) {
  World world;
  ScheduleTable table;
  ASSERT_TRUE(table.Put(At("2026-11-21 02:30"), Nightly()).ok());
  SchedulePut put = Nightly();
  put.schedule.set_cron("0 5 * * *");
  ASSERT_TRUE(table.Put(At("2026-11-21 02:40"), put).ok());
  EXPECT_EQ(table.NextDue(), At("2026-11-21 05:00"));
  EXPECT_EQ(table.TakeChanged().size(), 1u);
  ASSERT_TRUE(table.Drop({"nightly", Actor()}).ok()) << "an admin may";
  EXPECT_EQ(table.NextDue(), absl::InfiniteFuture());
  EXPECT_TRUE(table.TakeChanged().empty());
  EXPECT_THAT(table.TakeDropped(), ElementsAre("nightly"));
  world.Run(table, At("2026-11-22 12:00"));
  EXPECT_TRUE(world.requests.empty());
}

}  // namespace
}  // namespace bonsai
