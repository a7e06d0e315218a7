// /metrics for Prometheus, and a page with live plots, on a port of their own.
//
// Off, it listens to nothing and holds nothing. On, it takes a sample a second, keeps an hour of
// them, and answers GET and HEAD, in slices between the turns of the loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "modules/metrics/http_connection.h"
#include "modules/metrics/sampler.h"
#include "server/module/module.h"

namespace larder {

class Metrics final : public Module, private StreamService {
 public:
  Metrics();
  void start(Host& host) override;

 private:
  // StreamService
  std::unique_ptr<StreamHandler> open(const StreamPeer& peer) override;
  void served_for(int64_t us) override { turn_us_.record(static_cast<uint64_t>(us)); }

  Status listen();
  void set_sampling(bool is_on);
  void on_tick(int64_t now_ms);
  void listen_to_times(bool is_on);
  HttpResponse respond(const HttpRequest& request, const StreamPeer& peer);
  HttpResponse ready() const;

  Option<uint16_t> port_{
      options,
      "metrics-port",
      0,
      {.max = 65535,
       .help = "TCP port of /metrics for Prometheus, /health, /ready, and of a page "
               "with live plots. Whoever can connect may read them: there is no "
               "password. 0: none."}};
  Option<std::vector<std::string>> bind_{
      options,
      "metrics-bind",
      {"127.0.0.1", "-::1"},
      {.is_protected = true,
       .help = "Addresses on which metrics-port listens, as in bind. Beyond this machine only "
               "where the network keeps strangers away: the page shows names of keys, slow "
               "requests with their arguments, and names and addresses of clients."}};

  Counter requests_{info, "metrics_http_requests"};
  Counter refused_{info, "metrics_http_refused"};
  HistogramField turn_us_{info, "metrics_http_turn_usec"};
  Field connections_{info, "metrics_http_connections", [this] {
                       return listener_ == nullptr ? size_t{0} : listener_->connection_count();
                     }};
  Field samples_{info, "metrics_history_rows", [this] {
                   return sampler_ ? sampler_->history().end() - sampler_->history().first() : 0;
                 }};
  Field memory_{info, "metrics_history_bytes",
                [this] { return sampler_ ? sampler_->history().memory() : size_t{0}; }};

  Host* host_ = nullptr;
  StreamListener* listener_ = nullptr;
  std::unique_ptr<Sampler> sampler_;
  uint64_t tick_listener_ = 0;
  uint64_t timing_listener_ = 0;  // 0: not listening
};

}  // namespace larder
