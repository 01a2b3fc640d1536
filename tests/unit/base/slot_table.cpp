#include "base/slot_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

namespace socketcore {
namespace {

TEST(Token, SurvivesPacking) {
  const Token token{0x89abcdef, 0x01234567};
  EXPECT_EQ(Token::unpack(token.packed()), token);
  EXPECT_EQ(token.packed(), 0x0123456789abcdefU);
}

TEST(Token, NamesNothingByDefault) {
  EXPECT_FALSE(Token());
  EXPECT_EQ(SlotTable<int>().find(Token()), nullptr);
}

TEST(SlotTable, FindsWhatWasPutIn) {
  SlotTable<int> table;
  const Token one = table.insert(1);
  const Token two = table.insert(2);
  EXPECT_TRUE(one);
  EXPECT_NE(one, two);
  EXPECT_EQ(*table.find(one), 1);
  EXPECT_EQ(*table.find(two), 2);
  EXPECT_EQ(table.size(), 2U);
}

TEST(SlotTable, ATokenThatOutlivedItsValueFindsNothing) {
  SlotTable<int> table;
  const Token old = table.insert(1);
  table.erase(old);
  EXPECT_EQ(table.find(old), nullptr);
  const Token next = table.insert(2);
  EXPECT_EQ(next.slot, old.slot) << "slots are given away again";
  EXPECT_NE(next.generation, old.generation);
  EXPECT_EQ(table.find(old), nullptr);
  EXPECT_EQ(*table.find(next), 2);
}

TEST(SlotTable, ErasingTwiceErasesOnce) {
  SlotTable<int> table;
  const Token old = table.insert(1);
  table.erase(old);
  const Token next = table.insert(2);
  table.erase(old);
  EXPECT_EQ(*table.find(next), 2);
  EXPECT_EQ(table.size(), 1U);
}

TEST(SlotTable, TokensOfSlotsThatNeverWereFindNothing) {
  SlotTable<int> table;
  (void)table.insert(1);
  EXPECT_EQ(table.find({7, 1}), nullptr);
  EXPECT_EQ(table.find({0, 0}), nullptr);
  EXPECT_EQ(table.find(Token::unpack(~std::uint64_t{0})), nullptr);
  table.erase({7, 1});
  EXPECT_EQ(table.size(), 1U);
}

TEST(SlotTable, GivesUpTheValueAtOnce) {
  SlotTable<std::shared_ptr<int>> table;
  auto value = std::make_shared<int>(5);
  const Token token = table.insert(value);
  EXPECT_EQ(value.use_count(), 2);
  table.erase(token);
  EXPECT_EQ(value.use_count(), 1);
}

TEST(SlotTable, NamesEveryValueOnceOverManySteps) {
  std::mt19937 random(3);
  SlotTable<int> table;
  std::map<std::uint64_t, int> model;
  std::vector<Token> dead;
  for (int step = 0; step < 5'000; ++step) {
    if (model.empty() || random() % 3 != 0) {
      const Token token = table.insert(step);
      ASSERT_TRUE(model.emplace(token.packed(), step).second) << "a token was given out twice";
    } else {
      auto victim = model.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random() % model.size()));
      table.erase(Token::unpack(victim->first));
      dead.push_back(Token::unpack(victim->first));
      model.erase(victim);
    }
  }
  EXPECT_EQ(table.size(), model.size());
  for (const auto& [token, value] : model) ASSERT_EQ(*table.find(Token::unpack(token)), value);
  for (const Token token : dead) ASSERT_EQ(table.find(token), nullptr);
}

}  // namespace
}  // namespace socketcore
