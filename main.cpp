// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"

#include "observe/log.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

namespace {

using namespace kalends::commands;

void common_options(CLI::App& command, overrides& given) {
  command.add_option("--config", given.file, "Settings file (TOML)");
  command.add_option("--data-dir", given.data_dir, "Where the embedded database and the keys live");
  command.add_option("--log-format", given.log_format, "json (one object per line) or text");
}

struct pubsub_commands {
  CLI::App *provision, *show, *remove;
};

pubsub_commands add_pubsub(CLI::App& admin, pubsub_options& o) {
  auto* pubsub = admin.add_subcommand("pubsub", "Google notices through a Pub/Sub relay");
  pubsub->require_subcommand(1);
  const pubsub_commands all{
      pubsub->add_subcommand("provision", "Make topic and push subscription at Google, or mend them"),
      pubsub->add_subcommand("show", "What is expected, and whether Google agrees"),
      pubsub->add_subcommand("remove", "Take it down again")};
  for (auto* c : {all.provision, all.show, all.remove}) {
    common_options(*c, o.given);
    c->add_option("--tenant", o.tenant, "The tenant's id")->required();
    c->add_option("--server", o.server_url, "The running server, if not as configured");
    auto* key = c->add_option("--credentials", o.credentials.key_file, "A service account's JSON key file");
    auto* token = c->add_option("--access-token-file", o.credentials.access_token_file,
                                "A file with what gcloud auth print-access-token printed");
    key->excludes(token);
  }
  all.provision->add_option("--project", o.project, "The Google Cloud project's id")->required();
  all.provision->add_option("--topic", o.topic, "Default: kalends-TENANT");
  all.provision->add_option("--subscription", o.subscription, "Default: kalends-TENANT-push");
  all.provision
      ->add_option("--service-account", o.service_account, "As whom Pub/Sub pushes: its e-mail address")
      ->required();
  all.provision->add_option("--publisher", o.publishers,
                            "Who may publish, as IAM names it: serviceAccount:relay@… (may be repeated)");
  for (auto* c : {all.provision, all.show})
    c->add_flag("--unwrapped", o.unwrapped, "Push payload and attributes without Pub/Sub's envelope");
  all.remove->add_flag("--with-topic", o.with_topic, "Remove the topic as well");
  return all;
}

using operator_commands = std::vector<std::pair<CLI::App*, operator_verb>>;

operator_commands add_operators(CLI::App& admin, operator_options& o) {
  auto* operators = admin.add_subcommand("operator", "Who signs in with a password and a code");
  operators->require_subcommand(1);
  operator_commands all{
      {operators->add_subcommand("add", "Make an account; the password is read from the standard input"),
       operator_verb::add},
      {operators->add_subcommand("list", "The accounts that there are"), operator_verb::list},
      {operators->add_subcommand("remove", "Remove an account and end its sessions"), operator_verb::remove},
      {operators->add_subcommand("reset", "A new password and a new secret for the authenticator"),
       operator_verb::reset}};
  for (const auto& [command, verb] : all) {
    common_options(*command, o.given);
    command->add_option("--server", o.server_url, "The running server, if not as configured");
    if (verb != operator_verb::list) command->add_option("email", o.email, "Whose account")->required();
  }
  return all;
}

CLI::App* add_mail(CLI::App& admin, mail_options& o) {
  auto* mail = admin.add_subcommand("mail", "The server that takes our mail");
  mail->require_subcommand(1);
  auto* trial = mail->add_subcommand("test", "Send one mail with the settings as they are");
  common_options(*trial, o.given);
  trial->add_option("address", o.to, "Who gets it")->required();
  return trial;
}

/// Log lines go to standard error; standard output belongs to the command. A server's lines are for programs
/// unless somebody wants to read them.
void open_log(std::string_view format, bool server, const char* usual_level) {
  const char* level = std::getenv("KALENDS_LOG");
  const bool json = format.empty() ? server : format == "json";
  kalends::observe::open_log(json ? kalends::observe::log_format::json : kalends::observe::log_format::text,
                             level != nullptr ? level : usual_level);
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Kalends keeps schedule entries and people's Google and Microsoft 365 calendars in step."};
  app.set_version_flag("--version", KALENDS_VERSION);
  app.require_subcommand(1);

  overrides given;
  auto* serve_command = app.add_subcommand("serve", "Run the server");
  common_options(*serve_command, given);
  serve_command->add_option("--listen", given.listen, "Address to listen on");
  serve_command->add_option("--port", given.port, "Port to listen on (0: any free one)");
  serve_command->add_option("--public-url", given.public_url, "What the outside world calls this server");
  serve_command->add_option("--webhook-url", given.webhook_url,
                            "Where Google and Microsoft reach the webhooks; none: changes are polled");

  serve_command->add_option(
      "--node-url", given.node_url,
      "Where the other nodes of this database reach this one (default: the public URL)");

  auto* migrate_command = app.add_subcommand("migrate", "Make or upgrade the database schema");
  common_options(*migrate_command, given);

  auto* keys_command = app.add_subcommand("keys", "The keys of this installation");
  keys_command->require_subcommand(1);
  auto* init_command = keys_command->add_subcommand(
      "init", "Make the vault's key, once, before the first start with a database of your own");
  common_options(*init_command, given);

  backup_options saved;
  saved.version = KALENDS_VERSION;
  auto* backup_command =
      app.add_subcommand("backup", "Copy the embedded database into a file, while the server runs or not");
  common_options(*backup_command, given);
  backup_command->add_option("--to", saved.file, "The file to make")->required();
  backup_command->add_flag("--with-vault-key", saved.with_vault_key,
                           "Put the vault's keys into it: then the file alone opens every token");

  std::string restored;
  auto* restore_command =
      app.add_subcommand("restore", "Make the embedded database from a backup, in an empty data directory");
  common_options(*restore_command, given);
  restore_command->add_option("--from", restored, "The backup")->required();

  auto* mark_command = app.add_subcommand(
      "mark-restored",
      "Tell a database of your own that it was brought back to an earlier point, before the next start");
  common_options(*mark_command, given);

  demo_options demonstration;
  auto* demo_command = app.add_subcommand(
      "demo", "Everything at once: database, server and a sandbox of both vendors, with traffic");
  demo_command->add_option("--data-dir", demonstration.data_dir, "Where it keeps its things")
      ->capture_default_str();
  demo_command->add_option("--port", demonstration.port, "The server's port (0: any free one)")
      ->capture_default_str();
  demo_command
      ->add_option("--sandbox-port", demonstration.sandbox_port, "The sandbox's port (0: any free one)")
      ->capture_default_str();
  demo_command->add_flag("--quiet", demonstration.quiet, "Nothing happens by itself");

  sandbox_command_options box;
  auto* sandbox_command =
      app.add_subcommand("sandbox", "Google Calendar and Microsoft Graph to try things against");
  sandbox_command->add_option("--data-dir", box.data_dir, "Where its certificate authority is kept")
      ->capture_default_str();
  sandbox_command->add_option("--listen", box.listen, "Address to listen on")->capture_default_str();
  sandbox_command->add_option("--port", box.port, "Port to listen on (0: any free one)")
      ->capture_default_str();

  doctor_options examination;
  auto* doctor_command =
      app.add_subcommand("doctor", "Look whether everything is set up as it must be; changes nothing");
  common_options(*doctor_command, examination.given);
  doctor_command->add_option("--listen", examination.given.listen, "Address that the server listens on");
  doctor_command->add_option("--port", examination.given.port, "Port that the server listens on");
  doctor_command->add_option("--public-url", examination.given.public_url,
                             "What the outside world calls the server");
  doctor_command->add_option("--webhook-url", examination.given.webhook_url,
                             "Where Google and Microsoft reach the webhooks");
  doctor_command->add_flag("--json", examination.json, "For programs: the findings as JSON");

  explain_options story;
  auto* explain_command =
      app.add_subcommand("explain", "What was done about an entry or an event, and why, from the ledger");
  explain_command->add_option("--entry", story.entry, "Id of a schedule entry");
  explain_command->add_option("--event", story.event, "The vendor's id of a calendar event");
  explain_command->add_option("--base-url", story.base_url, "The server")->capture_default_str();
  explain_command->add_option("--key-file", story.key_file,
                              "File with a tenant's API key; none: KALENDS_API_KEY holds it");
  explain_command->add_option("--ca-file", story.ca_file,
                              "Certificate authority of the server, if it is not public");

  demo_command->add_option("--log-format", given.log_format, "json (one object per line) or text");
  pubsub_options relay;
  auto* admin = app.add_subcommand("admin", "What an operator does to a running installation");
  admin->require_subcommand(1);
  const auto pubsub = add_pubsub(*admin, relay);
  operator_options account;
  const auto operators = add_operators(*admin, account);
  mail_options mailed;
  const auto* mail_trial = add_mail(*admin, mailed);

  CLI11_PARSE(app, argc, argv);
  const auto log_format = read_configuration(given).value.server.log_format;
  open_log(log_format, serve_command->parsed(),
           doctor_command->parsed() ? "error"
           : demo_command->parsed() ? "warn"
                                    : "info");
  if (*serve_command) return serve(given);
  if (*migrate_command) return migrate(given);
  if (*init_command) return make_vault_key(given);
  if (*pubsub.provision) return provision_pubsub(relay);
  if (*pubsub.show) return show_pubsub(relay);
  if (*pubsub.remove) return remove_pubsub(relay);
  for (const auto& [command, verb] : operators)
    if (*command) return administer_operators(verb, account);
  if (*mail_trial) return try_mail(mailed);
  if (*backup_command) return backup(given, saved);
  if (*restore_command) return restore(given, restored);
  if (*mark_command) return mark_restored(given);
  if (*demo_command) return demo(demonstration);
  if (*doctor_command) return doctor(examination);
  if (*explain_command) return explain(story);
  return run_sandbox(box);
}
