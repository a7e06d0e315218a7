// Every error text that a client can see, one function each, as Redis 7.2 words them. The dispatcher
// writes and counts what a command returns; nobody else spells an error.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/base/result.h"

namespace larder::errors {

// An error from parts: "ERR " + text. For texts that carry the caller's own data.
// CR and LF become spaces, so that data cannot end the reply early.
Error error(std::string_view text);

// Types and values
Error wrong_type();
Error no_such_key();
Error not_an_integer();
Error not_a_float();
Error overflow();
Error decrement_overflow();
Error would_be_nan_or_infinity();
Error not_sortable_as_numbers();
Error index_out_of_range();
Error offset_out_of_range();
Error string_exceeds_limit();
Error hash_value_not_an_integer();
Error hash_value_not_a_float();
Error nan_or_infinity();
Error lcs_wrong_type();
Error lcs_length_and_ranges();
Error lcs_string_too_long();
Error lcs_exceeds_limit();
Error lcs_no_memory();
Error bit_offset_out_of_range();
Error bit_out_of_range();
Error wrong_bit();  // of BITPOS
Error bitop_not_takes_one();
Error bitop_takes_two(std::string_view operation);
Error wrong_bit_field_type();
Error wrong_bit_field_overflow();
Error bit_field_is_read_only();
Error not_on_map(double longitude, double latitude);
Error unknown_geo_unit();
Error geo_number_needed(std::string_view what);
Error geo_radius_negative();
Error geo_box_negative();
Error geo_member_missing();
Error count_not_positive();
Error geo_store_with_details(std::string_view option);
Error geo_center_missing(std::string_view command);
Error geo_shape_missing(std::string_view command);
Error geo_any_without_count();
Error not_a_hyperloglog();
Error corrupted_hyperloglog();
Error hyperloglog_not_sparse();
Error hyperloglog_self_test_failed(std::string_view what);
Error unknown_pfdebug_subcommand(std::string_view name);
Error specified_key_missing();
Error value_out_of_range();
// "COUNT must be between 1 and 64"
Error not_between(std::string_view what, int64_t min, int64_t max);
Error value_not_between(std::string_view min, std::string_view max);
Error must_be_positive();
Error key_count_not_positive();
Error key_count_beyond_arguments();
Error negative_limit();
Error not_positive(std::string_view what);  // "<what> must be positive"
Error integer_not_between(int64_t min, int64_t max);
Error must_be_greater_than_zero(std::string_view what);  // "<what> should be greater than 0"
Error cannot_be_negative(std::string_view what);         // "<what> can't be negative"
Error rank_is_zero();                                    // LPOS

// Sorted sets
Error score_not_a_number();
Error not_a_score_range();
Error not_a_lex_range();
Error new_and_present_together();   // ZADD: NX and XX
Error score_conditions_together();  // ZADD: two of NX, GT and LT
Error several_increments();
Error limit_of_ranks();
Error scores_of_lex_range();
Error weight_not_a_float();
Error no_input_key(std::string_view command);

// Arguments
Error syntax();
Error unknown_command(std::string_view name, std::string_view arguments);
Error unknown_subcommand(std::string_view name, std::string_view container);
// Of a subcommand that takes one of several numbers of arguments.
Error wrong_subcommand_arity(std::string_view name, std::string_view container);
Error wrong_arity(std::string_view full_name);
Error invalid_expire_time(std::string_view command);
Error unsupported_option(std::string_view option);  // EXPIRE and its kin
Error incompatible_expire_options();                // NX with another
Error greater_and_less_together();
// Field expiry: HEXPIRE and its kin
Error negative_expire_time();
Error fields_missing();            // the word FIELDS
Error field_count_not_positive();  // HTTL, HPERSIST, HGETEX, HGETDEL
Error field_count_too_small();     // HEXPIRE
Error invalid_field_count();       // HSETEX
Error field_count_mismatch();
Error unknown_argument(std::string_view argument);
Error missing_expire_time();
Error one_field_condition();  // FNX and FXX together
Error one_field_time();       // EX and KEEPTTL together ...
Error frequency_not_tracked();
Error idle_time_not_tracked();
Error invalid_database_index();
Error invalid_first_database_index();   // SWAPDB
Error invalid_second_database_index();
Error database_index_out_of_range();
Error same_object();
Error invalid_cursor();

// Streams
Error invalid_stream_id();
Error invalid_interval_start();
Error invalid_interval_end();
Error two_trim_strategies();
Error negative_trim_argument(std::string_view option);  // MAXLEN, LIMIT
Error limit_without_trim();
Error xtrim_without_strategy();
Error limit_of_exact_trim();
Error stream_id_is_zero();
Error stream_ids_exhausted();
Error stream_id_too_small();
Error stream_entry_too_large();
Error unbalanced_streams(std::string_view command, std::string_view special_id);
Error option_of_xreadgroup(std::string_view option);
Error missing_group();
Error dollar_in_xreadgroup();
Error greater_in_xread();
Error no_key_or_group(std::string_view key, std::string_view group, std::string_view where = {});
Error no_group(std::string_view group, std::string_view key);
Error group_exists();
Error xgroup_needs_key();
Error negative_entries_read();
Error negative_entries_added();
Error xsetid_below_given_deleted();
Error xsetid_below_deleted();
Error xsetid_below_top();
Error xsetid_added_below_length();
Error invalid_claim_argument(std::string_view what, std::string_view command);
Error unrecognized_claim_option(std::string_view option);
Error claim_count_not_positive();
Error claim_count_too_high();
Error id_count_not_positive();
Error id_count_mismatch();
Error missing_ids();

// Access
Error no_auth();
Error wrong_password();
Error no_password_is_set();
Error protected_mode();
Error too_many_clients();
Error no_such_client();
Error no_protocol();
Error no_auth_for_hello();
Error protocol_version_not_an_integer();
Error hello_syntax(std::string_view option);
Error command_disabled(std::string_view option, std::string_view command);
Error out_of_memory();
Error read_only();

// ACL. First reasons why a rule cannot be applied, then whole errors.
Error acl_unknown_command();
Error acl_syntax();
Error acl_all_keys_already();
Error acl_all_channels_already();
Error acl_first_argument_of_subcommand();
Error acl_no_such_password();
Error acl_bad_password_hash();
Error acl_duplicate_user();
Error acl_bad_user_name();
Error acl_unmatched_parenthesis(std::string_view word);
Error acl_rule_refused(std::string_view rule, std::string_view reason);
Error acl_line_refused(std::string_view user, std::string_view reason);
Error acl_file_and_lines();
Error acl_startup_failed(std::string_view reason);
Error acl_user_name_has_spaces();
Error acl_default_user_stays();
Error acl_unknown_category(std::string_view name);
Error acl_password_bits(int64_t max);
Error acl_no_such_user(std::string_view name);
Error acl_no_such_command(std::string_view name);
Error acl_save_failed();
Error no_acl_file();
Error acl_command_denied(std::string_view user, std::string_view command);
Error acl_key_denied();
Error acl_channel_denied();
Error acl_queued_command_denied();
Error acl_queued_key_denied();
Error acl_queued_channel_denied();
Error sort_pattern_denied(std::string_view option);

// CLIENT
Error invalid_client_name();
Error invalid_client_attribute(std::string_view attribute);
Error unrecognized_client_attribute(std::string_view attribute);
Error unknown_client_type(std::string_view name);
Error no_such_user(std::string_view name);
Error invalid_client_id();
Error client_id_not_positive();
Error max_age_not_an_integer();
Error max_age_not_positive();
Error wrong_unblock_reason();
Error wrong_pause_mode();
Error timeout_not_an_integer();
Error timeout_negative();
Error timeout_out_of_range();
Error timeout_not_a_float();
Error unblocked();
Error not_supported_yet(std::string_view what);

// Transactions
Error nested_multi();
Error watch_inside_multi();
Error exec_without_multi();
Error discard_without_multi();
Error not_in_transaction();
Error transaction_had_errors();
// `reason`: the text of the error for which EXEC was refused.
Error transaction_discarded(std::string_view reason);

// Publish and subscribe
Error only_subscriptions(std::string_view command);
Error subscribes_in_transaction(std::string_view command);  // upper case

// MONITOR, SLOWLOG, COMMANDLOG, LATENCY
Error monitors_in_transaction();
Error monitor_and_keys();  // one who watches others cannot read or write keys
Error count_below_minus_one();
Error unknown_log_type();
Error no_latency_samples(std::string_view event);
Error no_such_command(std::string_view name);  // one that a request asks about
Error wrong_latency_window();
Error wrong_latency_kind();
Error cache_stats_are_off();

// HOTKEYS
Error hotkeys_in_progress();
Error hotkeys_not_stopped();
Error hotkeys_metrics_missing();
Error hotkeys_metric_count(int64_t max);
Error hotkeys_metric_twice(std::string_view metric);
Error hotkeys_metric_mismatch();
Error hotkeys_no_valid_metric();
Error hotkeys_sample_not_positive();
Error hotkeys_slots_without_cluster();

// BUDGET
Error no_such_budget(std::string_view name);
Error too_many_budgets(size_t max);
Error bad_budget_name(size_t max_length);
Error bad_budget_metric(size_t max_length);
Error budget_incomplete();
Error no_such_metric(std::string_view name);
Error metric_not_a_number(std::string_view name);
Error budget_thresholds_equal();
Error budget_target_beyond_warn();

// Client-side caching
Error redirects_twice();
Error no_client_to_redirect_to();
Error prefix_without_broadcast();
Error broadcast_switched();
Error opt_in_broadcast();
Error opt_in_and_out();
Error opt_switched();
Error prefix_overlaps_existing(std::string_view prefix, std::string_view existing);
Error prefix_overlaps_provided(std::string_view prefix, std::string_view other);
Error not_tracking();
Error not_opted_in();
Error not_opted_out();

// COMMAND
Error invalid_command();
Error command_has_no_keys();
Error wrong_arity_of_command();
Error invalid_arguments_of_command();

// SHUTDOWN
Error no_shutdown_in_progress();
Error shutdown_failed();

// DEBUG
Error as_given(std::string_view text);  // a whole error, code included, that the client made up
Error unknown_reply_type();
Error resp2_not_supported();
Error database_out_of_range();
Error table_too_large();
Error wrong_reload_option();
Error wrong_packed_threshold();
Error no_client_eviction();
Error config_rewrite_all_failed(std::string_view reason);

// Replication, and what a server alone says of the cluster
Error cluster_disabled();
Error invalid_primary_port();
Error failover_timeout_not_positive();
Error no_failover_in_progress();
Error no_replicas_for_failover();
Error waitaof_without_file();

// FUNCTION
Error wrong_function_flush_mode();
Error library_name_missing();
Error unknown_list_argument(std::string_view argument);
Error no_such_library();
Error no_script_runs();

// Protocol
Error protocol(std::string_view reason);

// CONFIG
Error unknown_option(std::string_view name);
// `reason`: the text of one of the errors below, or of any other (its code is left out).
Error config_set_failed(std::string_view name, std::string_view reason);
Error no_config_file();
Error config_rewrite_failed(std::string_view reason);

// Options: why a value or a directive is refused. These are reasons, not whole errors: they have no
// code, and stand behind the dash of config_set_failed or below a line of the configuration file.
Error immutable_option();
Error protected_option();
Error duplicate_option();
Error not_yes_or_no();
Error not_parsed_as_integer();
Error not_parsed_as_octal();
Error not_parsed_as_number();
Error not_a_memory_value();
Error not_a_memory_or_percent_value();
Error percentage_over(std::string_view max);
Error not_between(std::string_view min, std::string_view max);
Error not_one_of(std::span<const std::string_view> names);
Error wrong_number_of_words();
Error bad_directive();
Error unbalanced_quotes();
Error not_supported_yet();
Error only_supported_value(std::string_view value);
Error save_and_nosave();
Error invalid_title_template();
Error system_reason(int error_number);  // errno: "No such file or directory"
Error too_many_bind_addresses();
Error cannot_listen_on_port();
Error cannot_bind();
Error cannot_update_tls();
Error bad_oom_score_value();
Error oom_score_not_set();
Error wrong_number_of_output_limits();
Error unknown_output_class();
Error bad_output_limit();
Error invalid_event_class();
Error invalid_percentile();
Error percentile_out_of_range();

}  // namespace larder::errors
