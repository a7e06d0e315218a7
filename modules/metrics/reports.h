// What the page asks for, as JSON.
//
//   /api/history?since=SECONDS
//   {"rows":3600,"series":["requests",...],"data":[[time,value,...],...]} /api/now
//   {"time":...,"info":{section:{field:text}},"commands":[...],
//                                 "replies":{"slowlog":...}}
#pragma once

#include <cstdint>
#include <string>

#include "modules/metrics/http_response.h"
#include "modules/metrics/sampler.h"
#include "server/module/host.h"

namespace larder {

// The rows that are later than a moment.
class HistoryReport final : public HttpBody {
 public:
  HistoryReport(const History& history, int64_t since_seconds)
      : history_(history), row_(history.first_after(since_seconds)), end_(history.end()) {}
  bool write(std::string& out, Deadline deadline) override;

 private:
  void write_row(std::string& out);

  const History& history_;
  uint64_t row_;
  uint64_t end_;  // when it was asked for
  bool has_begun_ = false;
  bool needs_comma_ = false;
};

// The present: INFO, which commands run, and what other modules know about it.
class NowReport final : public HttpBody {
 public:
  NowReport(Host& host, const Sampler& sampler) : host_(host), sampler_(sampler) {}
  bool write(std::string& out, Deadline deadline) override;

 private:
  void write_step(std::string& out);
  void write_group(std::string& out, const InfoGroup& group);
  void write_commands(std::string& out);
  void write_reply(std::string& out, size_t index);

  Host& host_;
  const Sampler& sampler_;
  size_t step_ = 0;
};

}  // namespace larder
