// What the server is to a module. It grows with what modules need, and stays small.
#pragma once

#include <string>
#include <string_view>

#include "protocol/reply_reader.h"
#include "server/base/stream_service.h"
#include "server/command/context.h"
#include "server/command/hooks.h"

namespace larder {

class Host {
 public:
  // The services and the stream host outlive the host. Without a stream host nothing can be served.
  explicit Host(Services& services, StreamHost* streams = nullptr)
      : services_(services), streams_(streams) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Keys, and the hooks about them: key_changed, key_added, key_missed, flushed.
  Keyspace& keyspace() { return services_.keyspace; }
  // Everybody who is connected. Keep ids, not pointers, or listen to hooks().client_closed.
  ClientList& clients() { return services_.clients; }
  // Sends something to a client that did not ask for it now.
  Pushes& pushes() { return services_.pushes; }
  // The other hooks.
  Hooks& hooks() { return services_.hooks; }
  // All commands.
  const CommandTable& commands() const { return services_.commands; }
  // Used memory, the limit and the level; see relief below for what can be done about them.
  MemoryUsage& memory() { return services_.memory; }
  // What other parts were told to do. Options are found by name.
  const Options& options() const { return services_.options; }
  // Tasks that run in slices between the turns of the loop.
  BackgroundWork& work() { return services_.work; }

  // How many clients wait for a key, or for the end of CLIENT PAUSE.
  size_t blocked_clients() const { return services_.control.blocked().clients; }
  // Ends the wait of a client that Context::block lets wait, as if its time were up.
  void end_wait(Client& client) { services_.control.unblock(client, false); }

  // --- Giving memory back ---
  // Removes what has expired and frees what was removed. Returns whether more is due.
  bool drop_removed(Deadline deadline) { return services_.keyspace.do_background_work(deadline); }
  // Frees buffers that were kept for the next request; returns the bytes given back.
  size_t shrink_buffers() { return services_.control.shrink_buffers(); }
  // Gives the allocator's unused pages back to the kernel, on a thread of its own; returns about how many
  // bytes that will be.
  size_t purge_allocator() { return services_.control.purge_memory(); }
  // Moves data out of sparse pages in the background, whether or not `activedefrag` is on, as far as
  // there is something to gain.
  void defragment() { services_.defragmentation.start_round(); }
  // Makes the tables of keys as small as what is in them allows: one walk, beginning where the last one
  // ended. Returns whether the walk is at its end.
  bool compact_tables(Deadline deadline) { return services_.keyspace.compact_tables(deadline); }
  // Evicts keys by the policy of the server, about as many bytes as asked for. 0: the policy is to evict
  // nothing, or there is nothing that it may evict.
  size_t evict_keys(size_t bytes, Deadline deadline);
  // Closes the clients that take most memory until the others take at most this much; returns the bytes
  // of the closed.
  size_t evict_clients(size_t allowed_bytes) { return services_.control.evict_clients(allowed_bytes); }
  // New clients of other machines are refused while there are so many clients; SIZE_MAX: none is.
  void refuse_clients_from(size_t count) { services_.control.refuse_clients_from(count); }

  // What INFO shows under names, whoever the fields belong to: for one moment.
  InfoValues info_values() const { return InfoValues(services_.info); }

  // For fields outside of the module's own section.
  void add_info(InfoGroup& group) { services_.info.add(group); }
  // Everything that INFO tells.
  const Info& info() const { return services_.info; }
  // Runs a command that only reports, at once and on the server's own behalf: nobody's rights are
  // asked for, and neither statistics nor MONITOR nor the slow log know of it. Cost: that of the
  // command, and a copy of its reply (RESP3). `reports`: the full names ("slowlog|get") of the
  // commands that the caller may ask. No flag tells a command that reports from one that changes an
  // option or ends the server, so their names are the caller's word that these are harmless.
  // Errors: the command's own; there is no such command; it is not among them; or it is one that
  // changes data or needs a client to wait, to listen or to hold a transaction.
  Result<Reply> ask(std::span<const std::string_view> request,
                    std::span<const std::string_view> reports);

  // Serves a protocol of the module's own over TCP. For start(); the listener lives as long as the
  // server, and so must the service. nullptr: this host has no network.
  StreamListener* add_stream_service(StreamService& service, const StreamLimits& limits) {
    return streams_ == nullptr ? nullptr : &streams_->add_stream_service(service, limits);
  }
  bool is_shutting_down() const { return services_.control.is_shutting_down(); }

 private:
  Services& services_;
  StreamHost* streams_;
};

}  // namespace larder
