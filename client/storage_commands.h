// The command lines of the verbs in storage_verbs.h: options, help, examples.
//
// Called by CommandLine.
#ifndef BONSAI_CLIENT_STORAGE_COMMANDS_H_
#define BONSAI_CLIENT_STORAGE_COMMANDS_H_

#include "client/verb_table.h"

namespace bonsai {

class StorageCommands {
 public:
  // Adds the verbs. This must outlive the table.
  explicit StorageCommands(VerbTable& verbs);
  StorageCommands(const StorageCommands&) = delete;
  StorageCommands& operator=(const StorageCommands&) = delete;

 private:
  // What the options are parsed into.
  bool dry_run_ = false;
  bool quarantine_ = false;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_STORAGE_COMMANDS_H_
