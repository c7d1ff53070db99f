#include "client/install_tree.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace bonsai {

InstallTree InstallTree::OfThisProgram() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path bin = program.parent_path();
  return {bin.string(), (bin.parent_path() / "share").string()};
}

std::string InstallTree::Version() const {
  std::ifstream file(share_dir + "/VERSION");
  std::string version;
  std::getline(file, version);
  return version.empty() ? "of unknown version" : version;
}

}  // namespace bonsai
