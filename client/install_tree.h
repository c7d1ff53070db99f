// Where Bonsai is installed: bin/ with this program and its siblings, share/ beside it.
//
// Called by the command line and LocalCluster. A value.
#ifndef BONSAI_CLIENT_INSTALL_TREE_H_
#define BONSAI_CLIENT_INSTALL_TREE_H_

#include <string>

namespace bonsai {

struct InstallTree {
  std::string bin_dir;
  std::string share_dir;

  // By /proc/self/exe.
  static InstallTree OfThisProgram();

  // What share/VERSION says; "of unknown version" where there is none.
  std::string Version() const;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_INSTALL_TREE_H_
