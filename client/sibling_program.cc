#include "client/sibling_program.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/install_tree.h"

namespace bonsai {

absl::Status BecomeSibling(const std::string& name, const std::vector<std::string>& arguments,
                           Session& session) {
  const std::string program = absl::StrCat(InstallTree::OfThisProgram().bin_dir, "/", name);
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  session.out << std::flush;
  execv(program.c_str(), argv.data());
  return absl::NotFoundError(
      absl::StrCat("cannot run ", program, " (", std::strerror(errno), "); is the installation whole?"));
}

}  // namespace bonsai
