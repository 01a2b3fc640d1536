#include "tls_pair.hpp"

namespace socketcore::testing {
namespace {

std::shared_ptr<const TlsContext> get(TlsContexts& contexts, const TlsIdentity& identity) {
  auto context = contexts.client(identity);
  EXPECT_TRUE(context) << context.failure().words;
  return context.value();
}

TEST(TlsContextCache, SharesOneContextPerIdentity) {
  TlsContexts contexts;
  const TlsIdentity identity{.ca_cert = server_pems().ca_cert, .cert = client_pems().cert, .key = client_pems().key};
  const auto first = get(contexts, identity);
  const std::string copy(identity.ca_cert);
  EXPECT_EQ(get(contexts, {.ca_cert = copy, .cert = identity.cert, .key = identity.key}), first);
}

TEST(TlsContextCache, TellsIdentitiesApart) {
  TlsContexts contexts;
  const std::string& ca = server_pems().ca_cert;
  const std::string& cert = client_pems().cert;
  const std::string& key = client_pems().key;
  const auto server = contexts.server({.ca_cert = ca, .cert = cert, .key = key});
  ASSERT_TRUE(server);
  const std::shared_ptr<const TlsContext> all[] = {
      get(contexts, {}),
      get(contexts, {.system_store = true}),
      get(contexts, {.ca_cert = ca}),
      get(contexts, {.ca_cert = ca + "\n"}),
      get(contexts, {.ca_cert = ca, .system_store = true}),
      get(contexts, {.ca_cert = client_pems().ca_cert}),
      get(contexts, {.cert = cert, .key = key}),
      get(contexts, {.cert = cert, .key = key, .key_password = ""}),
      get(contexts, {.cert = cert, .key = key, .key_password = "x"}),
      get(contexts, {.ca_cert = ca, .cert = cert, .key = key}),
      server.value(),
  };
  for (std::size_t i = 0; i < std::size(all); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(all[i], all[j]) << i << " " << j;
  }
}

TEST(TlsContextCache, DoesNotLetAWrongPasswordProfitFromARightOne) {
  const Throwaway pems = throwaway({"client"}, {.password = "right"});
  TlsContexts contexts;
  const auto right = get(contexts, {.cert = pems.cert, .key = pems.key, .key_password = "right"});
  EXPECT_FALSE(contexts.client({.cert = pems.cert, .key = pems.key, .key_password = "wrong"}));
  EXPECT_FALSE(contexts.client({.cert = pems.cert, .key = pems.key}));
}

TEST(TlsContextCache, ForgetsWhatNobodyUses) {
  TlsContexts contexts;
  auto context = get(contexts, {});
  const std::weak_ptr<const TlsContext> watch = context;
  const auto layer = tls_client_layer(context, {});
  context.reset();
  auto stream = std::move(layer->wrap(make_pipe().first).value());
  EXPECT_EQ(get(contexts, {}), watch.lock());
  auto second_layer = tls_client_layer(watch.lock(), {});
  second_layer.reset();
  EXPECT_FALSE(watch.expired());
}

TEST(TlsContextCache, KeepsAContextForItsConnectionsOnly) {
  TlsContexts contexts;
  auto layer = tls_client_layer(get(contexts, {}), {});
  const std::weak_ptr<const TlsContext> watch = get(contexts, {});
  auto stream = std::move(layer->wrap(make_pipe().first).value());
  layer.reset();
  EXPECT_FALSE(watch.expired());
  stream.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_NE(get(contexts, {}), nullptr);
}

TEST(TlsContextCache, MayGoBeforeItsContexts) {
  auto contexts = std::make_unique<TlsContexts>();
  const auto context = get(*contexts, {.ca_cert = server_pems().ca_cert, .system_store = true});
  const auto system = get(*contexts, {.system_store = true});
  contexts.reset();
  const auto layer = tls_client_layer(context, {.verify_name = "example.com", .server_name = ""});
  auto stream = std::move(layer->wrap(make_pipe().first).value());
  EXPECT_EQ(stream->handshake(), Flow::blocked);
}

}  // namespace
}  // namespace socketcore::testing
