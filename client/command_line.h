// The command line of `bonsai`: its verbs, options, help and completion, and the way from there to what is
// run.
//
// Called by main and by tests. Only this, ControlCommands, VerbTable and Completion know CLI11.
#ifndef BONSAI_CLIENT_COMMAND_LINE_H_
#define BONSAI_CLIENT_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "client/session.h"

namespace bonsai {

// Runs what the arguments (without the program's name) say; prints to the session; returns the exit code.
// `session` starts with the terminal's facts; --json, --dir and --coordinator are filled in here.
int RunCommandLine(const std::vector<std::string>& arguments, Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_COMMAND_LINE_H_
