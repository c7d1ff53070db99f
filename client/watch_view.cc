#include "client/watch_view.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/figures.h"
#include "client/job_lines.h"
#include "client/text_layout.h"
#include "client/training_lines.h"
#include "proto/job_state.h"

namespace bonsai {
namespace {

constexpr size_t kNameWidthMax = 28;
constexpr size_t kStateWidth = 9;
constexpr size_t kBarWidthMin = 6;
constexpr size_t kBarWidthMax = 24;
constexpr absl::Duration kProgressInterval = absl::Seconds(10);

std::string Bar(double share, size_t width, bool unicode) {
  const auto full = static_cast<size_t>(std::lround(share * static_cast<double>(width)));
  std::string bar;
  for (size_t i = 0; i < width; ++i) {
    if (unicode) {
      bar += i < full ? "\xE2\x96\x88" : "\xE2\x96\x91";
    } else {
      bar += i < full ? '#' : '-';
    }
  }
  return unicode ? bar : absl::StrCat("[", bar, "]");
}

absl::string_view Colour(v1::JobState state) {
  switch (state) {
    case v1::DONE:
      return "\x1b[32m";
    case v1::FAILED:
      return "\x1b[31;1m";
    case v1::RUNNING:
      return "\x1b[36m";
    case v1::CANCELLED:
    case v1::CANCELLING:
      return "\x1b[33m";
    default:
      return "\x1b[2m";
  }
}

std::string StateCell(v1::JobState state, bool colour) {
  const std::string cell = PadToWidth(StateWord(state), kStateWidth);
  return colour ? absl::StrCat(Colour(state), cell, "\x1b[0m") : cell;
}

// Ways to say the same, each shorter than the one before: without the unit, closer together.
std::vector<std::string> ShorterAndShorter(std::vector<std::string> parts) {
  std::vector<std::string> texts = {absl::StrJoin(parts, "  ")};
  if (!parts.empty()) parts[0] = parts[0].substr(0, parts[0].find(' '));
  texts.push_back(absl::StrJoin(parts, "  "));
  texts.push_back(absl::StrJoin(parts, " "));
  return texts;
}

// What stands behind the state of a job that runs or is done: a bar in the room that the figures leave.
std::string BarAndFigures(const v1::JobStatus& status, absl::Time now, size_t room, const Screen& screen) {
  std::vector<std::string> parts = ProgressParts(status);
  if (status.job().state() == v1::DONE) {
    parts.push_back(absl::StrCat("in ", FormatSeconds(absl::ToDoubleSeconds(RunTime(status.job(), now)))));
  } else if (parts.empty()) {
    parts.push_back("starting");
  }
  const size_t frame = screen.unicode ? 1 : 3;  // brackets, and the space behind the bar
  const double share = ProgressShare(status);
  const std::vector<std::string> texts = HasEnded(status.job().state()) || parts.size() == 1
                                             ? std::vector{absl::StrJoin(parts, "  ")}
                                             : ShorterAndShorter(parts);
  for (const std::string& text : texts) {
    const size_t left = room - std::min(room, DisplayWidth(text) + frame);
    if (left < kBarWidthMin) continue;
    return absl::StrCat(Bar(share < 0 ? 0 : share, std::min(left, kBarWidthMax), screen.unicode), " ", text);
  }
  for (const std::string& text : texts) {
    if (DisplayWidth(text) <= room) return text;
  }
  return CutToWidth(texts.back(), room);
}

// What is drawn of training jobs below their line.
enum class Detail { kNone, kFigures, kCurve };

struct Training {
  const LossCurves& curves;
  Detail detail;
};

void AppendTraining(const v1::JobStatus& status, size_t indent, size_t room, const Training& training,
                    const Screen& screen, std::vector<std::string>& lines) {
  if (training.detail == Detail::kNone || status.job().state() != v1::RUNNING) return;
  const auto found = training.curves.find(status.job().id());
  const bool draws = training.detail == Detail::kCurve && found != training.curves.end();
  for (const std::string& line :
       TrainingLines(status.sample(), draws ? &found->second : nullptr, room, screen)) {
    lines.push_back(absl::StrCat(std::string(indent, ' '), line));
  }
}

std::vector<std::string> JobLines(const v1::JobStatus& status, size_t name_width, absl::Time now,
                                  const Screen& screen, const Training& training) {
  const v1::JobRecord& job = status.job();
  const size_t indent = name_width + 1 + kStateWidth + 1;
  const size_t room = screen.columns > indent ? screen.columns - indent : 1;
  const std::string start = absl::StrCat(PadToWidth(CutToWidth(JobName(job), name_width), name_width), " ",
                                         StateCell(job.state(), screen.colour), " ");
  const std::string why = WhyText(job);
  if (job.state() == v1::FAILED) {
    std::vector<std::string> lines = WrapText(why.empty() ? "no reason was given" : why, room);
    for (size_t i = 0; i < lines.size(); ++i)
      lines[i] = absl::StrCat(i == 0 ? start : std::string(indent, ' '), lines[i]);
    return lines;
  }
  if (job.state() != v1::RUNNING && job.state() != v1::DONE)
    return {absl::StrCat(start, CutToWidth(why, room))};
  std::vector<std::string> lines = {absl::StrCat(start, BarAndFigures(status, now, room, screen))};
  if (!why.empty()) lines.push_back(absl::StrCat(std::string(indent, ' '), CutToWidth(why, room)));
  AppendTraining(status, indent, room, training, screen, lines);
  return lines;
}

// One line in place of many jobs of one state.
std::string SumLine(v1::JobState state, const std::vector<std::string>& names, const Screen& screen) {
  const std::string start = absl::StrCat(names.size(), " ", StateWord(state), ": ");
  return CutToWidth(absl::StrCat(start, absl::StrJoin(names, ", ")), screen.columns);
}

// All lines but the first, with the jobs in `summed` states put together.
std::vector<std::string> Body(const std::vector<v1::JobStatus>& jobs, size_t name_width, absl::Time now,
                              const Screen& screen, const std::vector<v1::JobState>& summed,
                              const Training& training) {
  std::vector<std::string> lines;
  for (v1::JobState state : summed) {
    std::vector<std::string> names;
    for (const v1::JobStatus& status : jobs) {
      if (status.job().state() == state) names.push_back(JobName(status.job()));
    }
    if (!names.empty()) lines.push_back(SumLine(state, names, screen));
  }
  for (const v1::JobStatus& status : jobs) {
    if (std::count(summed.begin(), summed.end(), status.job().state()) > 0) continue;
    for (std::string& line : JobLines(status, name_width, now, screen, training))
      lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::string SummaryLine(const std::string& pipeline_id, const std::vector<v1::JobStatus>& jobs,
                        absl::Time now) {
  std::map<v1::JobState, int> counts;
  absl::Time begin = absl::InfiniteFuture(), end = absl::InfinitePast();
  bool ended = true;
  for (const v1::JobStatus& status : jobs) {
    ++counts[status.job().state()];
    begin = std::min(begin, absl::FromUnixMillis(status.job().submitted_unix_ms()));
    end = std::max(end, absl::FromUnixMillis(status.job().ended_unix_ms()));
    ended = ended && HasEnded(status.job().state());
  }
  std::vector<std::string> parts;
  for (v1::JobState state :
       {v1::DONE, v1::FAILED, v1::CANCELLED, v1::RUNNING, v1::CANCELLING, v1::READY, v1::WAITING}) {
    if (counts[state] > 0) parts.push_back(absl::StrCat(counts[state], " ", StateWord(state)));
  }
  if (!jobs.empty()) {
    parts.push_back(FormatSeconds(absl::ToDoubleSeconds((ended ? end : now) - begin)));
  }
  return absl::StrCat(Printable(pipeline_id), ": ", jobs.size(),
                      jobs.size() == 1 ? " job: " : " jobs: ", absl::StrJoin(parts, ", "));
}

std::vector<std::string> RenderWatch(const std::string& pipeline_id, const std::vector<v1::JobStatus>& jobs,
                                     absl::Time now, const Screen& screen, bool whole,
                                     const LossCurves& curves) {
  size_t name_width = 4;
  for (const v1::JobStatus& status : jobs)
    name_width = std::max(name_width, DisplayWidth(JobName(status.job())));
  name_width = std::min({name_width, kNameWidthMax, screen.columns / 3});
  const size_t rows = screen.rows > 5 ? screen.rows - 3 : 2;
  std::vector<std::string> lines;
  const std::vector<v1::JobState> states = {v1::DONE, v1::WAITING, v1::CANCELLED, v1::READY};
  // A job that is done is worth less than a curve, and a curve less than a job that waits.
  const std::pair<size_t, Detail> ways[] = {
      {0, Detail::kCurve}, {1, Detail::kCurve}, {1, Detail::kFigures}, {2, Detail::kFigures},
      {2, Detail::kNone},  {3, Detail::kNone},  {4, Detail::kNone},
  };
  for (const auto& [summed, detail] : ways) {
    const std::vector<v1::JobState> sums(states.begin(), states.begin() + static_cast<long>(summed));
    lines = Body(jobs, name_width, now, screen, sums, {curves, detail});
    if (whole || lines.size() <= rows) break;
  }
  if (!whole && lines.size() > rows) {
    const size_t more = lines.size() - (rows - 1);
    lines.resize(rows - 1);
    lines.push_back(absl::StrCat("... and ", more, " more lines; `bonsai jobs ", pipeline_id, "` shows all"));
  }
  lines.insert(lines.begin(), CutToWidth(SummaryLine(pipeline_id, jobs, now), screen.columns));
  return lines;
}

std::vector<std::string> WatchLog::Update(const v1::JobStatus& status, absl::Time now) {
  const v1::JobRecord& job = status.job();
  Said& said = said_[job.id()];
  const std::string start =
      absl::StrCat(absl::FormatTime("%H:%M:%S", now, zone_), " ", Printable(job.id()), " ");
  const std::string why = WhyText(job);
  const bool changed = said.state != job.state() || said.attempts != job.attempts_size();
  // A job that waits may wait for something else now; that is news too, at most as often as progress.
  const bool waits_on = job.state() != v1::RUNNING && said.why != why && now - said.at >= kProgressInterval;
  if (changed || waits_on) {
    said = {job.state(), job.attempts_size(), why, said.progress, now};
    std::string line = absl::StrCat(start, StateWord(job.state()));
    if (job.state() == v1::DONE) {
      const std::string parts = absl::StrJoin(ProgressParts(status), "  ");
      absl::StrAppend(&line, " in ", FormatSeconds(absl::ToDoubleSeconds(RunTime(job, now))),
                      parts.empty() ? "" : absl::StrCat("  ", parts));
    }
    return {absl::StrCat(line, why.empty() ? "" : ": ", why)};
  }
  std::vector<std::string> parts = ProgressParts(status);
  for (std::string& part : TrainingParts(status.sample())) parts.push_back(std::move(part));
  const std::string progress = absl::StrJoin(parts, "  ");
  if (job.state() != v1::RUNNING || progress.empty() || progress == said.progress) return {};
  if (now - said.at < kProgressInterval) return {};
  said.at = now;
  said.progress = progress;
  return {absl::StrCat(start, progress)};
}

}  // namespace bonsai
