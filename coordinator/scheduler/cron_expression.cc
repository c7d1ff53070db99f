#include "coordinator/scheduler/cron_expression.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace bonsai {
namespace {

constexpr size_t kTextBytesMax = 256;
// The 29th of February of a given weekday comes at least every 40 years, the gap of 2100 included.
constexpr int kYearsMax = 41;

struct Field {
  const char* name;
  int first;
  int last;
  std::vector<const char*> names;  // of first, first + 1, ...
  const char* valid;
};

const std::array<Field, 5>& Fields() {
  static const auto* const fields = new std::array<Field, 5>{{
      {"minute", 0, 59, {}, "0 to 59"},
      {"hour", 0, 23, {}, "0 to 23"},
      {"day-of-month", 1, 31, {}, "1 to 31"},
      {"month",
       1,
       12,
       {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"},
       "1 to 12 or JAN to DEC"},
      {"day-of-week",
       0,
       7,
       {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"},
       "0 to 7 or SUN to SAT, 0 and 7 are Sunday"},
  }};
  return *fields;
}

absl::Status Wrong(const Field& field, absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("cron: ", field.name, " is \"", absl::CHexEscape(text), "\": ", why));
}

std::optional<int> ParseNumber(const Field& field, absl::string_view text) {
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (absl::EqualsIgnoreCase(text, field.names[i])) return field.first + static_cast<int>(i);
  }
  int value = 0;
  const bool digits = !text.empty() && text.size() <= 4 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (!digits || !absl::SimpleAtoi(text, &value)) return std::nullopt;
  return value;
}

// One of the parts between commas, "2-5/2", into the set.
absl::Status ParsePart(const Field& field, absl::string_view part, std::bitset<64>& set) {
  const std::vector<absl::string_view> stepped = absl::StrSplit(part, '/');
  if (stepped.size() > 2) return Wrong(field, part, "has more than one step");
  const bool has_step = stepped.size() == 2;
  int step = 1;
  if (has_step) {
    const bool number = absl::SimpleAtoi(stepped[1], &step) && !stepped[1].empty() &&
                        absl::ascii_isdigit(static_cast<unsigned char>(stepped[1][0]));
    if (!number || step < 1 || step > field.last) {
      return Wrong(field, part, absl::StrCat("the step must be from 1 to ", field.last));
    }
  }
  int first = field.first;
  int last = field.last;
  if (stepped[0] != "*") {
    const std::vector<absl::string_view> ends = absl::StrSplit(stepped[0], '-');
    const std::optional<int> from = ParseNumber(field, ends.front());
    const std::optional<int> to = ParseNumber(field, ends.back());
    const auto within = [&](const std::optional<int>& value) {
      return value && *value >= field.first && *value <= field.last;
    };
    if (ends.size() > 2 || !within(from) || !within(to)) {
      return Wrong(field, part, absl::StrCat("must be '*', or ", field.valid, ", or a range of these"));
    }
    if (has_step && ends.size() == 1) return Wrong(field, part, "a step needs '*' or a range before it");
    if (*from > *to) return Wrong(field, part, "the range must begin with its smaller end");
    first = *from;
    last = *to;
  }
  for (int value = first; value <= last; value += step) set.set(static_cast<size_t>(value));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CronExpression> CronExpression::Parse(absl::string_view text) {
  if (text.size() > kTextBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("cron: has ", text.size(), " bytes; must have at most ", kTextBytesMax));
  }
  const std::vector<std::string> parts = absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (parts.size() != Fields().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cron: \"", absl::CHexEscape(text), "\" has ", parts.size(),
                     " fields; must have five: minute hour day-of-month month day-of-week, as in "
                     "\"30 2 * * MON-FRI\""));
  }
  CronExpression cron;
  Set* const sets[] = {&cron.minutes_, &cron.hours_, &cron.days_, &cron.months_, &cron.weekdays_};
  for (size_t i = 0; i < parts.size(); ++i) {
    for (absl::string_view part : absl::StrSplit(parts[i], ',')) {
      if (absl::Status parsed = ParsePart(Fields()[i], part, *sets[i]); !parsed.ok()) return parsed;
    }
  }
  if (cron.weekdays_[7]) cron.weekdays_.set(0);
  cron.either_day_ = parts[2][0] != '*' && parts[4][0] != '*';
  if (!cron.Next(absl::UnixEpoch())) {
    return Wrong(Fields()[2], parts[2], absl::StrCat("no such day comes in the months \"", parts[3], "\""));
  }
  return cron;
}

bool CronExpression::NamesDay(absl::CivilDay day) const {
  // absl counts weekdays from Monday.
  const size_t weekday = (static_cast<size_t>(absl::GetWeekday(day)) + 1) % 7;
  const bool by_month = days_[static_cast<size_t>(day.day())];
  const bool by_week = weekdays_[weekday];
  return either_day_ ? by_month || by_week : by_month && by_week;
}

std::optional<absl::CivilDay> CronExpression::NextDay(absl::CivilDay day) const {
  const absl::civil_year_t last_year = day.year() + kYearsMax;
  while (day.year() <= last_year) {
    if (!months_[static_cast<size_t>(day.month())]) {
      day = absl::CivilDay(absl::CivilMonth(day) + 1);
    } else if (NamesDay(day)) {
      return day;
    } else {
      ++day;
    }
  }
  return std::nullopt;
}

std::optional<absl::Time> CronExpression::Next(absl::Time after) const {
  // Where civil years still are numbers of four digits.
  if (after < absl::FromUnixSeconds(-62135596800) || after > absl::FromUnixSeconds(253402300799)) {
    return std::nullopt;
  }
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilMinute from = absl::ToCivilMinute(after, utc) + 1;
  std::optional<absl::CivilDay> day = NextDay(absl::CivilDay(from));
  if (!day) return std::nullopt;
  int hour = 0;
  int minute = 0;
  if (*day == absl::CivilDay(from)) {
    hour = from.hour();
    minute = from.minute();
  }
  while (day) {
    for (; hour < 24; ++hour, minute = 0) {
      if (!hours_[static_cast<size_t>(hour)]) continue;
      for (; minute < 60; ++minute) {
        if (!minutes_[static_cast<size_t>(minute)]) continue;
        return absl::FromCivil(absl::CivilMinute(day->year(), day->month(), day->day(), hour, minute), utc);
      }
    }
    hour = 0;
    day = NextDay(*day + 1);
  }
  return std::nullopt;
}

}  // namespace bonsai
