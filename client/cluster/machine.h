// Looks at this machine: what a local cluster may use.
//
// Called by LocalCluster.
#ifndef BONSAI_CLIENT_CLUSTER_MACHINE_H_
#define BONSAI_CLIENT_CLUSTER_MACHINE_H_

#include <string>

#include "client/cluster/cluster_plan.h"

namespace bonsai {

// CPUs that this process may run on, memory (of the machine or of its control group, whichever is less), and
// which emulators are on $PATH.
MachineFacts LookAtMachine();

// Whether something accepts connections at 127.0.0.1:PORT or another numeric address.
bool Accepts(const std::string& address);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_MACHINE_H_
