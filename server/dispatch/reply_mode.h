// What CLIENT REPLY says about the replies of a request.
#pragma once

#include "protocol/reply_writer.h"
#include "server/command/context.h"

namespace larder {

// Lets `write` write a reply, and takes back what CLIENT REPLY says the client does not want to
// hear.
template <class Write>
void obey_reply_mode(Context& context, Write&& write) {
  Client& client = context.client;
  const ReplyMode mode = client.reply_mode;
  const bool is_muted = mode == ReplyMode::off || mode == ReplyMode::skip_next;
  ReplyWriter::Mark mark;
  if (is_muted) [[unlikely]] {
    mark = context.reply.mark();
    // The command may ask for more: another SKIP, or OFF.
    if (mode == ReplyMode::skip_next) client.reply_mode = ReplyMode::skip_this;
  }
  write();
  if (!is_muted) [[likely]]
    return;
  // Who has to wait is still owed the silence that it asked for.
  if (client.is_blocked) client.reply_mode = mode;
  // CLIENT REPLY ON is heard even by those who were muted.
  if (client.reply_mode != ReplyMode::on) context.reply.rewind(mark);
  if (client.reply_mode == ReplyMode::skip_this) client.reply_mode = ReplyMode::on;
}

}  // namespace larder
