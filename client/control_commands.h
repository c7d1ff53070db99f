// The command lines of the verbs in control_verbs.h: options, help, examples.
//
// Called by CommandLine.
#ifndef BONSAI_CLIENT_CONTROL_COMMANDS_H_
#define BONSAI_CLIENT_CONTROL_COMMANDS_H_

#include <string>
#include <vector>

#include "client/control_verbs.h"
#include "client/estimate_verb.h"
#include "client/verb_table.h"

namespace bonsai {

class ControlCommands {
 public:
  // Adds the verbs. This must outlive the table.
  explicit ControlCommands(VerbTable& verbs);
  ControlCommands(const ControlCommands&) = delete;
  ControlCommands& operator=(const ControlCommands&) = delete;

 private:
  void AddJobs(VerbTable& verbs);
  void AddWorkers(VerbTable& verbs);
  void AddSchedules(VerbTable& verbs);
  void AddSimulation(VerbTable& verbs);
  void AddHoldout(VerbTable& verbs);
  void AddEstimation(VerbTable& verbs);

  // What the options are parsed into.
  std::string id_, reason_;
  ScheduleOptions schedule_;
  EstimateOptions estimate_;
  std::vector<std::string> sets_;
  const CLI::App* simulate_ = nullptr;
  const CLI::App* holdout_ = nullptr;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CONTROL_COMMANDS_H_
