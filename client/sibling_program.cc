#include "client/sibling_program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/install_tree.h"

namespace bonsai {
namespace {

// The program's words, ended by nullptr, as exec takes them; `words` holds them.
std::vector<char*> Arguments(const std::string& program, const std::vector<std::string>& arguments,
                             std::vector<std::string>& words) {
  words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return argv;
}

absl::Status CannotRun(const std::string& program, int code) {
  return absl::NotFoundError(
      absl::StrCat("cannot run ", program, " (", std::strerror(code), "); is the installation whole?"));
}

}  // namespace

absl::Status BecomeSibling(const std::string& name, const std::vector<std::string>& arguments,
                           Session& session) {
  const std::string program = absl::StrCat(InstallTree::OfThisProgram().bin_dir, "/", name);
  std::vector<std::string> words;
  const std::vector<char*> argv = Arguments(program, arguments, words);
  session.out << std::flush;
  execv(program.c_str(), argv.data());
  return CannotRun(program, errno);
}

absl::StatusOr<int> RunSibling(const std::string& name, const std::vector<std::string>& arguments,
                               Session& session) {
  const std::string program = absl::StrCat(InstallTree::OfThisProgram().bin_dir, "/", name);
  std::vector<std::string> words;
  const std::vector<char*> argv = Arguments(program, arguments, words);
  session.out << std::flush;
  pid_t child = 0;
  const int spawned = posix_spawn(&child, program.c_str(), nullptr, nullptr, argv.data(), environ);
  if (spawned != 0) return CannotRun(program, spawned);
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0) {
    if (errno != EINTR) return absl::InternalError(absl::StrCat("waitpid: ", std::strerror(errno)));
  }
  if (WIFEXITED(ended)) return WEXITSTATUS(ended);
  return absl::InternalError(absl::StrCat(name, " was ended by signal ", WTERMSIG(ended)));
}

}  // namespace bonsai
