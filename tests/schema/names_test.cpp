// SPDX-License-Identifier: Apache-2.0
#include "schema/conflict.hpp"
#include "schema/dead_letter.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace kalends {
namespace {

template <class Enum>
void expect_round_trip(Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto v = static_cast<Enum>(i);
    EXPECT_EQ(read_name<Enum>(name_of(v)), v);
  }
  EXPECT_EQ(read_name<Enum>(""), std::nullopt);
  EXPECT_EQ(read_name<Enum>("no such name"), std::nullopt);
}

TEST(names_test, reads_every_name_it_writes) {
  expect_round_trip(provider_type::microsoft);
  expect_round_trip(provider_scope::tenant);
  expect_round_trip(sync_direction::from_provider);
  expect_round_trip(conflict_policy::manual);
  expect_round_trip(import_policy::none);
  expect_round_trip(guest_mail::guests);
  expect_round_trip(attendee_response::accepted);
  expect_round_trip(conflict_state::resolved);
  expect_round_trip(conflict_choice::merge);
  expect_round_trip(deletion_policy::cancel_entry);
  expect_round_trip(provider_status::leaving);
  expect_round_trip(entry_status::cancelled);
  expect_round_trip(push_action::remove);
  expect_round_trip(run_cause::push);
  expect_round_trip(run_outcome::failed);
  expect_round_trip(last_reason);
  expect_round_trip(letter_kind::pull);
  expect_round_trip(letter_state::dismissed);
  expect_round_trip(renewal_cause::silent);
  expect_round_trip(sync_mode::reconcile);
  expect_round_trip(last_fact_type);
}

TEST(names_test, uses_the_contracts_words) {
  EXPECT_EQ(name_of(provider_type::google), "google");
  EXPECT_EQ(name_of(provider_status::action_required), "action_required");
  EXPECT_EQ(name_of(fact_type::schedule_entry_created), "SCHEDULE_ENTRY_CREATED");
  EXPECT_EQ(name_of(fact_type::calendar_channel_renewal_failed), "CALENDAR_CHANNEL_RENEWAL_FAILED");
  EXPECT_EQ(name_of(reason::pull_conflict_newest), "pull_conflict_newest");
}

TEST(names_test, every_reason_has_its_sentence) {
  std::ifstream page(REASON_CODES_PAGE);
  std::stringstream text;
  text << page.rdbuf();

  for (int i = 0; i <= static_cast<int>(last_reason); ++i) {
    const auto row = "| `" + std::string(name_of(static_cast<reason>(i))) + "` | ";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
}

} // namespace
} // namespace kalends
