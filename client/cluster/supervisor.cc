#include "client/cluster/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cluster/child_process.h"
#include "client/figures.h"

namespace bonsai {

Supervisor::~Supervisor() {
  for (const Child& child : children_) {
    if (child.pid > 0) kill(-child.pid, SIGKILL);
  }
  for (const Child& child : children_) {
    if (child.pid > 0) waitpid(child.pid, nullptr, 0);
  }
}

absl::Status Supervisor::Start(ChildSpec spec, absl::Time now) {
  const auto pid = StartProcess(spec.arguments, spec.log_path);
  if (!pid.ok()) return pid.status();
  Child child;
  child.spec = std::move(spec);
  child.pid = *pid;
  child.started = now;
  children_.push_back(std::move(child));
  return absl::OkStatus();
}

void Supervisor::Reap(absl::Time now) {
  int wait_status = 0;
  // Also processes that were left to us when their own parents died.
  for (pid_t pid = waitpid(-1, &wait_status, WNOHANG); pid > 0; pid = waitpid(-1, &wait_status, WNOHANG)) {
    for (Child& child : children_) {
      if (child.pid == pid) NoteEnd(child, wait_status, now);
    }
  }
}

void Supervisor::NoteEnd(Child& child, int wait_status, absl::Time now) {
  child.pid = 0;
  child.quick_ends = now - child.started >= options_.well_after ? 1 : child.quick_ends + 1;
  const absl::Duration backoff =
      std::min(options_.backoff_max, options_.backoff_min * (1 << std::min(child.quick_ends - 1, 16)));
  child.restart_at = now + backoff;
  options_.say(absl::StrCat(child.spec.name, " ended (", DescribeEnd(wait_status), "); starting it again in ",
                            FormatSeconds(absl::ToDoubleSeconds(backoff)), " (its log: ", child.spec.log_path,
                            ")"));
}

void Supervisor::RestartDue(absl::Time now) {
  for (Child& child : children_) {
    if (child.pid != 0 || now < child.restart_at) continue;
    const auto pid = StartProcess(child.spec.arguments, child.spec.log_path);
    if (!pid.ok()) {
      options_.say(absl::StrCat(child.spec.name, ": ", std::string(pid.status().message())));
      child.restart_at = now + options_.backoff_max;
      continue;
    }
    child.pid = *pid;
    child.started = now;
    child.restart_at = absl::InfiniteFuture();
  }
}

int Supervisor::QuickEnds(const std::string& name) const {
  for (const Child& child : children_) {
    if (child.spec.name == name) return child.quick_ends;
  }
  return 0;
}

bool Supervisor::AnyRuns(const std::function<bool(const std::string&)>& chosen) const {
  return std::any_of(children_.begin(), children_.end(),
                     [&](const Child& child) { return child.pid > 0 && chosen(child.spec.name); });
}

void Supervisor::Stop(const std::function<bool(const std::string&)>& chosen, absl::Duration bound,
                      const std::function<bool()>& hurry) {
  for (Child& child : children_) {
    if (!chosen(child.spec.name)) continue;
    child.restart_at = absl::InfiniteFuture();
    if (child.pid > 0) kill(child.pid, SIGTERM);
  }
  const absl::Time kill_at = absl::Now() + bound;
  bool killed = false;
  while (AnyRuns(chosen)) {
    int wait_status = 0;
    const pid_t pid = waitpid(-1, &wait_status, WNOHANG);
    for (Child& child : children_) {
      if (pid > 0 && child.pid == pid) child.pid = 0;
    }
    if (pid > 0) continue;
    if (!killed && (hurry() || absl::Now() >= kill_at)) {
      killed = true;
      for (const Child& child : children_) {
        if (child.pid > 0 && chosen(child.spec.name)) {
          options_.say(absl::StrCat(child.spec.name, " did not end when asked; killing it"));
          kill(-child.pid, SIGKILL);
        }
      }
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
}

}  // namespace bonsai
