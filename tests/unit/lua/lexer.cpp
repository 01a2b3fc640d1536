#include "lua/device/lexer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using socketcore::lua::Lexer;
using socketcore::lua::string_value;
using socketcore::lua::Token;
using socketcore::lua::TokenKind;

// "n:a s:= d:1": kinds by their letters, each token with its text.
std::string tokens(std::string_view source) {
  constexpr std::string_view kLetters = "enkdts!";
  Lexer lexer(source);
  std::string all;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    EXPECT_EQ(source.substr(token.offset, token.text.size()), token.text);
    if (!all.empty()) all += ' ';
    all += kLetters[static_cast<std::size_t>(token.kind)];
    all += ':';
    all += token.text;
  }
  EXPECT_EQ(lexer.next().kind, TokenKind::end);
  return all;
}

std::size_t line_of(std::string_view source, std::string_view text) {
  Lexer lexer(source);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.text == text) return token.line;
  }
  return 0;
}

TEST(Lexer, NamesKeywordsSymbols) {
  EXPECT_EQ(tokens("local _a1=b.c"), "k:local n:_a1 s:= n:b s:. n:c");
  EXPECT_EQ(tokens("and break do else elseif end false for function if in"),
            "k:and k:break k:do k:else k:elseif k:end k:false k:for k:function k:if k:in");
  EXPECT_EQ(tokens("local nil not or repeat return then true until while"),
            "k:local k:nil k:not k:or k:repeat k:return k:then k:true k:until k:while");
  EXPECT_EQ(tokens("a...b..c==d~=e<=f>=g<h>i::j"),
            "n:a s:... n:b s:.. n:c s:== n:d s:~= n:e s:<= n:f s:>= n:g s:< n:h s:> n:i s::: n:j");
  EXPECT_EQ(tokens("goto endx \xC3\xA4"), "n:goto n:endx n:\xC3\xA4");
  EXPECT_EQ(tokens(""), "");
}

TEST(Lexer, Numbers) {
  EXPECT_EQ(tokens("3 3.0 .5 3e-2 0xA 0x1p+4 1ULL 2i 5e+1x"), "d:3 d:3.0 d:.5 d:3e-2 d:0xA d:0x1p+4 d:1ULL d:2i d:5e+1x");
  EXPECT_EQ(tokens("0xe-1 a.1 1..2"), "d:0xe s:- d:1 n:a d:.1 d:1..2");
}

TEST(Lexer, Strings) {
  EXPECT_EQ(tokens(R"('a"b' "c\"d" "\\" '\\')"), R"(t:'a"b' t:"c\"d" t:"\\" t:'\\')");
  EXPECT_EQ(tokens("[[a]b]] [==[c]]]=]d]==]e"), "t:[[a]b]] t:[==[c]]]=]d]==] n:e");
  EXPECT_EQ(tokens("a[b[1]]"), "n:a s:[ n:b s:[ d:1 s:] s:]");
  EXPECT_EQ(tokens("[=x"), "s:[ s:= n:x");
  EXPECT_EQ(tokens("'a\\\nb' 'c\\z  \n d'"), "t:'a\\\nb' t:'c\\z  \n d'");
}

TEST(Lexer, CommentsAreNoTokens) {
  EXPECT_EQ(tokens("a--b\nc--[[d\ne]]f--[==[ ]] ]==]g--[=h\ni"), "n:a n:c n:f n:g n:i");
  EXPECT_EQ(tokens("#!/usr/bin/lua '\na"), "n:a");
  EXPECT_EQ(tokens("\xEF\xBB\xBF#x\na"), "n:a");
  EXPECT_EQ(tokens("--"), "");
}

TEST(Lexer, Lines) {
  EXPECT_EQ(line_of("a\n\nb", "b"), 3U);
  EXPECT_EQ(line_of("a\r\nb\rc\n\rd", "d"), 4U);
  EXPECT_EQ(line_of("#x\n--[[\n\n]]\nb", "b"), 5U);
  EXPECT_EQ(line_of("[[\n\n]] '\\\n' b", "b"), 4U);
  EXPECT_EQ(line_of("'\\z\n\n' b", "b"), 3U);
}

TEST(Lexer, GarbageIsBad) {
  EXPECT_EQ(tokens("a ? b"), "n:a !:? n:b");
  EXPECT_EQ(tokens("'abc"), "!:'abc");
  EXPECT_EQ(tokens("'abc\nd'"), "!:'abc n:d !:'");
  EXPECT_EQ(tokens("'abc\\"), "!:'abc\\");
  EXPECT_EQ(tokens("[[abc]"), "!:[[abc]");
  using namespace std::string_view_literals;
  EXPECT_EQ(tokens("a\0b"sv), "n:a !:\0 n:b"sv);
  Lexer comment("a --[[b\n");
  EXPECT_EQ(comment.next().kind, TokenKind::name);
  EXPECT_EQ(comment.next().kind, TokenKind::bad);
  EXPECT_EQ(comment.next().kind, TokenKind::end);
}

TEST(Lexer, ComesToAnEndWhateverItReads) {
  std::string source;
  unsigned seed = 1;
  for (int round = 0; round < 20'000; ++round) {
    constexpr std::string_view kBytes = "[]=-'\"\\\n\r z0xe.+#a(\0\xEF\xFF";
    seed = seed * 1664525U + 1013904223U;
    source += kBytes[(seed >> 16) % kBytes.size()];
    if (source.size() > 200) source.clear();
    Lexer lexer(source);
    std::size_t count = 0;
    while (lexer.next().kind != TokenKind::end) ASSERT_LE(++count, source.size() + 1) << source;
  }
}

TEST(Lexer, ValuesOfStrings) {
  EXPECT_EQ(string_value("'abc'"), "abc");
  EXPECT_EQ(string_value(R"("\a\b\f\n\r\t\v\\\"\'\q")"), "\a\b\f\n\r\t\v\\\"'q");
  EXPECT_EQ(string_value(R"('\65\0661\x43\z   D')"), "AB1CD");
  EXPECT_EQ(string_value("'a\\\r\nb'"), "a\nb");
  EXPECT_EQ(string_value("[[\na\n]]"), "a\n");
  EXPECT_EQ(string_value("[==[\r\na]]]==]"), "a]]");
  EXPECT_EQ(string_value("[[]]"), "");
  EXPECT_EQ(string_value("''"), "");
  EXPECT_EQ(string_value("'\\xZ'"), "xZ");
  EXPECT_EQ(string_value(""), "");
}

}  // namespace
