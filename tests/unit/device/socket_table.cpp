#include "device/socket_table.hpp"

#include <gtest/gtest.h>

#include <set>

#include "os/sim.hpp"

namespace socketcore {
namespace {

constexpr SocketId kLast = 0x7fffffff;

/// Never asked.
class NoResolver final : public Resolver {
 public:
  void resolve(std::string_view, Family, std::function<void(const Resolution&)>) override {}
};

class SocketTableTest : public testing::Test {
 protected:
  std::unique_ptr<Socket> socket(SocketId id) { return std::make_unique<Socket>(core_, home_, SocketType::tcp, id, 1U); }
  SocketId add(SocketTable& table) {
    const SocketId id = table.next_id();
    table.insert(id, socket(id));
    return id;
  }

  SimOs os_;
  Core core_{os_, nullptr, std::make_unique<NoResolver>()};
  MessageQueue queue_{core_.loop(), Token()};
  DeviceOptions options_;
  Home home_{queue_, options_, true};
};

TEST_F(SocketTableTest, CountsUpAndFindsEach) {
  SocketTable table(1000, false);
  for (SocketId id = 0; id < 100; ++id) EXPECT_EQ(add(table), id);
  std::set<Socket*> found;
  for (SocketId id = 0; id < 100; ++id) found.insert(table.find(id));
  EXPECT_EQ(found.size(), 100U);
  EXPECT_FALSE(found.contains(nullptr));
  EXPECT_EQ(table.find(100), nullptr);
  EXPECT_EQ(table.find(-1), nullptr);
  EXPECT_EQ(table.find(kLast), nullptr);
}

TEST_F(SocketTableTest, AnIdIsNotGivenOutAgain) {
  SocketTable table(1000, false);
  for (SocketId id = 0; id < 500; ++id) {
    EXPECT_EQ(add(table), id);
    EXPECT_NE(table.remove(id), nullptr);
    EXPECT_EQ(table.find(id), nullptr);
  }
}

TEST_F(SocketTableTest, TheCounterStartsAgainBehindTheLastId) {
  SocketTable table(1000, false);
  (void)table.next_id();
  table.insert(kLast - 1, socket(kLast - 1));
  EXPECT_EQ(add(table), kLast);
  EXPECT_EQ(add(table), 0);
  EXPECT_EQ(add(table), 1);
  EXPECT_NE(table.find(kLast), nullptr);
  EXPECT_NE(table.find(kLast - 1), nullptr);
}

TEST_F(SocketTableTest, TheCounterSkipsSlotsThatAreTaken) {
  SocketTable table(1000, false);
  EXPECT_EQ(add(table), 0);
  EXPECT_EQ(add(table), 1);
  table.insert(kLast, socket(kLast));
  EXPECT_EQ(add(table), 2) << "0 and 1 live";
}

TEST_F(SocketTableTest, LowestFirstWhereIdsAreUsedAgain) {
  SocketTable table(10, true);
  for (SocketId id = 0; id < 10; ++id) EXPECT_EQ(add(table), id);
  EXPECT_TRUE(table.full());
  (void)table.remove(7);
  (void)table.remove(2);
  EXPECT_FALSE(table.full());
  EXPECT_EQ(add(table), 2);
  EXPECT_EQ(add(table), 7);
}

TEST_F(SocketTableTest, GrowingKeepsEverybody) {
  SocketTable table(100'000, false);
  std::set<SocketId> alive;
  for (int i = 0; i < 5000; ++i) {
    alive.insert(add(table));
    if (i % 3 == 0) {
      const SocketId gone = *alive.begin();
      (void)table.remove(gone);
      alive.erase(gone);
    }
  }
  for (const SocketId id : alive) ASSERT_NE(table.find(id), nullptr) << id;
  std::size_t count = 0;
  table.for_each([&](const std::unique_ptr<Socket>&) { ++count; });
  EXPECT_EQ(count, alive.size());
}

}  // namespace
}  // namespace socketcore
