// When something is due again and again: the five fields of cron, in UTC.
//
//   minute        0-59
//   hour          0-23
//   day-of-month  1-31
//   month         1-12, or JAN-DEC
//   day-of-week   0-7, or SUN-SAT; 0 and 7 are Sunday
//
// A field is '*', a number or name, a range "2-5", or several of these after each other with ','; '*' and
// ranges take a step, "*/15", "8-18/2". As with cron, where day-of-month and day-of-week both do not begin
// with '*', a day is due that either of them names; else one that both name.
//
// A value; pure.
#ifndef BONSAI_COORDINATOR_SCHEDULER_CRON_EXPRESSION_H_
#define BONSAI_COORDINATOR_SCHEDULER_CRON_EXPRESSION_H_

#include <bitset>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace bonsai {

class CronExpression {
 public:
  // InvalidArgument names the field, the value and what would be valid; also for what never comes, as the
  // 30th of February.
  static absl::StatusOr<CronExpression> Parse(absl::string_view text);

  // The first due minute after `after`. Nothing where `after` is infinite, or so late that there is none.
  std::optional<absl::Time> Next(absl::Time after) const;

 private:
  using Set = std::bitset<64>;

  CronExpression() = default;
  bool NamesDay(absl::CivilDay day) const;
  // The first due day from `day` on.
  std::optional<absl::CivilDay> NextDay(absl::CivilDay day) const;

  Set minutes_, hours_, days_, months_, weekdays_;  // weekdays from Sunday, 0
  bool either_day_ = false;                         // a day that days_ or weekdays_ names will do
};

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_CRON_EXPRESSION_H_
