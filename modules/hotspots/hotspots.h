// Where the load is: which keys, prefixes and clients are heavy, and which keys are big.
//
// HOTKEYS is Redis 8.6's: a session that somebody starts and stops. HOTSPOTS, INFO hotspots and
// INFO namespaces are a view that is always on, from a sample of the requests
// (Hooks::request_measured) that gets finer the less there is to do: all of them up to about 400 a
// second, at least 400 a second beyond, one of `hotspots-sampling` where that is more. What is not
// measured costs nothing; the rest is in README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "modules/hotspots/load_view.h"
#include "modules/hotspots/session.h"
#include "server/base/random.h"
#include "server/command/key_spec.h"
#include "server/module/module.h"

namespace larder {

class Hotspots final : public Module {
 public:
  static constexpr size_t kShownNamespaces = 64;

  Hotspots();
  std::vector<CommandFamily> commands() const override;
  void start(Host& host) override;

  // HOTKEYS. nullptr: none was started, or it was forgotten.
  const HotKeysSession* session() const { return session_.get(); }
  bool has_active_session() const { return session_ != nullptr && session_->is_active(); }
  // `wall_ms`: by the clock on the wall; all else is by one that never goes back.
  void start_session(const HotKeysSession::Settings& settings, int64_t wall_ms, int64_t now_ms);
  void stop_session(int64_t now_ms);
  void forget_session() { session_.reset(); }

  // nullptr: the view is off.
  LoadView* view() { return view_.get(); }
  // Forgets what the view has seen so far.
  void reset_view();

  // What the hooks call.
  void note(const MeasuredRequest& request);
  void on_tick(int64_t now_ms);

 private:
  void follow_options();
  void set_sampling();
  void forget_rate();
  void note_key(const MeasuredRequest& request, const KeyPosition& position, double part);
  void note_eviction(const KeyEvent& event);
  void write_hot_keys(InfoWriter& writer);
  void write_big_keys(InfoWriter& writer);
  void write_clients(InfoWriter& writer);
  void write_namespaces(InfoWriter& writer);

  Option<bool> enabled_{
      options,
      "hotspots",
      true,
      {.help = "Whether the server watches which keys, prefixes and clients are heavy, and which "
               "keys are "
               "big, for HOTSPOTS, INFO hotspots and INFO namespaces. It measures a sample of the "
               "requests. HOTKEYS works without."}};
  Option<int> sampling_{
      options,
      "hotspots-sampling",
      4096,
      {.min = 1,
       .max = 1'000'000,
       .help =
           "One of how many requests is measured under load. With little to do it is more of them; "
           "1: always all, which costs about as much as a short request does."}};
  Option<int> half_life_{
      options,
      "hotspots-half-life",
      60,
      {.min = 1,
       .max = 86'400,
       .unit = Unit::seconds,
       .help = "After how many seconds what a key or client has done counts half."}};
  Option<std::string> delimiter_{options,
                                 "hotspots-delimiter",
                                 ":",
                                 {.help = "What ends the prefix of a key: \"user:\" of \"user:7\". "
                                          "Empty: there are no prefixes, and "
                                          "INFO namespaces is empty."}};

  Field enabled_field_{info, "hotspots_enabled", [this] { return view_ != nullptr; }};
  Field sampling_field_{info, "hotspots_sampling", [this] { return measure_one_of_; }};
  Counter measured_{info, "hotspots_measured_requests"};
  Field memory_field_{info, "hotspots_memory",
                      [this] { return view_ == nullptr ? 0 : view_->memory(); }};
  // What names keys and clients is for those who may ask for it with HOTSPOTS.
  InfoGroup hot_keys_info_{"Hotspots", InfoScope::module, "hotspots|keys"};
  Fields hot_keys_{hot_keys_info_, [this](InfoWriter& writer) { write_hot_keys(writer); }};
  InfoGroup big_keys_info_{"Hotspots", InfoScope::module, "hotspots|bigkeys"};
  Fields big_keys_{big_keys_info_, [this](InfoWriter& writer) { write_big_keys(writer); }};
  InfoGroup clients_info_{"Hotspots", InfoScope::module, "hotspots|clients"};
  Fields clients_{clients_info_, [this](InfoWriter& writer) { write_clients(writer); }};
  InfoGroup namespaces_info_{"Namespaces", InfoScope::module, "hotspots|namespaces"};
  Fields namespaces_{namespaces_info_, [this](InfoWriter& writer) { write_namespaces(writer); }};

  Host* host_ = nullptr;
  std::unique_ptr<LoadView> view_;
  std::unique_ptr<HotKeysSession> session_;
  // Numbers of listeners; 0: not listening.
  uint64_t request_listener_ = 0;
  uint64_t eviction_listener_ = 0;
  uint64_t flush_listener_ = 0;
  uint32_t measure_one_of_ = 0;  // as the hook has it

  // How many requests there are, to adapt the sampling.
  double requests_per_second_ = 0;
  uint64_t requests_since_tick_ = 0;
  uint64_t measured_since_tick_ = 0;
  int64_t last_tick_ms_ = 0;
  uint32_t evictions_until_pick_ = 0;
  Random random_;
  std::vector<KeyPosition> positions_;  // kept for its memory
};

// The tables of hotkeys_commands.cc and hotspots_commands.cc.
CommandFamily hotkeys_commands();
CommandFamily hotspots_commands();

}  // namespace larder
