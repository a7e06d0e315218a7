// RESP, the wire format of Redis: what both directions share.
//
// A request is an array of bulk strings, or a line of text as a person types it into telnet:
//
//   *2 CR LF  $3 CR LF  GET CR LF  $4 CR LF  name CR LF          GET name CR LF
//
// A reply starts with one of the type bytes below.
#pragma once

#include <cstddef>

namespace larder {

enum class RespVersion { resp2 = 2, resp3 = 3 };

namespace resp {

// Both versions
inline constexpr char kSimple = '+';
inline constexpr char kError = '-';
inline constexpr char kInteger = ':';
inline constexpr char kBulk = '$';
inline constexpr char kArray = '*';

// RESP3 only
inline constexpr char kNull = '_';
inline constexpr char kBoolean = '#';
inline constexpr char kDouble = ',';
inline constexpr char kBigNumber = '(';
inline constexpr char kBulkError = '!';
inline constexpr char kVerbatim = '=';
inline constexpr char kMap = '%';
inline constexpr char kSet = '~';
inline constexpr char kPush = '>';
inline constexpr char kAttribute = '|';

}  // namespace resp

inline constexpr size_t kMaxArguments = (size_t{1} << 31) - 1;
inline constexpr size_t kMaxBulkBytes = size_t{512} << 20;
// An inline request, and the header line of an array or a bulk string.
inline constexpr size_t kMaxInlineBytes = size_t{64} << 10;

// What somebody may send who has not logged in yet. The first two are Redis's, which add up to 160 KB
// in one request; nobody needs more than a name and a password for the beginning, so all of a request
// up to the end of its last argument is bounded too, and so is a line.
inline constexpr size_t kMaxUnauthenticatedArguments = 10;
inline constexpr size_t kMaxUnauthenticatedBulkBytes = 16384;
inline constexpr size_t kMaxUnauthenticatedRequestBytes = 20480;
inline constexpr size_t kMaxUnauthenticatedLineBytes = 16384;
// Who has so many bytes of a request there, and it is not whole, has broken one of these.
inline constexpr size_t kMostUnauthenticatedUnread = kMaxUnauthenticatedRequestBytes + 2;

// Longer arguments are read straight into the memory that will hold them.
inline constexpr size_t kLargeBulk = size_t{32} << 10;

}  // namespace larder
