#include "modules/commandlog/log.h"

#include <utility>

namespace larder {

void RequestLog::add(Entry entry, size_t max_entries) {
  if (max_entries == 0) return;
  entry.id = next_id_++;
  entries_.push_front(std::move(entry));
  shrink_to(max_entries);
}

void RequestLog::shrink_to(size_t max_entries) {
  while (entries_.size() > max_entries) entries_.pop_back();
}

std::vector<std::string> trimmed_arguments(std::span<const std::string_view> arguments, size_t total) {
  // Where some are left out, the last place says how many.
  const bool has_too_many = total > RequestLog::kMaxArguments;
  const size_t kept = has_too_many ? RequestLog::kMaxArguments - 1 : arguments.size();
  std::vector<std::string> trimmed;
  trimmed.reserve(kept + 1);
  for (const std::string_view argument : arguments.first(kept)) {
    std::string& text = trimmed.emplace_back(argument.substr(0, RequestLog::kMaxArgumentBytes));
    if (argument.size() <= RequestLog::kMaxArgumentBytes) continue;
    const size_t left_out = argument.size() - RequestLog::kMaxArgumentBytes;
    text += "... (" + std::to_string(left_out) + " more bytes)";
  }
  if (has_too_many) {
    trimmed.push_back("... (" + std::to_string(total - kept) + " more arguments)");
  }
  return trimmed;
}

}  // namespace larder
