// The signals that end a cluster (SIGINT, SIGTERM, SIGHUP), and the one that says that a process ended
// (SIGCHLD): blocked while this lives, and fetched one by one.
//
// Called by LocalCluster on its one thread.
#ifndef BONSAI_CLIENT_CLUSTER_SIGNAL_QUEUE_H_
#define BONSAI_CLIENT_CLUSTER_SIGNAL_QUEUE_H_

#include <signal.h>

#include "absl/time/time.h"

namespace bonsai {

class SignalQueue {
 public:
  SignalQueue();
  ~SignalQueue();
  SignalQueue(const SignalQueue&) = delete;
  SignalQueue& operator=(const SignalQueue&) = delete;

  // The next signal's number; 0 if none comes in that time.
  int Wait(absl::Duration time) const;

 private:
  sigset_t set_, before_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_SIGNAL_QUEUE_H_
