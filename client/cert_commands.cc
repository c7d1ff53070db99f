#include "client/cert_commands.h"

#include <vector>

#include "client/credential_files.h"

namespace bonsai {
namespace {

constexpr int kDaysMax = 36500;

constexpr char kFooter[] = R"(
Makes what a cluster needs that others can reach: an authority of one's own, certificates that it signs, and tokens.
All goes into one folder, --credentials (default: credentials/ in --dir); keys and tokens are for their owner's eyes.
ca-key.pem signs for everybody: it stays where it is. A machine that calls needs ca.pem, its own NAME.pem and
NAME-key.pem, and a token; the coordinator needs ca.pem, server.pem, server-key.pem and tokens.textproto.

Examples:
  bonsai cert init
  bonsai cert server --host cluster.example.org --host 10.0.0.5
  bonsai cert worker gpu-box-1
  bonsai cert client
  bonsai cert token ann --role submit --tenant edge > ann.token
  bonsai cert token gpu-box-1 --role work > gpu-box-1.token)";

}  // namespace

CertCommands::CertCommands(CLI::App& app, const AddVerb& add) {
  CLI::App* cert =
      app.add_subcommand("cert", "Make certificates and tokens, for a cluster that others can reach");
  cert->require_subcommand(1);
  cert->fallthrough();
  cert->footer(kFooter);
  add(*cert, "init", "An authority: ca.pem, ca-key.pem",
      [this](Session& session) { return RunCertInit(options_, session); })
      ->add_option("--days", options_.authority_days, "Valid for so long")
      ->check(CLI::Range(1, kDaysMax))
      ->capture_default_str();
  CLI::App* server = add(*cert, "server", "The coordinator's certificate: server.pem, server-key.pem",
                         [this](Session& session) { return RunCertServer(options_, session); });
  server->add_option("--host", options_.hosts, "A name or address at which it is dialled; may be repeated")
      ->required()
      ->expected(1)
      ->take_all();
  AddDays(*server, 1, "Valid for so long");
  AddCallers(*cert, add);
  AddToken(*cert, add);
}

void CertCommands::AddCallers(CLI::App& cert, const AddVerb& add) {
  CLI::App* client =
      add(cert, "client", "A client's certificate: NAME.pem, NAME-key.pem", [this](Session& session) {
        if (options_.name.empty()) options_.name = kClientName;
        return RunCertCaller(options_, session);
      });
  client->add_option("NAME", options_.name, "Default: client, which is where --credentials looks for it");
  AddDays(*client, 1, "Valid for so long");
  CLI::App* worker = add(cert, "worker", "A worker's certificate: NAME.pem, NAME-key.pem",
                         [this](Session& session) { return RunCertCaller(options_, session); });
  worker->add_option("NAME", options_.name, "As its worker_id")->required();
  AddDays(*worker, 1, "Valid for so long");
}

void CertCommands::AddToken(CLI::App& cert, const AddVerb& add) {
  CLI::App* token = add(cert, "token", "A token: printed once, its SHA-256 added to tokens.textproto",
                        [this](Session& session) { return RunCertToken(options_, session); });
  token->add_option("NAME", options_.name, "Whose")->required();
  token
      ->add_option("--role", options_.role, "submit: a tenant's pipelines; work: a worker; admin: everything")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"submit", "work", "admin"}));
  token->add_option("--tenant", options_.tenant, "Whom its jobs count against (without it: default)");
  AddDays(*token, 0, "Valid for so long; 0: for ever");
}

void CertCommands::AddDays(CLI::App& verb, int least, const std::string& what) {
  verb.add_option("--days", options_.days, what)->check(CLI::Range(least, kDaysMax))->capture_default_str();
}

void AddCredentialOptions(CLI::App& app, Session& session) {
  app.add_option(
         "--credentials", session.credentials,
         "The folder with ca.pem, client.pem, client-key.pem and token (default: credentials/ in --dir)")
      ->envname("BONSAI_CREDENTIALS");
  const auto add = [&](const char* name, const char* variable, std::string* file, const char* what) {
    app.add_option(name, *file, what)->envname(variable);
  };
  add("--ca", "BONSAI_CA", session.security.mutable_ca_file(), "The authority's certificate");
  add("--cert", "BONSAI_CERT", session.security.mutable_certificate_file(), "The certificate to show");
  add("--key", "BONSAI_KEY", session.security.mutable_key_file(), "Its key");
  add("--token-file", "BONSAI_TOKEN_FILE", session.security.mutable_token_file(), "The token to show");
}

}  // namespace bonsai
