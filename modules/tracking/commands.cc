// The subcommands of CLIENT about client-side caching.
#include <optional>

#include "modules/tracking/prefix_overlap.h"
#include "modules/tracking/tracking.h"
#include "server/command/arg_reader.h"

namespace larder {
namespace {

constexpr uint64_t kAnytime = kNoScript | kLoading | kStale;

struct TrackingRequest {
  TrackingMode mode;
  std::vector<std::string_view> prefixes;
};

// The client has to be there now; that it may leave later is another matter.
Result<uint64_t> parse_redirect(const Context& ctx, std::string_view text) {
  const auto id = parse_int64(text);
  if (!id) return errors::not_an_integer();
  if (*id <= 0 || ctx.services.clients.find(static_cast<uint64_t>(*id)) == nullptr) {
    return errors::no_client_to_redirect_to();
  }
  return static_cast<uint64_t>(*id);
}

Result<TrackingRequest> parse_tracking(const Context& ctx) {
  TrackingRequest request;
  TrackingMode& mode = request.mode;
  ArgReader args(ctx, 3);
  while (args.has_more()) {
    if (args.option("REDIRECT")) {
      const std::string_view id = args.text();
      if (args.has_failed()) break;
      if (mode.redirect != 0) return errors::redirects_twice();
      TRY(mode.redirect, parse_redirect(ctx, id));
    } else if (args.option("PREFIX")) {
      request.prefixes.push_back(args.text());
    } else if (args.option("BCAST")) {
      mode.is_broadcast = true;
    } else if (args.option("OPTIN")) {
      mode.opts_in = true;
    } else if (args.option("OPTOUT")) {
      mode.opts_out = true;
    } else if (args.option("NOLOOP")) {
      mode.no_loop = true;
    } else {
      args.fail(errors::syntax());
    }
  }
  TRY(args.finish());
  return request;
}

// A key must not be told twice because of two prefixes.
Status check_prefixes(const TrackingRequest& request, const Tracker* tracker) {
  const decltype(Tracker::prefixes) none;
  const auto overlap =
      find_prefix_overlap(request.prefixes, tracker == nullptr ? none : tracker->prefixes);
  if (!overlap) return ok;
  return overlap->other_exists ? errors::prefix_overlaps_existing(overlap->prefix, overlap->other)
                               : errors::prefix_overlaps_provided(overlap->prefix, overlap->other);
}

// Whether the options go together, and with what the client does already.
Status check_tracking(const TrackingRequest& request, const Tracker* tracker) {
  const TrackingMode& mode = request.mode;
  if (!mode.is_broadcast && !request.prefixes.empty()) return errors::prefix_without_broadcast();
  if (tracker != nullptr && tracker->mode.is_broadcast != mode.is_broadcast) {
    return errors::broadcast_switched();
  }
  if (mode.is_broadcast && (mode.opts_in || mode.opts_out)) return errors::opt_in_broadcast();
  if (mode.opts_in && mode.opts_out) return errors::opt_in_and_out();
  const bool is_switched = tracker != nullptr && ((mode.opts_in && tracker->mode.opts_out) ||
                                                  (mode.opts_out && tracker->mode.opts_in));
  if (is_switched) return errors::opt_switched();
  return mode.is_broadcast ? check_prefixes(request, tracker) : ok;
}

// CLIENT TRACKING <ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST]
// [OPTIN] [OPTOUT] [NOLOOP]
Status tracking(Context& ctx) {
  Tracking& module = ctx.owner<Tracking>();
  TRY(const TrackingRequest request, parse_tracking(ctx));
  if (equals_ignoring_case(ctx.arg(2), "on")) {
    TRY(check_tracking(request, module.find(ctx.client)));
    module.begin(ctx.client, request.mode, request.prefixes);
  } else if (equals_ignoring_case(ctx.arg(2), "off")) {
    module.end(ctx.client);
  } else {
    return errors::syntax();
  }
  ctx.reply.ok();
  return ok;
}

// CLIENT CACHING <YES | NO>
Status caching(Context& ctx) {
  Tracking& module = ctx.owner<Tracking>();
  const Tracker* tracker = module.find(ctx.client);
  if (tracker == nullptr) return errors::not_tracking();
  if (equals_ignoring_case(ctx.arg(2), "yes")) {
    if (!tracker->mode.opts_in) return errors::not_opted_in();
  } else if (equals_ignoring_case(ctx.arg(2), "no")) {
    if (!tracker->mode.opts_out) return errors::not_opted_out();
  } else {
    return errors::syntax();
  }
  module.give_caching(ctx.client);
  ctx.reply.ok();
  return ok;
}

int64_t shown_redirect(const Tracker* tracker) {
  return tracker == nullptr ? -1 : static_cast<int64_t>(tracker->mode.redirect);
}

// CLIENT GETREDIR
Status getredir(Context& ctx) {
  ctx.reply.integer(shown_redirect(ctx.owner<Tracking>().find(ctx.client)));
  return ok;
}

std::vector<std::string_view> flags_of(const Tracking& module, const Client& client) {
  const Tracker* tracker = module.find(client);
  if (tracker == nullptr) return {"off"};
  std::vector<std::string_view> flags = {"on"};
  const bool has_caching = module.has_caching(client);
  if (tracker->mode.is_broadcast) flags.push_back("bcast");
  if (tracker->mode.opts_in) flags.push_back("optin");
  if (tracker->mode.opts_in && has_caching) flags.push_back("caching-yes");
  if (tracker->mode.opts_out) flags.push_back("optout");
  if (tracker->mode.opts_out && has_caching) flags.push_back("caching-no");
  if (tracker->mode.no_loop) flags.push_back("noloop");
  if (client.tracking.is_redirect_broken) flags.push_back("broken_redirect");
  return flags;
}

// CLIENT TRACKINGINFO
Status trackinginfo(Context& ctx) {
  const Tracking& module = ctx.owner<Tracking>();
  const Tracker* tracker = module.find(ctx.client);
  const auto flags = flags_of(module, ctx.client);
  ctx.reply.map(3);
  ctx.reply.bulk("flags");
  ctx.reply.set(flags.size());
  for (const std::string_view flag : flags) ctx.reply.bulk(flag);
  ctx.reply.bulk("redirect");
  ctx.reply.integer(shown_redirect(tracker));
  ctx.reply.bulk("prefixes");
  ctx.reply.array(tracker == nullptr ? 0 : tracker->prefixes.size());
  if (tracker == nullptr) return ok;
  for (const std::string& prefix : tracker->prefixes) ctx.reply.bulk(prefix);
  return ok;
}

constexpr CommandSpec kCommands[] = {
    // name, function, arity, flags, keys, since, complexity, / syntax, / summary
    {"client|caching", caching, 3, kAnytime, no_keys(), "6.0.0", "O(1)", "<YES | NO>",
     "Says whether the keys of the next command are tracked."},
    {"client|getredir", getredir, 2, kAnytime, no_keys(), "6.0.0", "O(1)", "",
     "Returns the connection to which invalidation messages go."},
    {"client|tracking", tracking, -3, kAnytime, no_keys(), "6.0.0", "O(1)",
     "<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] "
     "[OPTOUT] [NOLOOP]",
     "Asks to be told when keys change that the connection has read."},
    {"client|trackinginfo", trackinginfo, 2, kAnytime, no_keys(), "6.2.0", "O(1)", "",
     "Describes how the connection tracks keys."},
};

}  // namespace

std::vector<CommandFamily> tracking_commands() {
  return {{"connection", kCommands}};
}

}  // namespace larder
