#include "server/base/errors.h"

#include <cstring>
#include <string>

namespace larder::errors {
namespace {

std::string concat(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  for (char& c : text) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return text;
}

// Where Redis formats a client's bytes as a C string.
std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

Error acl_queued_denied(std::string_view reason) {
  return Error(concat(
      {"NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
       "call. This command is no longer allowed for the following reason: ",
       reason}));
}

}  // namespace

Error error(std::string_view text) { return Error(concat({"ERR ", text})); }

Error wrong_type() {
  return Error("WRONGTYPE Operation against a key holding the wrong kind of value");
}
Error no_such_key() { return error("no such key"); }
Error not_an_integer() { return error("value is not an integer or out of range"); }
Error not_a_float() { return error("value is not a valid float"); }
Error overflow() { return error("increment or decrement would overflow"); }
Error decrement_overflow() { return error("decrement would overflow"); }
Error would_be_nan_or_infinity() { return error("increment would produce NaN or Infinity"); }
Error not_sortable_as_numbers() {
  return error("One or more scores can't be converted into double");
}
Error index_out_of_range() { return error("index out of range"); }
Error offset_out_of_range() { return error("offset is out of range"); }
Error string_exceeds_limit() {
  return error("string exceeds maximum allowed size (proto-max-bulk-len)");
}
Error hash_value_not_an_integer() { return error("hash value is not an integer"); }
Error hash_value_not_a_float() { return error("hash value is not a float"); }
Error nan_or_infinity() { return error("value is NaN or Infinity"); }
Error lcs_wrong_type() { return error("The specified keys must contain string values"); }
Error lcs_length_and_ranges() {
  return error("If you want both the length and indexes, please just use IDX.");
}
Error lcs_string_too_long() { return error("String too long for LCS"); }
Error lcs_exceeds_limit() {
  return error("Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}
Error lcs_no_memory() {
  return error("Insufficient memory, failed allocating transient memory for LCS");
}
Error bit_offset_out_of_range() { return error("bit offset is not an integer or out of range"); }
Error bit_out_of_range() { return error("bit is not an integer or out of range"); }
Error wrong_bit() { return error("The bit argument must be 1 or 0."); }
Error bitop_not_takes_one() {
  return error("BITOP NOT must be called with a single source key.");
}
Error bitop_takes_two(std::string_view operation) {
  return error(concat({"BITOP ", operation, " must be called with at least two source keys."}));
}
Error wrong_bit_field_type() {
  return error(
      "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
}
Error wrong_bit_field_overflow() { return error("Invalid OVERFLOW type specified"); }
Error bit_field_is_read_only() { return error("BITFIELD_RO only supports the GET subcommand"); }
Error not_on_map(double longitude, double latitude) {
  return error(concat({"invalid longitude,latitude pair ", std::to_string(longitude), ",",
                       std::to_string(latitude)}));
}
Error unknown_geo_unit() { return error("unsupported unit provided. please use M, KM, FT, MI"); }
Error geo_number_needed(std::string_view what) { return error(concat({"need numeric ", what})); }
Error geo_radius_negative() { return error("radius cannot be negative"); }
Error geo_box_negative() { return error("height or width cannot be negative"); }
Error geo_member_missing() { return error("could not decode requested zset member"); }
Error count_not_positive() { return error("COUNT must be > 0"); }
Error geo_store_with_details(std::string_view option) {
  return error(
      concat({option, " is not compatible with WITHDIST, WITHHASH and WITHCOORD options"}));
}
Error geo_center_missing(std::string_view command) {
  return error(concat({"exactly one of FROMMEMBER or FROMLONLAT can be specified for ", command}));
}
Error geo_shape_missing(std::string_view command) {
  return error(concat({"exactly one of BYRADIUS and BYBOX can be specified for ", command}));
}
Error geo_any_without_count() { return error("the ANY argument requires COUNT argument"); }
Error not_a_hyperloglog() {
  return Error("WRONGTYPE Key is not a valid HyperLogLog string value.");
}
Error corrupted_hyperloglog() { return Error("INVALIDOBJ Corrupted HLL object detected"); }
Error hyperloglog_not_sparse() { return error("HLL encoding is not sparse"); }
Error hyperloglog_self_test_failed(std::string_view what) {
  return error(concat({"TESTFAILED ", what}));
}
Error unknown_pfdebug_subcommand(std::string_view name) {
  return error(concat({"Unknown PFDEBUG subcommand '", name, "'"}));
}
Error specified_key_missing() { return error("The specified key does not exist"); }
Error value_out_of_range() { return error("value is out of range"); }
Error not_between(std::string_view what, int64_t min, int64_t max) {
  return error(concat(
      {what, " must be between ", std::to_string(min), " and ", std::to_string(max)}));
}
Error value_not_between(std::string_view min, std::string_view max) {
  return error(concat({"value is out of range, value must between ", min, " and ", max}));
}
Error key_count_not_positive() { return error("numkeys should be greater than 0"); }
Error key_count_beyond_arguments() {
  return error("Number of keys can't be greater than number of args");
}
Error negative_limit() { return error("LIMIT can't be negative"); }
Error must_be_positive() { return error("value is out of range, must be positive"); }
Error not_positive(std::string_view what) { return error(concat({what, " must be positive"})); }
Error integer_not_between(int64_t min, int64_t max) {
  return error(concat({"value is out of range, value must between ", std::to_string(min), " and ",
                       std::to_string(max)}));
}

Error score_not_a_number() { return error("resulting score is not a number (NaN)"); }
Error not_a_score_range() { return error("min or max is not a float"); }
Error not_a_lex_range() { return error("min or max not valid string range item"); }
Error new_and_present_together() {
  return error("XX and NX options at the same time are not compatible");
}
Error score_conditions_together() {
  return error("GT, LT, and/or NX options at the same time are not compatible");
}
Error several_increments() {
  return error("INCR option supports a single increment-element pair");
}
Error limit_of_ranks() {
  return error(
      "syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
}
Error scores_of_lex_range() {
  return error("syntax error, WITHSCORES not supported in combination with BYLEX");
}
Error weight_not_a_float() { return error("weight value is not a float"); }
Error no_input_key(std::string_view command) {
  return error(concat({"at least 1 input key is needed for '", command, "' command"}));
}
Error must_be_greater_than_zero(std::string_view what) {
  return error(concat({what, " should be greater than 0"}));
}
Error cannot_be_negative(std::string_view what) {
  return error(concat({what, " can't be negative"}));
}
Error rank_is_zero() {
  return error(
      "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative "
      "to start from the end of the list");
}

Error syntax() { return error("syntax error"); }
Error unknown_command(std::string_view name, std::string_view arguments) {
  return error(concat({"unknown command '", name, "', with args beginning with: ", arguments}));
}
Error unknown_subcommand(std::string_view name, std::string_view container) {
  return error(concat({"unknown subcommand '", name, "'. Try ", container, " HELP."}));
}
Error wrong_subcommand_arity(std::string_view name, std::string_view container) {
  return error(concat({"unknown subcommand or wrong number of arguments for '",
                       name.substr(0, 128), "'. Try ", container, " HELP."}));
}
Error wrong_arity(std::string_view full_name) {
  return error(concat({"wrong number of arguments for '", full_name, "' command"}));
}
Error invalid_expire_time(std::string_view command) {
  return error(concat({"invalid expire time in '", command, "' command"}));
}
Error unsupported_option(std::string_view option) {
  return error(concat({"Unsupported option ", option}));
}
Error incompatible_expire_options() {
  return error("NX and XX, GT or LT options at the same time are not compatible");
}
Error greater_and_less_together() {
  return error("GT and LT options at the same time are not compatible");
}
Error negative_expire_time() { return error("invalid expire time, must be >= 0"); }
Error fields_missing() {
  return error("Mandatory argument FIELDS is missing or not at the right position");
}
Error field_count_not_positive() { return error("Number of fields must be a positive integer"); }
Error field_count_too_small() { return error("Parameter `numFields` should be greater than 0"); }
Error invalid_field_count() { return error("invalid number of fields"); }
Error field_count_mismatch() {
  return error("The `numfields` parameter must match the number of arguments");
}
Error unknown_argument(std::string_view argument) {
  return error(concat({"unknown argument: ", argument}));
}
Error missing_expire_time() { return error("missing expire time"); }
Error one_field_condition() {
  return error("Only one of FXX or FNX arguments can be specified");
}
Error one_field_time() {
  return error("Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
}
Error frequency_not_tracked() {
  return error(
      "An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "
      "switching between policies at runtime LRU and LFU data will take some time to adjust.");
}
Error idle_time_not_tracked() {
  return error(
      "An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching "
      "between policies at runtime LRU and LFU data will take some time to adjust.");
}
Error invalid_database_index() { return error("invalid DB index"); }
Error invalid_first_database_index() { return error("invalid first DB index"); }
Error invalid_second_database_index() { return error("invalid second DB index"); }
Error database_index_out_of_range() { return error("DB index is out of range"); }
Error same_object() { return error("source and destination objects are the same"); }
Error invalid_cursor() { return error("invalid cursor"); }

Error invalid_stream_id() {
  return error("Invalid stream ID specified as stream command argument");
}
Error invalid_interval_start() { return error("invalid start ID for the interval"); }
Error invalid_interval_end() { return error("invalid end ID for the interval"); }
Error two_trim_strategies() {
  return error("syntax error, MAXLEN and MINID options at the same time are not compatible");
}
Error negative_trim_argument(std::string_view option) {
  return error(concat({"The ", option, " argument must be >= 0."}));
}
Error limit_without_trim() {
  return error("syntax error, LIMIT cannot be used without specifying a trimming strategy");
}
Error xtrim_without_strategy() {
  return error("syntax error, XTRIM must be called with a trimming strategy");
}
Error limit_of_exact_trim() {
  return error("syntax error, LIMIT cannot be used without the special ~ option");
}
Error stream_id_is_zero() { return error("The ID specified in XADD must be greater than 0-0"); }
Error stream_ids_exhausted() {
  return error("The stream has exhausted the last possible ID, unable to add more items");
}
Error stream_id_too_small() {
  return error("The ID specified in XADD is equal or smaller than the target stream top item");
}
Error stream_entry_too_large() { return error("Elements are too large to be stored"); }
Error unbalanced_streams(std::string_view command, std::string_view special_id) {
  return error(concat({"Unbalanced '", command, "' list of streams: for each stream key an ID or '",
                       special_id, "' must be specified."}));
}
Error option_of_xreadgroup(std::string_view option) {
  return error(concat({"The ", option,
                       " option is only supported by XREADGROUP. You called XREAD instead."}));
}
Error missing_group() { return error("Missing GROUP option for XREADGROUP"); }
Error dollar_in_xreadgroup() {
  return error(
      "The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this "
      "consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just "
      "return an empty result set.");
}
Error greater_in_xread() {
  return error(
      "The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
      "option.");
}
Error no_key_or_group(std::string_view key, std::string_view group, std::string_view where) {
  return Error(concat({"NOGROUP No such key '", until_nul(key), "' or consumer group '",
                       until_nul(group), "'", where}));
}
Error no_group(std::string_view group, std::string_view key) {
  return Error(concat({"NOGROUP No such consumer group '", until_nul(group), "' for key name '",
                       until_nul(key), "'"}));
}
Error group_exists() { return Error("BUSYGROUP Consumer Group name already exists"); }
Error xgroup_needs_key() {
  return error(
      "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the "
      "MKSTREAM option to create an empty stream automatically.");
}
Error negative_entries_read() { return error("value for ENTRIESREAD must be positive or -1"); }
Error negative_entries_added() { return error("entries_added must be positive"); }
Error xsetid_below_given_deleted() {
  return error("The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
}
Error xsetid_below_deleted() {
  return error("The ID specified in XSETID is smaller than current max_deleted_entry_id");
}
Error xsetid_below_top() {
  return error("The ID specified in XSETID is smaller than the target stream top item");
}
Error xsetid_added_below_length() {
  return error("The entries_added specified in XSETID is smaller than the target stream length");
}
Error invalid_claim_argument(std::string_view what, std::string_view command) {
  return error(concat({"Invalid ", what, " argument for ", command}));
}
Error unrecognized_claim_option(std::string_view option) {
  return error(concat({"Unrecognized XCLAIM option '", until_nul(option), "'"}));
}
Error claim_count_not_positive() { return error("COUNT must be > 0"); }
Error claim_count_too_high() {
  return error("Insufficient memory, failed allocating transient memory, COUNT too high.");
}
Error id_count_not_positive() { return error("Number of IDs must be a positive integer"); }
Error id_count_mismatch() {
  return error("The `numids` parameter must match the number of arguments");
}
Error missing_ids() { return error("IDS option is required"); }

Error no_auth() { return Error("NOAUTH Authentication required."); }
Error wrong_password() {
  return Error("WRONGPASS invalid username-password pair or user is disabled.");
}
Error no_password_is_set() {
  return error(
      "AUTH <password> called without any password configured for the default user. Are you sure "
      "your configuration is correct?");
}
Error protected_mode() {
  return Error(
      "DENIED Larder is running in protected mode because protected mode is enabled and no password "
      "is set for the default user. In this mode connections are only accepted from the loopback "
      "interface. If you want to connect from external computers, you may adopt one of the following "
      "solutions: 1) Disable protected mode with 'CONFIG SET protected-mode no' from the loopback "
      "interface by connecting from the same host the server is running on; do not do this while the "
      "server is reachable from the internet. Use CONFIG REWRITE to make this change permanent. 2) "
      "Set 'protected-mode no' in the configuration file and restart the server. 3) Start the server "
      "with '--protected-mode no'. 4) Set a password for the default user.");
}
Error too_many_clients() { return error("max number of clients reached"); }
Error no_such_client() { return error("No such client"); }
Error no_protocol() { return Error("NOPROTO unsupported protocol version"); }
Error no_auth_for_hello() {
  return Error(
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
      "<proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
      "protocol version at the same time");
}
Error protocol_version_not_an_integer() {
  return error("Protocol version is not an integer or out of range");
}
Error hello_syntax(std::string_view option) {
  return error(concat({"Syntax error in HELLO option '", option, "'"}));
}
Error command_disabled(std::string_view option, std::string_view command) {
  return error(concat({command, " command not allowed. If the ", option,
                       " option is set to \"local\", you can run it from a local connection, "
                       "otherwise you need to set this option in the configuration file, and then "
                       "restart the server."}));
}
Error out_of_memory() { return Error("OOM command not allowed when used memory > 'maxmemory'."); }
Error read_only() { return Error("READONLY You can't write against a read only replica."); }

Error acl_unknown_command() { return Error("Unknown command or category name in ACL"); }
Error acl_syntax() { return Error("Syntax error"); }
Error acl_all_keys_already() {
  return Error(
      "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any "
      "effect. Try 'resetkeys' to start with an empty list of patterns");
}
Error acl_all_channels_already() {
  return Error(
      "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have "
      "any effect. Try 'resetchannels' to start with an empty list of channels");
}
Error acl_first_argument_of_subcommand() {
  return Error("Allowing first-arg of a subcommand is not supported");
}
Error acl_no_such_password() {
  return Error("The password you are trying to remove from the user does not exist");
}
Error acl_bad_password_hash() {
  return Error(
      "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "
      "characters");
}
Error acl_duplicate_user() {
  return Error("Duplicate user found. A user can only be defined once in config files");
}
Error acl_bad_user_name() { return Error("Spaces not allowed in ACL usernames"); }
Error acl_unmatched_parenthesis(std::string_view word) {
  return error(
      concat({"Unmatched parenthesis in acl selector starting at '", until_nul(word), "'."}));
}
Error acl_rule_refused(std::string_view rule, std::string_view reason) {
  return error(concat({"Error in ACL SETUSER modifier '", until_nul(rule), "': ", reason}));
}
Error acl_line_refused(std::string_view user, std::string_view reason) {
  return Error(concat({"Error loading an ACL rule of the user named '", user, "': ", reason}));
}
Error acl_file_and_lines() {
  return Error(
      "Users are defined in the configuration file and an ACL file is named there as well. Please put "
      "them into one of the two, not into both.");
}
Error acl_startup_failed(std::string_view reason) {
  return Error(concat({"Aborting startup because of ACL errors: ", reason}));
}
Error acl_user_name_has_spaces() {
  return error("Usernames can't contain spaces or null characters");
}
Error acl_default_user_stays() { return error("The 'default' user cannot be removed"); }
Error acl_unknown_category(std::string_view name) {
  return error(concat({"Unknown category '", until_nul(name).substr(0, 128), "'"}));
}
Error acl_password_bits(int64_t max) {
  return error(
      concat({"ACL GENPASS argument must be the number of bits for the output password, a positive "
              "number up to ",
              std::to_string(max)}));
}
Error acl_no_such_user(std::string_view name) {
  return error(concat({"User '", until_nul(name), "' not found"}));
}
Error acl_no_such_command(std::string_view name) {
  return error(concat({"Command '", until_nul(name), "' not found"}));
}
Error acl_save_failed() {
  return error(
      "There was an error trying to save the ACLs. Please check the server logs for more information");
}
Error no_acl_file() {
  return error(
      "This Redis instance is not configured to use an ACL file. You may want to specify users via the "
      "ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration "
      "file set) in order to store users in the Redis configuration.");
}
Error acl_command_denied(std::string_view user, std::string_view command) {
  return Error(
      concat({"NOPERM User ", user, " has no permissions to run the '", command, "' command"}));
}
Error acl_key_denied() { return Error("NOPERM No permissions to access a key"); }
Error acl_channel_denied() { return Error("NOPERM No permissions to access a channel"); }
Error acl_queued_command_denied() {
  return acl_queued_denied("no permission to execute the command or subcommand");
}
Error acl_queued_key_denied() {
  return acl_queued_denied("no permission to touch the specified keys");
}
Error acl_queued_channel_denied() {
  return acl_queued_denied(
      "no permission to access one of the channels used as argument to the command");
}
Error sort_pattern_denied(std::string_view option) {
  return error(concat({option, " option of SORT denied due to insufficient ACL permissions."}));
}

Error invalid_client_name() {
  return error("Client names cannot contain spaces, newlines or special characters.");
}
Error invalid_client_attribute(std::string_view attribute) {
  return error(concat({attribute, " cannot contain spaces, newlines or special characters."}));
}
Error unrecognized_client_attribute(std::string_view attribute) {
  return error(concat({"Unrecognized option '", attribute, "'"}));
}
Error unknown_client_type(std::string_view name) {
  return error(concat({"Unknown client type '", name, "'"}));
}
Error no_such_user(std::string_view name) { return error(concat({"No such user '", name, "'"})); }
Error invalid_client_id() { return error("Invalid client ID"); }
Error client_id_not_positive() { return error("client-id should be greater than 0"); }
Error max_age_not_an_integer() { return error("maxage is not an integer or out of range"); }
Error max_age_not_positive() { return error("maxage should be greater than 0"); }
Error wrong_unblock_reason() {
  return error("CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
}
Error wrong_pause_mode() { return error("CLIENT PAUSE mode must be WRITE or ALL"); }
Error timeout_not_an_integer() { return error("timeout is not an integer or out of range"); }
Error timeout_negative() { return error("timeout is negative"); }
Error timeout_out_of_range() { return error("timeout is out of range"); }
Error timeout_not_a_float() { return error("timeout is not a float or out of range"); }
Error unblocked() { return Error("UNBLOCKED client unblocked via CLIENT UNBLOCK"); }
Error nested_multi() { return error("MULTI calls can not be nested"); }
Error watch_inside_multi() { return error("WATCH inside MULTI is not allowed"); }
Error exec_without_multi() { return error("EXEC without MULTI"); }
Error discard_without_multi() { return error("DISCARD without MULTI"); }
Error not_in_transaction() { return error("Command not allowed inside a transaction"); }
Error transaction_had_errors() {
  return Error("EXECABORT Transaction discarded because of previous errors.");
}
Error transaction_discarded(std::string_view reason) {
  if (reason.starts_with("ERR ")) reason.remove_prefix(4);
  return Error(concat({"EXECABORT Transaction discarded because of: ", reason}));
}
Error only_subscriptions(std::string_view command) {
  return error(concat({"Can't execute '", command,
                       "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are "
                       "allowed in this context"}));
}
Error subscribes_in_transaction(std::string_view command) {
  return error(concat({command, " isn't allowed for a DENY BLOCKING client"}));
}
Error monitors_in_transaction() { return error("MONITOR isn't allowed for DENY BLOCKING client"); }
Error monitor_and_keys() { return error("Replica can't interact with the keyspace"); }
Error count_below_minus_one() {
  return error("count should be greater than or equal to -1");
}
Error unknown_log_type() {
  return error("type should be one of the following: slow, large-request, large-reply");
}
Error no_latency_samples(std::string_view event) {
  return error(concat({"No samples available for event '", event, "'"}));
}
Error no_such_command(std::string_view name) {
  return error(concat({"No such command '", name, "'"}));
}
Error wrong_latency_window() {
  return error("window should be one of the following: 10, 60, 300");
}
Error wrong_latency_kind() {
  return error("kind should be one of the following: service, execution");
}
Error cache_stats_are_off() {
  return error("Statistics of the cache are off: CONFIG SET cache-stats yes");
}
Error not_supported_yet(std::string_view what) {
  return error(concat({what, " is not supported yet"}));
}

Error hotkeys_in_progress() { return error("hotkey tracking session already in progress"); }
Error hotkeys_not_stopped() {
  return error("hotkey tracking session in progress, stop tracking first");
}
Error hotkeys_metrics_missing() { return error("METRICS parameter is required"); }
Error hotkeys_metric_count(int64_t max) {
  return error(concat({"METRICS count must be > 0 and <= ", std::to_string(max)}));
}
Error hotkeys_metric_twice(std::string_view metric) {
  return error(concat({"METRICS ", metric, " defined more than once!"}));
}
Error hotkeys_metric_mismatch() {
  return error("METRICS count does not match number of metric types provided");
}
Error hotkeys_no_valid_metric() {
  return error("METRICS no valid metrics passed. Supported: CPU|NET");
}
Error hotkeys_sample_not_positive() { return error("SAMPLE ratio must be positive"); }
Error hotkeys_slots_without_cluster() {
  return error("SLOTS parameter cannot be used in non-cluster mode");
}

Error no_such_budget(std::string_view name) {
  return error(concat({"no such budget '", name, "'"}));
}
Error too_many_budgets(size_t max) {
  return error(concat({"there can be no more than ", std::to_string(max), " budgets"}));
}
Error bad_budget_name(size_t max_length) {
  return error(concat({"a budget's name has 1 to ", std::to_string(max_length),
                       " letters, digits, '_', '-' and '.'"}));
}
Error bad_budget_metric(size_t max_length) {
  return error(concat({"a metric is a field of INFO, with \"/s\" behind it for its growth, of up to ",
                       std::to_string(max_length), " characters"}));
}
Error budget_incomplete() { return error("a budget needs METRIC, WARN and ERROR"); }
Error no_such_metric(std::string_view name) {
  return error(concat({"INFO has no field '", name, "' at the moment"}));
}
Error metric_not_a_number(std::string_view name) {
  return error(concat({"the field '", name, "' of INFO is not a number"}));
}
Error budget_thresholds_equal() { return error("WARN and ERROR must not be equal"); }
Error budget_target_beyond_warn() { return error("TARGET must not be beyond WARN"); }

Error redirects_twice() { return error("A client can only redirect to a single other client"); }
Error no_client_to_redirect_to() {
  return error("The client ID you want redirect to does not exist");
}
Error prefix_without_broadcast() {
  return error("PREFIX option requires BCAST mode to be enabled");
}
Error broadcast_switched() {
  return error(
      "You can't switch BCAST mode on/off before disabling tracking for this client, and then "
      "re-enabling it with a different mode.");
}
Error opt_in_broadcast() { return error("OPTIN and OPTOUT are not compatible with BCAST"); }
Error opt_in_and_out() { return error("You can't specify both OPTIN mode and OPTOUT mode"); }
Error opt_switched() {
  return error(
      "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
      "re-enabling it with a different mode.");
}
Error prefix_overlaps_existing(std::string_view prefix, std::string_view existing) {
  return error(concat({"Prefix '", prefix, "' overlaps with an existing prefix '", existing,
                       "'. Prefixes for a single client must not overlap."}));
}
Error prefix_overlaps_provided(std::string_view prefix, std::string_view other) {
  return error(concat({"Prefix '", prefix, "' overlaps with another provided prefix '", other,
                       "'. Prefixes for a single client must not overlap."}));
}
Error not_tracking() {
  return error(
      "CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT "
      "mode enabled");
}
Error not_opted_in() {
  return error("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
}
Error not_opted_out() {
  return error("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
}

Error invalid_command() { return error("Invalid command specified"); }
Error command_has_no_keys() { return error("The command has no key arguments"); }
Error wrong_arity_of_command() {
  return error("Invalid number of arguments specified for command");
}
Error invalid_arguments_of_command() { return error("Invalid arguments specified for command"); }

Error no_shutdown_in_progress() { return error("No shutdown in progress."); }
Error shutdown_failed() { return error("Errors trying to SHUTDOWN. Check logs."); }

Error as_given(std::string_view text) { return Error(concat({text})); }
Error unknown_reply_type() {
  return error(
      "Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|"
      "array|set|map|attrib|push|verbatim|true|false");
}
Error resp2_not_supported() { return error("RESP2 is not supported by this command"); }
Error database_out_of_range() { return error("Out of range database"); }
Error table_too_large() { return error("OOM in dictTryExpand"); }
Error wrong_reload_option() {
  return error("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
}
Error wrong_packed_threshold() {
  return error("argument must be a memory value bigger than 1 and smaller than 4gb");
}
Error no_client_eviction() { return error("maxmemory-clients is disabled."); }
Error config_rewrite_all_failed(std::string_view reason) {
  if (reason.starts_with("ERR ")) reason.remove_prefix(4);
  return error(concat({"CONFIG-REWRITE-FORCE-ALL failed: ", reason}));
}

Error cluster_disabled() { return error("This instance has cluster support disabled"); }
Error invalid_primary_port() { return error("Invalid master port"); }
Error failover_timeout_not_positive() {
  return error("FAILOVER timeout must be greater than 0");
}
Error no_failover_in_progress() { return error("No failover in progress."); }
Error no_replicas_for_failover() { return error("FAILOVER requires connected replicas."); }
Error waitaof_without_file() {
  return error("WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
}

Error wrong_function_flush_mode() {
  return error("FUNCTION FLUSH only supports SYNC|ASYNC option");
}
Error library_name_missing() { return error("library name argument was not given"); }
Error unknown_list_argument(std::string_view argument) {
  return error(concat({"Unknown argument ", argument}));
}
Error no_such_library() { return error("Library not found"); }
Error no_script_runs() { return Error("NOTBUSY No scripts in execution right now."); }

Error protocol(std::string_view reason) { return error(concat({"Protocol error: ", reason})); }

Error unknown_option(std::string_view name) {
  return error(
      concat({"Unknown option or number of arguments for CONFIG SET - '", name, "'"}));
}
Error config_set_failed(std::string_view name, std::string_view reason) {
  if (reason.starts_with("ERR ")) reason.remove_prefix(4);
  return error(
      concat({"CONFIG SET failed (possibly related to argument '", name, "') - ", reason}));
}
Error no_config_file() { return error("The server is running without a config file"); }
Error config_rewrite_failed(std::string_view reason) {
  return error(concat({"Rewriting config file: ", reason}));
}

Error immutable_option() { return Error("can't set immutable config"); }
Error protected_option() { return Error("can't set protected config"); }
Error duplicate_option() { return Error("duplicate parameter"); }
Error not_yes_or_no() { return Error("argument must be 'yes' or 'no'"); }
Error not_parsed_as_integer() { return Error("argument couldn't be parsed into an integer"); }
Error not_parsed_as_octal() { return Error("argument couldn't be parsed as an octal number"); }
Error not_parsed_as_number() { return Error("argument couldn't be parsed into a number"); }
Error not_a_memory_value() { return Error("argument must be a memory value"); }
Error not_a_memory_or_percent_value() {
  return Error("argument must be a memory or percent value");
}
Error percentage_over(std::string_view max) {
  return Error(concat({"percentage argument must be less or equal to ", max}));
}
Error not_between(std::string_view min, std::string_view max) {
  return Error(concat({"argument must be between ", min, " and ", max, " inclusive"}));
}
Error not_one_of(std::span<const std::string_view> names) {
  std::string text = "argument(s) must be one of the following: ";
  for (const std::string_view name : names) {
    if (name != names.front()) text += ", ";
    text += name;
  }
  return Error(std::move(text));
}
Error wrong_number_of_words() { return Error("wrong number of arguments"); }
Error bad_directive() { return Error("Bad directive or wrong number of arguments"); }
Error unbalanced_quotes() { return Error("Unbalanced quotes in configuration line"); }
Error not_supported_yet() { return Error("this is not supported yet"); }
Error only_supported_value(std::string_view value) {
  return Error(concat({"this is not supported yet, the only accepted value is '", value, "'"}));
}
Error save_and_nosave() {
  return Error("shutdown options SAVE and NOSAVE can't be used simultaneously");
}
Error invalid_title_template() {
  return Error("template format is invalid or contains unknown variables");
}
Error system_reason(int error_number) { return Error(std::strerror(error_number)); }

Error too_many_bind_addresses() { return Error("Too many bind addresses specified."); }
Error cannot_listen_on_port() {
  return Error("Unable to listen on this port. Check server logs.");
}
Error cannot_bind() { return Error("Failed to bind to specified addresses."); }
Error cannot_update_tls() { return Error("Unable to update TLS configuration. Check server logs."); }
Error bad_oom_score_value() {
  return Error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
}
Error oom_score_not_set() {
  return Error("Failed to set current oom_score_adj. Check server logs.");
}
Error wrong_number_of_output_limits() {
  return Error("Wrong number of arguments in buffer limit configuration.");
}
Error unknown_output_class() {
  return Error("Invalid client class specified in buffer limit configuration.");
}
Error bad_output_limit() {
  return Error("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
}
Error invalid_event_class() {
  return Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}
Error invalid_percentile() {
  return Error("Invalid latency-tracking-info-percentiles parameters");
}
Error percentile_out_of_range() {
  return Error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
}

}  // namespace larder::errors
