#include "coordinator/scheduler/holdout_quota.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

constexpr char kSealed[] = "name: 'secret' data { sources { dataset: 'own' format: SEALED paths: 'q' } }";

TestJob Evaluation(const std::string& name, const std::string& rest = "") {
  return {absl::StrCat("name: '", name, "' evaluate { suites { suite: 's' corpus: '@secret' } ", rest, " }"),
          {"secret"}};
}

PipelineSubmitted Event(const std::vector<TestJob>& jobs, const std::string& tenant = "default") {
  static int requests = 0;
  PipelineSubmitted event;
  event.request_id = absl::StrCat("event ", ++requests);
  event.actor.tenant = tenant;
  for (const TestJob& job : jobs) {
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(job.spec, event.pipeline.add_jobs()))
        << job.spec;
    auto& inputs = event.inputs.emplace_back();
    for (const std::string& need : job.needs) {
      v1::ResolvedInput& input = inputs.emplace_back();
      input.set_field(absl::StrCat("field of ", need));
      input.set_job_id(need);
    }
  }
  return event;
}

const TestJob kHoldout = {kSealed, {}};

TEST(HoldoutQuota, IsTheLowestCapOfTheTracks) {
  std::vector<v1::Track> tracks(3);
  EXPECT_EQ(HoldoutQueriesPerDay(tracks), 0u);
  tracks[1].set_holdout_queries_per_day(5);
  tracks[2].set_holdout_queries_per_day(3);
  EXPECT_EQ(HoldoutQueriesPerDay(tracks), 3u);
}

TEST(HoldoutQuota, RefusesWhatIsOverTheCapUntilADayHasPassed) {
  ScheduledWorld world({.holdout_queries_per_day = 2});
  world.Submit({kHoldout, Evaluation("one")});
  world.Advance(absl::Hours(1));
  world.Submit({kHoldout, Evaluation("two")});
  const absl::Status refusal = world.Refusal(Event({kHoldout, Evaluation("three")}));
  EXPECT_EQ(refusal.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(refusal.message(), HasSubstr("has asked 2 times in the last 24 hours; the cap is 2"));
  // The world began at 1,000,000 s: 1970-01-12 13:46:40.
  EXPECT_THAT(refusal.message(), HasSubstr("the next is possible at 1970-01-13 13:46:40 UTC"));
  world.Advance(absl::Hours(23) - absl::Seconds(1));
  EXPECT_FALSE(world.Refusal(Event({kHoldout, Evaluation("three")})).ok());
  world.Advance(absl::Seconds(1));
  EXPECT_TRUE(world.Refusal(Event({kHoldout, Evaluation("three")})).ok());
}

TEST(HoldoutQuota, OutlivesARestart) {
  ScheduledWorld world({.holdout_queries_per_day = 1});
  world.Submit({kHoldout, Evaluation("one")});
  world.Restart();
  EXPECT_FALSE(world.Refusal(Event({kHoldout, Evaluation("two")})).ok());
}

TEST(HoldoutQuota, CountsEachTenantApartAndCancelledEvaluationsToo) {
  ScheduledWorld world({.holdout_queries_per_day = 1});
  const std::string id = world.Submit({kHoldout, Evaluation("one")});
  world.Cancel(id);
  EXPECT_FALSE(world.Refusal(Event({kHoldout, Evaluation("two")})).ok());
  EXPECT_TRUE(world.Refusal(Event({kHoldout, Evaluation("two")}, "another")).ok());
}

TEST(HoldoutQuota, CountsOnlyEvaluationsOfHoldoutsAndPartsOfOneOnce) {
  ScheduledWorld world({.holdout_queries_per_day = 1});
  const TestJob plain = {"name: 'secret' data {}", {}};
  world.Submit({plain, Evaluation("open")});
  world.Submit({plain, Evaluation("open")});
  EXPECT_TRUE(world
                  .Refusal(Event({kHoldout, Evaluation("part-0", "part { index: 0 count: 2 }"),
                                  Evaluation("part-1", "part { index: 1 count: 2 }"), Evaluation("whole")}))
                  .ok());
  EXPECT_FALSE(world.Refusal(Event({kHoldout, Evaluation("again")})).ok());
  EXPECT_THAT(world.Refusal(Event({kHoldout, Evaluation("one"), Evaluation("two")}, "another")).message(),
              HasSubstr("more than that at once is never taken"));
}

TEST(HoldoutQuota, KnowsHoldoutsThatAreArtifactsAlready) {
  const auto is_holdout = [](absl::string_view id) { return id == "h"; };
  PipelineSubmitted event = Event({{"name: 'e' evaluate { suites { suite: 's' corpus: 'h' } }", {}},
                                   {"name: 'f' evaluate { suites { suite: 's' corpus: 'h' } }", {}}});
  for (auto& inputs : event.inputs) inputs.emplace_back().set_artifact_id("h");
  const JobTable none;
  EXPECT_TRUE(CheckHoldoutQueries(event, none, is_holdout, 2, absl::Now()).ok());
  EXPECT_FALSE(CheckHoldoutQueries(event, none, is_holdout, 1, absl::Now()).ok());
  EXPECT_TRUE(CheckHoldoutQueries(event, none, is_holdout, 0, absl::Now()).ok());
}

}  // namespace
}  // namespace bonsai
