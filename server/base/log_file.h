// The file that the log is written to: each line in one write, so that it is there when the process
// ends, whatever ends it, and so that lines of several processes do not mix.
//
// A disk that is full must cost log lines and nothing else: what cannot be written is dropped and
// counted. Standard error hears of the first that is, once, and the file of how many there were
// when there is room again.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace larder::log {

class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // Opens the file for appending, and makes it where there is none. Throws spdlog::spdlog_ex.
  explicit LogFile(std::string path);
  ~LogFile() override;

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  std::string format(const spdlog::details::log_msg& message);
  bool write(std::string_view text);
  bool tell_of_lost(const spdlog::details::log_msg& next);
  void drop(int reason);

  std::string path_;
  int fd_;
  bool is_within_line_ = false;  // a line was begun and could not be finished
  uint64_t lost_ = 0;            // lines, since the last that was written
};

}  // namespace larder::log
