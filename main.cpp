// SPDX-License-Identifier: Apache-2.0
#include "commands/commands.hpp"

#include "observe/log.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>

namespace {

using namespace kalends::commands;

void common_options(CLI::App& command, overrides& given) {
  command.add_option("--config", given.file, "Settings file (TOML)");
  command.add_option("--data-dir", given.data_dir, "Where the embedded database and the keys live");
  command.add_option("--log-format", given.log_format, "json (one object per line) or text");
}

/// Log lines go to standard error; standard output belongs to the command. A server's lines are for programs
/// unless somebody wants to read them.
void open_log(std::string_view format, bool server) {
  const char* level = std::getenv("KALENDS_LOG");
  const bool json = format.empty() ? server : format == "json";
  kalends::observe::open_log(json ? kalends::observe::log_format::json : kalends::observe::log_format::text,
                             level != nullptr ? level : "info");
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

  auto* migrate_command = app.add_subcommand("migrate", "Make or upgrade the database schema");
  common_options(*migrate_command, given);

  auto* keys_command = app.add_subcommand("keys", "The keys of this installation");
  keys_command->require_subcommand(1);
  auto* init_command = keys_command->add_subcommand(
      "init", "Make the vault's key, once, before the first start with a database of your own");
  common_options(*init_command, given);

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

  demo_command->add_option("--log-format", given.log_format, "json (one object per line) or text");

  CLI11_PARSE(app, argc, argv);
  const auto log_format = read_configuration(given).value.server.log_format;
  open_log(log_format, serve_command->parsed());
  if (*serve_command) return serve(given);
  if (*migrate_command) return migrate(given);
  if (*init_command) return make_vault_key(given);
  if (*demo_command) return demo(demonstration);
  return run_sandbox(box);
}
