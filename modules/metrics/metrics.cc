#include "modules/metrics/metrics.h"

#include <algorithm>
#include <utility>

#include "modules/metrics/page.h"
#include "modules/metrics/reports.h"
#include "modules/metrics/scrape.h"
#include "server/base/clock.h"
#include "server/base/listen_while.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

constexpr std::string_view kJson = "application/json";

// A name that somebody else's page may have made point here cannot be told from the real one, so
// where a browser could be behind a request only addresses and localhost count as hosts.
bool is_own_name(std::string_view host) {
  if (host.empty() || host.starts_with('[') || equals_ignoring_case(host, "localhost")) return true;
  return std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// What people look at, and Prometheus and health checks, which call servers by their names, do not.
bool is_for_browsers(std::string_view path) {
  return path == "/" || path.starts_with("/api/");
}

}  // namespace

Metrics::Metrics()
    : Module({.name = "metrics",
              .options_title = "Metrics",
              .info_section = "Metrics",
              .info_scope = InfoScope::module}) {}

void Metrics::start(Host& host) {
  host_ = &host;
  listener_ = host.add_stream_service(*this, {});
  on_change({&port_, &bind_}, [this] { return listen(); });
  // A cache that answers its clients is worth more than one that does not start: the log has the
  // reason.
  if (port_.get() == 0) return;
  if (Status listening = listen(); !listening.is_ok()) {
    log::warning("Nobody can read metrics: failed listening on metrics-port " + port_.text());
  }
}

Status Metrics::listen() {
  if (listener_ == nullptr) return ok;
  TRY(listener_->listen(bind_.get(), port_.get()));
  set_sampling(port_.get() != 0);
  if (port_.get() != 0) log::notice("Metrics are served on port " + port_.text());
  return ok;
}

// After the listener, whose connections may be reading the history.
void Metrics::set_sampling(bool is_on) {
  if (is_on == (sampler_ != nullptr)) return;
  Hooks& hooks = host_->hooks();
  if (!is_on) {
    hooks.tick.remove(tick_listener_);
    listen_to_times(false);
    sampler_.reset();
    return;
  }
  sampler_ = std::make_unique<Sampler>(*host_);
  tick_listener_ = hooks.tick.add([this](int64_t now_ms) { on_tick(now_ms); });
}

// How long commands take is of interest while nobody measures what clients see, which says more.
void Metrics::on_tick(int64_t now_ms) {
  listen_to_times(!host_->hooks().requests_served.is_used());
  sampler_->tick(now_ms, monotonic_us());
}

void Metrics::listen_to_times(bool is_on) {
  listen_while(is_on, host_->hooks().commands_timed, timing_listener_,
               [this](const TimedRun& run) { sampler_->record(run); });
}

std::unique_ptr<StreamHandler> Metrics::open(const StreamPeer& peer) {
  return std::make_unique<HttpConnection>(
      [this, peer](const HttpRequest& request) {
        HttpResponse response = respond(request, peer);
        ++requests_;
        if (response.status >= 400) ++refused_;
        return response;
      },
      [this] {
        ++requests_;
        ++refused_;
      });
}

HttpResponse Metrics::respond(const HttpRequest& request, const StreamPeer& peer) {
  if ((peer.is_local || is_for_browsers(request.path)) && !is_own_name(request.host)) {
    return {.status = 421, .text = "The Host header has to be an address, or localhost\n"};
  }
  if (request.path == "/") {
    return {.content_type = "text/html; charset=utf-8",
            .more_headers = dashboard_policy(),
            .bytes = dashboard_page()};
  }
  if (request.path == "/metrics") {
    return {.content_type = Exposition::kContentType, .body = std::make_unique<Scrape>(*host_)};
  }
  if (request.path == "/health") return {.text = "ok\n"};
  if (request.path == "/ready") return ready();
  if (request.path == "/api/now") {
    return {.content_type = kJson, .body = std::make_unique<NowReport>(*host_, *sampler_)};
  }
  if (request.path == "/api/history") {
    const auto since = parse_int64(request.parameter("since"));
    return {.content_type = kJson,
            .body = std::make_unique<HistoryReport>(sampler_->history(), since.value_or(0))};
  }
  return {.status = 404, .text = "Not found. There are / /metrics /health /ready\n"};
}

// Whether clients should be sent here.
HttpResponse Metrics::ready() const {
  if (host_->is_shutting_down()) return {.status = 503, .text = "shutting down\n"};
  std::vector<InfoRow> rows;
  for (const std::string_view section : {"Persistence", "Replication"}) {
    read_info(host_->info(), section, rows);
  }
  for (const InfoRow& row : rows) {
    if (row.name == "loading" && row.value != "0") return {.status = 503, .text = "loading\n"};
    if (row.name == "master_link_status" && row.value != "up") {
      return {.status = 503, .text = "no link to the primary\n"};
    }
  }
  return {.text = "ready\n"};
}

}  // namespace larder
