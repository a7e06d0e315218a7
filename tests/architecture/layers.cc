#include "tests/architecture/layers.h"

#include <array>

namespace larder {
namespace {

struct Layer {
  std::string_view name;
  std::string_view includes;  // directly; an arrow includes what its target may include
};

// From the bottom to the top: a layer names only layers that stand above it in this list.
constexpr std::array kLayers = {
    Layer{"protocol", ""},
    Layer{"server/base", ""},
    Layer{"server/structures", "server/base"},
    Layer{"server/types", "server/structures"},
    Layer{"server/config", "server/base protocol"},  // configuration lines quote as inline requests do
    Layer{"server/info", "server/base"},
    Layer{"server/process", "server/config"},
    Layer{"server/memory", "server/config server/info"},
    Layer{"server/background", "server/config server/info"},
    Layer{"server/keyspace", "server/types server/memory server/background"},
    Layer{"server/network", "server/config server/info protocol"},
    Layer{"server/clients", "protocol server/config server/info"},
    Layer{"server/command", "server/keyspace server/clients"},
    Layer{"server/acl", "server/command"},
    Layer{"server/dispatch", "server/acl server/network"},
    Layer{"server/persistence", "server/dispatch"},
    Layer{"server/replication", "server/persistence"},
    Layer{"server/commands", "server/replication server/process"},
    Layer{"server/module", "server/command server/keyspace server/clients server/memory"},
    Layer{"server", "server/commands server/module"},
    Layer{"modules", "server/module"},  // and every module; see below
    Layer{"server/main.cc", "server modules"},
};

// The folder in front of the last slash of the first two names of a path, or "" without one.
std::string_view first_folders(std::string_view path) {
  const size_t first = path.find('/');
  const size_t second = path.find('/', first == std::string_view::npos ? first : first + 1);
  return path.substr(0, second != std::string_view::npos  ? second
                        : first != std::string_view::npos ? first
                                                          : 0);
}

const Layer* find_layer(std::string_view name) {
  for (const Layer& layer : kLayers) {
    if (layer.name == name) return &layer;
  }
  return nullptr;
}

void add_with_targets(std::string_view name, std::set<std::string>& layers) {
  if (!layers.emplace(name).second) return;
  const Layer* layer = find_layer(name);
  for (std::string_view rest = layer == nullptr ? "" : layer->includes; !rest.empty();) {
    const size_t space = rest.find(' ');
    add_with_targets(rest.substr(0, space), layers);
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  }
}

}  // namespace

std::optional<std::string> layer_of(std::string_view path) {
  if (path == "server/main.cc") return "server/main.cc";
  if (path.starts_with("tests/")) return "tests";
  if (path.starts_with("protocol/")) return "protocol";
  const std::string_view folder = first_folders(path);
  if (folder.starts_with("modules/")) return std::string(folder);
  if (find_layer(folder) != nullptr) return std::string(folder);
  return std::nullopt;
}

std::set<std::string> allowed_layers(std::string_view layer) {
  std::set<std::string> layers;
  if (layer.starts_with("modules/")) {
    layers.emplace(layer);  // never another module
    layer = "server/module";
  }
  add_with_targets(layer, layers);
  return layers;
}

}  // namespace larder
