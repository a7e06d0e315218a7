// Every error text that a client can see, one function each, as Redis 7.2 words them. The dispatcher
// writes and counts what a command returns; nobody else spells an error.
#pragma once

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
Error index_out_of_range();
Error offset_out_of_range();
Error string_exceeds_limit();
Error value_out_of_range();
Error must_be_positive();
Error not_positive(std::string_view what);  // "<what> must be positive"

// Arguments
Error syntax();
Error unknown_command(std::string_view name, std::string_view arguments);
Error unknown_subcommand(std::string_view name, std::string_view container);
Error wrong_arity(std::string_view full_name);
Error invalid_expire_time(std::string_view command);
Error invalid_database_index();
Error database_index_out_of_range();
Error same_object();
Error invalid_cursor();

// Access
Error no_auth();
Error wrong_password();
Error no_password_is_set();
Error protected_mode();
Error too_many_clients();
Error no_such_client();
Error no_protocol();
Error command_disabled(std::string_view option, std::string_view command);
Error out_of_memory();
Error read_only();

// Protocol
Error protocol(std::string_view reason);

}  // namespace larder::errors
