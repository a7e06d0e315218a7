#include "modules/hotspots/hotspots.h"

#include <algorithm>
#include <utility>

#include "server/base/clock.h"
#include "server/base/listen_while.h"
#include "server/base/numbers.h"
#include "server/base/text.h"

namespace larder {
namespace {

// How many requests a second are measured at least, as far as there are so many.
constexpr double kLeastMeasured = 400;
// So many in one tick are a burst after a rest: the sampling does not wait for the next tick.
constexpr uint64_t kBurst = 200;
constexpr uint32_t kBurstFactor = 4;
// The part of the last tick in what is taken for the rate of requests. Load that pauses for a second does
// not begin anew as if there had been little to do.
constexpr double kNewestRising = 0.3;
constexpr double kNewestFalling = 0.1;
// Of a request with more keys a part of them is looked at.
constexpr size_t kMaxKeys = 64;
// The positions of more keys than this are not kept room for.
constexpr size_t kMaxKeptPositions = 1024;
// One of how many evictions is looked at, in the mean.
constexpr uint32_t kEvictionSampling = 16;

constexpr size_t kShownKeys = 16;
constexpr size_t kShownBigKeys = 16;
constexpr size_t kShownClients = 16;

constexpr double kNsPerUs = 1000;

// ",requests_per_second=...": of a key or a client.
std::string rates_text(const LoadView& view, const Load& load) {
  return ",requests_per_second=" + format_fixed(view.per_second(load.requests), 2) +
         ",usec_per_second=" + format_fixed(view.per_second(load.nanoseconds) / kNsPerUs, 2) +
         ",bytes_per_second=" + format_fixed(view.per_second(load.bytes), 2) +
         ",hits_per_second=" + format_fixed(view.per_second(load.hits), 2) +
         ",misses_per_second=" + format_fixed(view.per_second(load.misses), 2);
}

constexpr auto count_of = [](const auto& entry) { return entry.count; };

bool stores(const KeyPosition& position) {
  return (position.flags & (kOverwrite | kReadWrite)) != 0 &&
         (position.flags & (kUpdate | kInsertData)) != 0;
}

}  // namespace

Hotspots::Hotspots()
    : Module({.name = "hotspots",
              .options_title = "Hot keys, prefixes and clients",
              .info_section = "Hotspots",
              .info_scope = InfoScope::module}) {
  info.on_reset([this] { reset_view(); });
}

std::vector<CommandFamily> Hotspots::commands() const {
  return {hotkeys_commands(), hotspots_commands()};
}

void Hotspots::start(Host& host) {
  host_ = &host;
  for (InfoGroup* group : {&hot_keys_info_, &big_keys_info_, &clients_info_, &namespaces_info_}) {
    host.add_info(*group);
  }
  on_change({&enabled_, &half_life_, &delimiter_}, [this]() -> Status {
    const bool was_on = view_ != nullptr;
    view_.reset();  // what was seen is of another kind now
    if (was_on && !*enabled_) forget_rate();
    follow_options();
    return ok;
  });
  sampling_.on_change([this]() -> Status {
    set_sampling();
    return ok;
  });
  host.hooks().tick.add([this](int64_t) { on_tick(monotonic_ms()); });
  follow_options();
}

// Listens as far as there is somebody to tell.
void Hotspots::follow_options() {
  if (*enabled_ && view_ == nullptr) reset_view();
  const bool is_measuring = view_ != nullptr || has_active_session();
  listen_while(is_measuring, host_->hooks().request_measured, request_listener_,
               [this](const MeasuredRequest& request) { note(request); });
  listen_while(view_ != nullptr, host_->keyspace().eviction.key_evicted, eviction_listener_,
               [this](const KeyEvent& event) { note_eviction(event); });
  listen_while(view_ != nullptr, host_->keyspace().flushed, flush_listener_,
               [this](const Database*) { view_->big_keys().refresh(host_->keyspace()); });
  set_sampling();
}

void Hotspots::set_sampling() {
  uint32_t one_of = 0;
  if (view_ != nullptr) {
    const double wanted = requests_per_second_ / kLeastMeasured;
    one_of = static_cast<uint32_t>(std::clamp<double>(wanted, 1, *sampling_));
  }
  if (has_active_session()) {
    const uint32_t asked = session_->settings().one_of;
    one_of = one_of == 0 ? asked : std::min(one_of, asked);
  }
  host_->hooks().measure_one_of = measure_one_of_ = one_of;
}

void Hotspots::on_tick(int64_t now_ms) {
  if (has_active_session()) {
    session_->check_time(now_ms);
    if (!session_->is_active()) follow_options();
  }
  if (view_ == nullptr) return;
  view_->advance(now_ms);
  view_->namespaces().walk(host_->keyspace(), view_->big_keys());
  const int64_t passed_ms = std::max<int64_t>(now_ms - std::exchange(last_tick_ms_, now_ms), 1);
  const double rate =
      static_cast<double>(requests_since_tick_) * 1000 / static_cast<double>(passed_ms);
  const double newest = rate > requests_per_second_ ? kNewestRising : kNewestFalling;
  requests_per_second_ += newest * (rate - requests_per_second_);
  requests_since_tick_ = measured_since_tick_ = 0;
  set_sampling();
}

// Switched off, nothing is left to tell of.
void Hotspots::forget_rate() {
  measured_.reset();
  requests_per_second_ = 0;
  requests_since_tick_ = measured_since_tick_ = 0;
}

void Hotspots::reset_view() {
  view_.reset();
  if (!*enabled_) return;
  view_ = std::make_unique<LoadView>(int64_t{*half_life_} * 1000, *delimiter_);
  view_->advance(monotonic_ms());
}

// --- HOTKEYS ---

void Hotspots::start_session(const HotKeysSession::Settings& settings, int64_t wall_ms,
                             int64_t now_ms) {
  session_ = std::make_unique<HotKeysSession>(settings, wall_ms, now_ms);
  follow_options();
}

void Hotspots::stop_session(int64_t now_ms) {
  session_->stop(now_ms);
  follow_options();
}

// --- What is measured ---

void Hotspots::note(const MeasuredRequest& request) {
  ++measured_;
  requests_since_tick_ += request.weight;
  // A session wants all that it has asked for.
  if (++measured_since_tick_ % kBurst == 0 && !has_active_session()) {
    const auto limit = static_cast<uint32_t>(*sampling_);
    measure_one_of_ = std::min(measure_one_of_ * kBurstFactor, limit);
    host_->hooks().measure_one_of = measure_one_of_;
  }
  if (view_ != nullptr) view_->add_request(request);
  positions_.clear();
  if (!find_command_keys(request.command, request.arguments, positions_)) return;
  std::erase_if(positions_, [](const KeyPosition& key) { return (key.flags & kNotKey) != 0; });
  if (positions_.empty()) return;
  if (has_active_session()) session_->add_request(request);
  const size_t step = (positions_.size() + kMaxKeys - 1) / kMaxKeys;
  const size_t first = step == 1 ? 0 : random_.below(step);
  const double part = static_cast<double>(step) / static_cast<double>(positions_.size());
  for (size_t i = first; i < positions_.size(); i += step) note_key(request, positions_[i], part);
  if (positions_.capacity() > kMaxKeptPositions) std::vector<KeyPosition>().swap(positions_);
}

void Hotspots::note_key(const MeasuredRequest& request, const KeyPosition& position, double part) {
  const Key key = make_key(request.arguments[position.index]);
  if (has_active_session()) {
    session_->add_key(request, key.name, key.hash, part);
  }
  if (view_ == nullptr) return;
  Database& database = host_->keyspace().database(request.client.database);
  view_->add_key(request, {key.name, database.ghost_hash(key.hash), stores(position), part});
  const Database::Slot* slot = database.find(key);
  if (slot == nullptr) return;
  const Entry& entry = *slot->get();
  view_->big_keys().offer(database, entry, memory_of(entry));
}

void Hotspots::note_eviction(const KeyEvent& event) {
  if (evictions_until_pick_-- > 0) return;
  evictions_until_pick_ = static_cast<uint32_t>(random_.below(2 * kEvictionSampling - 1));
  if (view_ != nullptr) view_->namespaces().add_eviction(event.key, kEvictionSampling);
}

// --- INFO ---

void Hotspots::write_hot_keys(InfoWriter& writer) {
  if (view_ == nullptr) return;
  size_t number = 0;
  for (const auto* entry : view_->keys().top(kShownKeys, count_of)) {
    writer.line("hot_key_" + std::to_string(++number),
                "key=" + quote(entry->name) + ",db=" + std::to_string(entry->figures.database) +
                    rates_text(*view_, entry->figures.load));
  }
}

void Hotspots::write_big_keys(InfoWriter& writer) {
  if (view_ == nullptr) return;
  size_t number = 0;
  for (const BigKeys::Key& key : view_->big_keys().refresh(host_->keyspace())) {
    if (++number > kShownBigKeys) break;
    writer.line(
        "big_key_" + std::to_string(number),
        "key=" + quote(std::string_view(key.name).substr(0, LoadView::Keys::kMaxName)) +
            ",db=" + std::to_string(key.database) + ",type=" + std::string(type_name(key.type)) +
            ",bytes=" + std::to_string(key.bytes) + ",elements=" + std::to_string(key.elements));
  }
}

void Hotspots::write_clients(InfoWriter& writer) {
  if (view_ == nullptr) return;
  size_t number = 0;
  for (const auto* entry : view_->clients().top(kShownClients, count_of)) {
    writer.line("heavy_client_" + std::to_string(++number),
                "host=" + entry->name + ",user=" + quote(entry->figures.user) +
                    ",name=" + quote(entry->figures.name) +
                    ",last_id=" + std::to_string(entry->figures.last_id) +
                    rates_text(*view_, entry->figures.load));
  }
}

void Hotspots::write_namespaces(InfoWriter& writer) {
  if (view_ == nullptr) return;
  size_t number = 0;
  for (const auto& report : view_->namespaces().heaviest(kShownNamespaces, host_->keyspace())) {
    writer.line("namespace_" + std::to_string(++number),
                "prefix=" + quote(report.prefix) + ",keys=" + format_fixed(report.keys, 0) +
                    ",bytes=" + format_fixed(report.bytes, 0) + ",requests=" + format_fixed(report.load.requests, 0) +
                    ",hits=" + format_fixed(report.load.hits, 0) + ",misses=" + format_fixed(report.load.misses, 0) +
                    ",sets=" + format_fixed(report.load.writes, 0) + ",evictions=" + format_fixed(report.evictions, 0) +
                    ",usec=" + format_fixed(report.load.nanoseconds / kNsPerUs, 0) + ",traffic_bytes=" +
                    format_fixed(report.load.bytes, 0) + ",load_percent=" + format_fixed(100 * report.load_share, 2) +
                    ",memory_percent=" + format_fixed(100 * report.memory_share, 2));
  }
}

}  // namespace larder
