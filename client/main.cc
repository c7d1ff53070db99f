// The `bonsai` command. See `bonsai --help`.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "client/command_line.h"

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "it is written by a signal handler");

// Verbs that clean up look at the flag; a second Ctrl-C ends the program at once.
void NoteInterrupt(int) {
  interrupted = true;
  std::signal(SIGINT, SIG_DFL);
}

// `logs -f` has nothing to clean up and may wait for bytes: Ctrl-C ends it as it ends any program.
bool EndsAtOnce(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "watch" || argument == "--watch" || argument == "pull") return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!EndsAtOnce(arguments)) std::signal(SIGINT, NoteInterrupt);
  const auto look = [] { return bonsai::DetectScreen(STDOUT_FILENO); };
  bonsai::Session session{std::cout, std::cerr, look(), look};
  session.interrupted = &interrupted;
  const int code = bonsai::RunCommandLine(arguments, session);
  std::cout.flush();
  return code;
}
