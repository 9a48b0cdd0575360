// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commands/configuration.hpp"
#include "commands/google_cloud.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What `kalends <command>` does; each returns the process's exit status and prints its own errors.
namespace kalends::commands {

int serve(const overrides& given);
/// Makes or upgrades the schema, then ends.
int migrate(const overrides& given);

/// Makes the vault's key file where the settings say it is, for an installation whose database is its own.
/// Never replaces one.
int make_vault_key(const overrides& given);

struct backup_options {
  std::string file;
  std::string version; ///< of this program
  bool with_vault_key = false;
};
/// Copies the embedded database into a file, whether a server uses it or not.
int backup(const overrides& given, const backup_options& options);
/// Makes the embedded database from such a file, in an empty data directory.
int restore(const overrides& given, const std::string& file);
/// Tells a database of one's own that it was brought back to an earlier point.
int mark_restored(const overrides& given);

struct demo_options {
  std::string data_dir = "demo-data";
  std::uint16_t port = 8080;
  std::uint16_t sandbox_port = 8443;
  bool quiet = false; ///< no life of its own
};
/// Embedded database, sandbox, server, two tenants with connected calendars; writes `<data_dir>/demo.json`
/// when all of it answers.
int demo(const demo_options& options);

struct doctor_options {
  overrides given;
  bool json = false; ///< for programs instead of people
};
/// Looks whether the installation is set up so that it can work, with or without a server running, and
/// changes nothing. Exits with 1 if there is a problem.
int doctor(const doctor_options& options);

struct explain_options {
  std::string entry, event; ///< one of them
  std::string base_url = "http://127.0.0.1:8080";
  std::string key_file; ///< holds a tenant's key; empty: KALENDS_API_KEY
  std::string ca_file;
};
/// Prints what sync did to an entry or an event and why, oldest first, as the server's ledger tells it.
int explain(const explain_options& options);

struct sandbox_command_options {
  std::string data_dir = "sandbox-data";
  std::string listen = "127.0.0.1";
  std::uint16_t port = 8443;
};
int run_sandbox(const sandbox_command_options& options);

struct pubsub_options {
  overrides given;
  std::string server_url; ///< of the running server; empty: as configured
  std::string tenant;
  std::string project, topic, subscription; ///< names, or full ones; empty ones are made of the tenant's id
  std::string service_account;              ///< as whom Pub/Sub pushes
  std::vector<std::string> publishers;      ///< IAM members that may publish
  cloud_credentials credentials;
  bool unwrapped = false;
  bool with_topic = false; ///< of a removal
};
/// Makes topic and push subscription at Google, or mends them, and tells the server who will push.
int provision_pubsub(const pubsub_options& options);
/// What the server expects; with credentials also whether Google agrees (1 if not).
int show_pubsub(const pubsub_options& options);
int remove_pubsub(const pubsub_options& options);

enum class operator_verb { add, list, remove, reset };
struct operator_options {
  overrides given;
  std::string server_url; ///< of the running server; empty: as configured
  std::string email;      ///< not of `list`
};
/// Who may sign in as an operator with a password and a code; the password is read from the standard input.
int administer_operators(operator_verb verb, operator_options options);

struct mail_options {
  overrides given;
  std::string to;
};
/// Sends one mail with the settings as they are, and says what the server answered.
int try_mail(const mail_options& options);

} // namespace kalends::commands
