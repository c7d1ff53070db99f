#include "coordinator/scheduler/cron_expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bonsai {
namespace {

using testing::HasSubstr;

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S", text.size() == 16 ? text + ":00" : text, &time, &error))
      << text << ": " << error;
  return time;
}

// The next times after `after`, as text.
std::vector<std::string> Next(const std::string& cron, const std::string& after, int count) {
  auto expression = CronExpression::Parse(cron);
  EXPECT_TRUE(expression.ok()) << expression.status();
  std::vector<std::string> times;
  if (!expression.ok()) return times;
  absl::Time time = At(after);
  for (int i = 0; i < count; ++i) {
    const std::optional<absl::Time> next = expression->Next(time);
    if (!next) break;
    time = *next;
    times.push_back(absl::FormatTime("%Y-%m-%d %H:%M", time, absl::UTCTimeZone()));
  }
  return times;
}

using Times = std::vector<std::string>;

TEST(CronExpressionTest, AMinuteIsDueAfterTheOneThatIsNotOver) {
  EXPECT_EQ(Next("* * * * *", "2026-11-21 02:30:00", 2), (Times{"2026-11-21 02:31", "2026-11-21 02:32"}));
  EXPECT_EQ(Next("* * * * *", "2026-11-21 02:30:59", 1), Times{"2026-11-21 02:31"});
  EXPECT_EQ(Next("30 2 * * *", "2026-11-21 02:29:59", 1), Times{"2026-11-21 02:30"});
  EXPECT_EQ(Next("30 2 * * *", "2026-11-21 02:30:00", 1), Times{"2026-11-22 02:30"});
}

TEST(CronExpressionTest, TakesListsRangesAndSteps) {
  EXPECT_EQ(Next("*/20 8-10/2 * * *", "2026-01-01 00:00", 7),
            (Times{"2026-01-01 08:00", "2026-01-01 08:20", "2026-01-01 08:40", "2026-01-01 10:00",
                   "2026-01-01 10:20", "2026-01-01 10:40", "2026-01-02 08:00"}));
  EXPECT_EQ(Next("5,10-12,50 0 * * *", "2026-01-01 00:05", 5),
            (Times{"2026-01-01 00:10", "2026-01-01 00:11", "2026-01-01 00:12", "2026-01-01 00:50",
                   "2026-01-02 00:05"}));
}

TEST(CronExpressionTest, TakesNamesInAnyCaseAndBothSundays) {
  const Times sundays = {"2026-11-22 00:00", "2026-11-29 00:00"};
  for (const char* cron : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * sun", "0 0 * Jan-dec 7-7"}) {
    EXPECT_EQ(Next(cron, "2026-11-21 02:30", 2), sundays) << cron;
  }
  EXPECT_EQ(Next("0 3 * * FRI-7", "2026-11-19 00:00", 3),
            (Times{"2026-11-20 03:00", "2026-11-21 03:00", "2026-11-22 03:00"}));
  EXPECT_EQ(Next("0 0 1 feb,APR *", "2026-01-01 00:00", 2), (Times{"2026-02-01 00:00", "2026-04-01 00:00"}));
}

TEST(CronExpressionTest, ADayOfTheMonthOrOfTheWeekWillDoWhereBothAreGiven) {
  // 13 November 2026 is a Friday, as are the 6th and the 20th.
  EXPECT_EQ(Next("0 0 13 * FRI", "2026-11-01 00:00", 5),
            (Times{"2026-11-06 00:00", "2026-11-13 00:00", "2026-11-20 00:00", "2026-11-27 00:00",
                   "2026-12-04 00:00"}));
  EXPECT_EQ(Next("0 0 13 * *", "2026-11-01 00:00", 2), (Times{"2026-11-13 00:00", "2026-12-13 00:00"}));
}

TEST(CronExpressionTest, BothMustHoldWhereOneBeginsWithAStar) {
  // The odd days that are Fridays.
  EXPECT_EQ(Next("0 0 */2 * FRI", "2026-11-01 00:00", 2), (Times{"2026-11-13 00:00", "2026-11-27 00:00"}));
}

TEST(CronExpressionTest, FindsLeapDaysOverTheGapOfACentury) {
  EXPECT_EQ(Next("0 0 29 2 *", "2026-01-01 00:00", 2), (Times{"2028-02-29 00:00", "2032-02-29 00:00"}));
  EXPECT_EQ(Next("0 0 29 2 *", "2096-03-01 00:00", 1), Times{"2104-02-29 00:00"});
  // A leap day that is a Sunday: the '*' makes it both.
  EXPECT_EQ(Next("0 0 29 2 */7", "2026-01-01 00:00", 1), Times{"2032-02-29 00:00"});
}

TEST(CronExpressionTest, GoesOverTheEndOfMonthsAndYears) {
  EXPECT_EQ(Next("59 23 31 * *", "2026-11-01 00:00", 3),
            (Times{"2026-12-31 23:59", "2027-01-31 23:59", "2027-03-31 23:59"}));
}

TEST(CronExpressionTest, ErrorsNameTheFieldTheValueAndWhatIsValid) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "has 0 fields; must have five"},
      {"* * * *", "has 4 fields"},
      {"* * * * * *", "has 6 fields"},
      {"60 * * * *", "minute is \"60\": must be '*', or 0 to 59"},
      {"* 24 * * *", "hour is \"24\""},
      {"* * 0 * *", "day-of-month is \"0\""},
      {"* * * FOO *", "month is \"FOO\": must be '*', or 1 to 12 or JAN to DEC"},
      {"* * * * 8", "day-of-week is \"8\""},
      {"* * * * MON-XYZ", "day-of-week is \"MON-XYZ\""},
      {"5-2 * * * *", "the range must begin with its smaller end"},
      {"*/0 * * * *", "the step must be from 1 to 59"},
      {"*/x * * * *", "the step must be"},
      {"*/ * * * *", "the step must be"},
      {"5/2 * * * *", "a step needs '*' or a range before it"},
      {"*/2/3 * * * *", "has more than one step"},
      {"1-2-3 * * * *", "minute is \"1-2-3\""},
      {"1,,2 * * * *", "minute is \"\""},
      {"-5 * * * *", "minute is \"-5\""},
      {"+5 * * * *", "minute is \"+5\""},
      {"0 0 30 2 *", "day-of-month is \"30\": no such day comes in the months \"2\""},
      {"0 0 31 FEB,APR,JUN *", "no such day comes"},
  };
  for (const auto& [cron, message] : wrong) {
    const absl::Status status = CronExpression::Parse(cron).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << cron;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message)) << cron;
  }
}

TEST(CronExpressionTest, HasNoNextTimeAtTheEndsOfTime) {
  auto cron = CronExpression::Parse("* * * * *");
  ASSERT_TRUE(cron.ok());
  EXPECT_EQ(cron->Next(absl::InfiniteFuture()), std::nullopt);
  EXPECT_EQ(cron->Next(absl::InfinitePast()), std::nullopt);
}

}  // namespace
}  // namespace bonsai
