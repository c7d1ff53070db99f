#include "client/storage_commands.h"

#include "client/storage_verbs.h"

namespace bonsai {
namespace {

constexpr char kStorageFooter[] = R"(
Exit codes of `verify`: 0 all is sound; 1 something is missing or damaged.

Examples:
  bonsai storage gc --dry-run
  bonsai storage verify || bonsai storage verify --quarantine)";

}  // namespace

StorageCommands::StorageCommands(VerbTable& verbs) {
  CLI::App* storage =
      verbs.app().add_subcommand("storage", "Look after the coordinator's storage: gc, verify");
  storage->fallthrough();
  storage->require_subcommand(1);
  storage->footer(kStorageFooter);
  verbs
      .Add(*storage, "gc", "Remove blobs that nothing names any more",
           [this](Session& session) { return RunStorageGc(dry_run_, session); })
      ->add_flag("--dry-run", dry_run_, "Only say what would go");
  verbs
      .Add(*storage, "verify", "Read every blob that something names; say what is missing or damaged",
           [this](Session& session) { return RunStorageVerify(quarantine_, session); })
      ->add_flag("--quarantine", quarantine_,
                 "Move damaged blobs aside, so that the same bytes can be stored again");
}

}  // namespace bonsai
