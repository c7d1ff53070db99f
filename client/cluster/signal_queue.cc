#include "client/cluster/signal_queue.h"

namespace bonsai {

SignalQueue::SignalQueue() {
  sigemptyset(&set_);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set_, number);
  sigprocmask(SIG_BLOCK, &set_, &before_);
}

SignalQueue::~SignalQueue() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

int SignalQueue::Wait(absl::Duration time) const {
  const timespec bound = absl::ToTimespec(time);
  const int number = sigtimedwait(&set_, nullptr, &bound);
  return number > 0 ? number : 0;
}

}  // namespace bonsai
