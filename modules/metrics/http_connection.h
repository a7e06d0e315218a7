// One HTTP/1 connection: request after request, answer after answer.
#pragma once

#include <functional>
#include <string>

#include "modules/metrics/http_request.h"
#include "modules/metrics/http_response.h"
#include "server/base/stream_service.h"

namespace larder {

class HttpConnection final : public StreamHandler {
 public:
  using Respond = std::function<HttpResponse(const HttpRequest&)>;

  // `respond` is asked for each good request; malformed ones are answered here, and are the last:
  // `on_malformed` hears of them.
  explicit HttpConnection(
      Respond respond, std::function<void()> on_malformed = [] {})
      : respond_(std::move(respond)), on_malformed_(std::move(on_malformed)) {}

  size_t receive(std::string_view unread) override;
  StreamOutput next_output(Deadline deadline) override;

 private:
  void begin(HttpResponse response, const HttpRequest& request);
  void write_chunk(Deadline deadline);
  StreamOutput::Then at_end() const;

  Respond respond_;
  std::function<void()> on_malformed_;
  HttpRequestParser parser_;
  HttpResponse response_;
  std::string piece_;  // what was handed out last
  bool keeps_alive_ = false;
  bool is_chunked_ = false;
  bool is_head_sent_ = false;
  bool has_body_ = false;  // that is still to be sent
};

}  // namespace larder
