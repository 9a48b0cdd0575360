// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.hpp"
#include "doctor/finding.hpp"

#include <string_view>

/// The judgement: facts in, findings out. Pure.
namespace kalends::doctor {

/// All of it, by area.
std::vector<finding> judge(const facts& f);

std::vector<finding> judge_addresses(const facts& f);
std::vector<finding> judge_reachability(const facts& f);
std::vector<finding> judge_clocks(const facts& f);
std::vector<finding> judge_oauth(const facts& f);
std::vector<finding> judge_calendars(const facts& f);
std::vector<finding> judge_database(const facts& f);
std::vector<finding> judge_storage(const facts& f);
std::vector<finding> judge_operation(const facts& f);

// ---- limits
inline constexpr std::chrono::days certificate_warning{21};
inline constexpr std::chrono::days secret_warning{30};
inline constexpr std::chrono::seconds skew_warning{5}, skew_problem{60};
inline constexpr int oldest_postgres = 150'000;
inline constexpr std::uintmax_t space_warning = 5ULL << 30, space_problem = 1ULL << 30;
inline constexpr std::uint64_t descriptors_warning = 8'192, descriptors_problem = 1'024;
/// A refresh token of a Google project in testing ends seven days after the consent.
inline constexpr std::chrono::hours test_mode_from{6 * 24 + 12}, test_mode_until{7 * 24 + 12};

// ---- what vendors mean
enum class consent_verdict { accepted, redirect_mismatch, unknown_client, unclear };
/// Of an answered request for the consent page.
consent_verdict read_consent(provider_type vendor, const web_look& answer, std::string_view redirect_uri);

enum class client_verdict { known, wrong_secret, expired_secret, unknown_client, unclear };
/// Of an answered token request without a code.
client_verdict read_client(provider_type vendor, const web_look& answer);

/// Why the vendor will not take this redirect URI, whoever registers it; empty: it may.
std::string redirect_complaint(provider_type vendor, std::string_view redirect_uri);

/// How far the other clock is ahead of ours, from the Date that it sent (whole seconds); nothing: no date
/// that can be read. RFC 9110 section 5.6.7.
std::optional<std::chrono::milliseconds> clock_offset(const web_look& answer);

} // namespace kalends::doctor
