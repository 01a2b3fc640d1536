#pragma once

/// socketcore: asynchronous TCP, UDP, TLS and raw sockets whose results arrive as messages. docs/embedding.md shows how.
///
///     auto os = socketcore::linux_os();          // the kernel
///     socketcore::Reactor reactor(*os);          // one thread's I/O
///     auto device = socketcore::Device::create(reactor);
///     auto [id, error] = device->connect({.address = "192.0.2.1", .port = 80});
///     socketcore::Message message;
///     while (device->receive(message, std::nullopt) == socketcore::Waited::message) { ... }

#include "socketcore/device.hpp"   // IWYU pragma: export
#include "socketcore/error.hpp"    // IWYU pragma: export
#include "socketcore/log.hpp"      // IWYU pragma: export
#include "socketcore/message.hpp"  // IWYU pragma: export
#include "socketcore/options.hpp"  // IWYU pragma: export
#include "socketcore/os.hpp"       // IWYU pragma: export
#include "socketcore/reactor.hpp"  // IWYU pragma: export
#include "socketcore/version.hpp"  // IWYU pragma: export
