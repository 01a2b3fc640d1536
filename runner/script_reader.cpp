#include "runner/script_reader.hpp"

#include <algorithm>
#include <utility>

#include "lua/device/lexer.hpp"

namespace runner {

namespace {

using socketcore::lua::Entries;
using socketcore::lua::find_entry;
using socketcore::lua::find_module;
using socketcore::lua::Lexer;
using socketcore::lua::ModuleEntry;
using socketcore::lua::Status;
using socketcore::lua::string_value;
using socketcore::lua::Token;
using socketcore::lua::TokenKind;

/// What an expression is known to be.
struct Value {
  enum class Kind : std::uint8_t { other, nil, number, text, global, member };
  Kind kind = Kind::other;
  std::string text{};                   // of a string, or the name of a global or member; empty: the module itself
  const ModuleEntry* module = nullptr;  // of a member
  std::size_t line = 0;

  [[nodiscard]] bool is_global(std::string_view name) const { return kind == Kind::global && text == name; }
};

bool may_name_file(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
           c == '/';
  });
}

/// A parser of Lua that follows the names of modules. It nests no deeper than the source, and Lua compiles no source that
/// nests deeper than 200.
class Reader {
 public:
  explicit Reader(std::string_view source) : lexer_(source) { advance(); }

  Outline read() {
    while (!at_end()) {
      block();
      if (!at_end()) advance();
    }
    // A look at the outermost level is one for the whole file, also for functions that stand before it.
    for (Mention& mention : outline_.mentions)
      mention.guarded = mention.guarded || is_guarded(*mention.module, mention.name);
    return std::move(outline_);
  }

 private:
  struct Local {
    std::string_view name;
    Value value;
  };
  struct Guard {
    const ModuleEntry* module;
    std::string name;
  };

  // ---- Tokens.

  [[nodiscard]] bool at_end() const { return token_.kind == TokenKind::end; }
  [[nodiscard]] bool at(std::string_view text) const {
    return token_.text == text && (token_.kind == TokenKind::symbol || token_.kind == TokenKind::keyword);
  }
  [[nodiscard]] bool at_block_end() const { return at_end() || at("end") || at("else") || at("elseif") || at("until"); }

  void advance() {
    const bool command = token_.kind == TokenKind::string && note_string();
    token_ = lexer_.next();
    if (command) outline_.commands.back().continued = at("..");
  }
  bool take(std::string_view text) {
    if (!at(text)) return false;
    advance();
    return true;
  }
  std::string_view take_name() {
    const std::string_view name = token_.kind == TokenKind::name ? token_.text : "";
    if (!name.empty()) advance();
    return name;
  }

  // Returns whether it begins like an AT command.
  bool note_string() {
    std::string text = string_value(token_.text);
    if (may_name_file(text)) outline_.words.insert(text);
    const auto is = [&](std::size_t place, char c) { return (text[place] & ~0x20) == c; };
    if (text.size() < 4 || !is(0, 'A') || !is(1, 'T') || std::string_view("+*^").find(text[2]) == std::string_view::npos) {
      return false;
    }
    outline_.commands.push_back({std::move(text), token_.line});
    return true;
  }

  // ---- Names.

  void declare(std::string_view name, Value value = {}) { locals_.push_back({name, std::move(value)}); }

  [[nodiscard]] Local* find_local(std::string_view name) {
    const auto found =
        std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& local) { return local.name == name; });
    return found != locals_.rend() ? &*found : nullptr;
  }

  [[nodiscard]] static Value member(const ModuleEntry& module, std::size_t line) {
    return {Value::Kind::member, {}, &module, line};
  }

  [[nodiscard]] Value global(std::string_view name, std::size_t line) const {
    if (const auto alias = aliases_.find(name); alias != aliases_.end()) return at_line(alias->second, line);
    if (const ModuleEntry* const module = find_module(name)) return member(*module, line);
    return {Value::Kind::global, std::string(name), nullptr, line};
  }

  [[nodiscard]] Value resolve(std::string_view name, std::size_t line) {
    const Local* const local = find_local(name);
    return local != nullptr ? at_line(local->value, line) : global(name, line);
  }

  [[nodiscard]] static Value at_line(Value value, std::size_t line) {
    value.line = line;
    return value;
  }

  [[nodiscard]] Value index(Value value, std::string_view key) const {
    if (value.is_global("_G")) return global(key, value.line);
    if (value.kind != Value::Kind::member) return {};
    if (!value.text.empty()) value.text += '.';
    value.text += key;
    return value;
  }

  // ---- What is found.

  // One look is enough for names that are absent together, as are the calls of the software watchdog.
  [[nodiscard]] bool is_guarded(const ModuleEntry& module, std::string_view name) const {
    // Only the module's own name tells that an absent one may be indexed.
    if (module.status == Status::absent) name = {};
    const Entries* const entries = find_entry(module, name);
    return std::any_of(guards_.begin(), guards_.end(), [&](const Guard& guard) {
      if (guard.module != &module) return false;
      return guard.name == name || (entries != nullptr && find_entry(module, guard.name) == entries);
    });
  }

  void settle(const Value& value, Use use) {
    if (value.kind != Value::Kind::member) return;
    if (!value.text.empty()) {
      const Entries* const entries = find_entry(*value.module, value.text);
      if (entries != nullptr && entries->status != Status::absent) return;
      const bool guarded = protected_ > 0 || is_guarded(*value.module, value.text);
      outline_.mentions.push_back({value.module, value.text, use, value.line, guarded});
    }
    if (use == Use::test) guards_.push_back({value.module, value.text});
  }

  void settle(const std::vector<Value>& values, Use use) {
    for (const Value& value : values) settle(value, use);
  }

  void assign_global(std::string_view name, const Value& value, std::size_t line) {
    if (value.kind == Value::Kind::member) aliases_.insert_or_assign(std::string(name), value);
    const bool same = value.kind == Value::Kind::member && value.text.empty() && value.module->name == name;
    if (!same) outline_.globals.try_emplace(std::string(name), GlobalVariable{line, value.kind == Value::Kind::number});
  }

  void assign_member(const Value& target) {
    outline_.members.try_emplace(std::string(target.module->name) + "." + target.text, target.line);
  }

  // ---- Statements.

  void block() {
    while (!at_block_end()) {
      const std::size_t before = token_.offset;
      statement();
      if (token_.offset == before && !at_end()) advance();
    }
  }

  void scoped_block() {
    const std::size_t mark = locals_.size();
    block();
    locals_.resize(mark);
  }

  void condition() { settle(expression(), Use::test); }

  void statement() {
    if (take("if")) return if_statement();
    if (take("while")) {
      condition();
      take("do");
      scoped_block();
      take("end");
    } else if (take("do")) {
      scoped_block();
      take("end");
    } else if (take("for")) {
      for_statement();
    } else if (take("repeat")) {
      const std::size_t mark = locals_.size();
      block();
      take("until");
      condition();
      locals_.resize(mark);
    } else if (take("function")) {
      function_statement();
    } else if (take("local")) {
      local_statement();
    } else if (take("return")) {
      if (!at_block_end() && !at(";")) settle(expressions(), Use::read);
    } else if (take("::")) {
      take_name();
      take("::");
    } else if (!take("break") && !take(";")) {
      expression_statement();
    }
  }

  void if_statement() {
    do {
      condition();
      take("then");
      scoped_block();
    } while (take("elseif"));
    if (take("else")) scoped_block();
    take("end");
  }

  void for_statement() {
    std::vector<std::string_view> names;
    do {
      names.push_back(take_name());
    } while (take(","));
    if (!take("=")) take("in");
    settle(expressions(), Use::read);
    take("do");
    const std::size_t mark = locals_.size();
    for (const std::string_view name : names) declare(name);
    block();
    locals_.resize(mark);
    take("end");
  }

  void function_statement() {
    const std::size_t line = token_.line;
    const std::string_view name = take_name();
    Value target = resolve(name, line);
    bool whole = true;
    bool method = false;
    while (at(".") || at(":")) {
      method = at(":");
      advance();
      target = index(std::move(target), take_name());
      whole = false;
    }
    if (!whole) {
      if (target.kind == Value::Kind::member) assign_member(target);
    } else if (Local* const local = find_local(name)) {
      local->value = {};
    } else {
      assign_global(name, {}, line);
    }
    function_body(method);
  }

  void local_statement() {
    if (take("function")) {
      declare(take_name());
      function_body(false);
      return;
    }
    std::vector<std::string_view> names;
    do {
      names.push_back(take_name());
      if (take("<")) {  // an attribute, of a later Lua
        take_name();
        take(">");
      }
    } while (take(","));
    std::vector<Value> values;
    if (take("=")) values = expressions();
    settle(values, Use::read);
    values.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) declare(names[i], std::move(values[i]));
  }

  struct Target {
    std::string_view name;  // of a variable; empty where it is something's member
    Value value;
  };

  Target target() {
    const Token first = token_;
    Value value = suffixed();
    // A variable alone is one token.
    const bool variable = first.kind == TokenKind::name && last_end_ == first.offset + first.text.size();
    return {variable ? first.text : std::string_view(), std::move(value)};
  }

  void expression_statement() {
    const Token first = token_;
    std::vector<Target> targets;
    targets.push_back(target());
    if (first.text == "goto" && token_.kind == TokenKind::name) return advance();
    while (take(",")) targets.push_back(target());
    if (!take("=")) return;
    std::vector<Value> values = expressions();
    settle(values, Use::read);
    values.resize(targets.size());
    for (std::size_t i = 0; i < targets.size(); ++i) assign(targets[i], std::move(values[i]), first.line);
  }

  void assign(const Target& target, Value value, std::size_t line) {
    if (!target.name.empty()) {
      if (Local* const local = find_local(target.name)) {
        local->value = std::move(value);
      } else {
        assign_global(target.name, value, line);
      }
    } else if (target.value.kind == Value::Kind::member && !target.value.text.empty()) {
      assign_member(target.value);
    } else if (target.value.kind == Value::Kind::member) {
      assign_global(target.value.module->name, value, line);  // _G.uart = ...
    } else if (target.value.kind == Value::Kind::global) {
      assign_global(target.value.text, value, line);
    }
  }

  void function_body(bool method) {
    const std::size_t mark = locals_.size();
    const std::size_t guards = guards_.size();
    if (method) declare("self");
    take("(");
    while (!at(")") && !at_end()) {
      if (token_.kind == TokenKind::name) declare(token_.text);
      advance();
    }
    take(")");
    block();
    take("end");
    locals_.resize(mark);
    guards_.resize(guards);
  }

  // ---- Expressions.

  std::vector<Value> expressions() {
    std::vector<Value> values;
    do {
      values.push_back(expression());
    } while (take(","));
    return values;
  }

  [[nodiscard]] bool at_operator() const {
    if (token_.kind == TokenKind::keyword) return token_.text == "and" || token_.text == "or";
    constexpr std::string_view kOperators[] = {"+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", ">", "<=", ">="};
    return token_.kind == TokenKind::symbol &&
           std::find(std::begin(kOperators), std::end(kOperators), token_.text) != std::end(kOperators);
  }

  // Precedence does not matter. The result is what the last operand is, if it can be the result as it is.
  Value expression() {
    bool plain = true;  // what is left of the operand leaves it as it is
    for (;;) {
      bool negated = false;
      while (at("not") || at("-") || at("#")) {
        negated = negated || at("not");
        plain = false;
        advance();
      }
      Value operand = simple();
      if (!at_operator()) {
        if (plain) return operand;
        settle(operand, negated ? Use::test : Use::read);
        return {};
      }
      const bool logical = token_.kind == TokenKind::keyword;
      const bool compared = at("==") || at("~=");
      advance();
      const bool with_nil = compared && at("nil");
      settle(operand, negated || with_nil || (plain && logical) ? Use::test : Use::read);
      plain = logical;
    }
  }

  Value simple() {
    const Token token = token_;
    if (token.kind == TokenKind::name || at("(")) return suffixed();
    if (at("{")) return table();
    if (token.kind == TokenKind::end || at(")") || at("]") || at("}") || at_block_end()) return {};
    advance();
    if (token.kind == TokenKind::string) return {Value::Kind::text, string_value(token.text), nullptr, token.line};
    if (token.kind == TokenKind::number) return {Value::Kind::number, {}, nullptr, token.line};
    if (token.is(TokenKind::keyword, "nil")) return {Value::Kind::nil, {}, nullptr, token.line};
    if (token.is(TokenKind::keyword, "function")) function_body(false);
    return {};
  }

  Value table() {
    take("{");
    while (!at("}") && !at_end()) {
      const std::size_t before = token_.offset;
      if (take("[")) {
        settle(expression(), Use::read);
        take("]");
      } else if (token_.kind == TokenKind::name && Lexer(lexer_).next().is(TokenKind::symbol, "=")) {
        advance();
      }
      take("=");
      settle(expression(), Use::read);
      if (!take(",") && !take(";") && token_.offset == before) advance();
    }
    take("}");
    return {};
  }

  Value suffixed() {
    Value value;
    if (token_.kind == TokenKind::name) {
      value = resolve(token_.text, token_.line);
      step();
    } else if (take("(")) {
      value = expression();
      last_end_ = 0;
      take(")");
    } else {
      advance();
      return {};
    }
    for (;;) {
      if (at(".")) {
        advance();
        value = index(std::move(value), token_.text);
        step();
      } else if (at("[")) {
        advance();
        const Value key = expression();
        settle(key, Use::read);
        last_end_ = 0;
        take("]");
        value = key.kind == Value::Kind::text ? index(std::move(value), key.text) : Value{};
      } else if (at(":")) {
        advance();
        value = index(std::move(value), token_.text);
        step();
        value = call(value);
      } else if (at("(") || at("{") || token_.kind == TokenKind::string) {
        value = call(value);
      } else {
        return value;
      }
    }
  }

  // Over a name that may be the end of an assignment's target.
  void step() {
    last_end_ = token_.offset + token_.text.size();
    advance();
  }

  std::vector<Value> arguments() {
    std::vector<Value> values;
    if (!take("(")) {
      values.push_back(simple());
    } else {
      if (!at(")")) values = expressions();
      take(")");
    }
    last_end_ = 0;
    return values;
  }

  Value call(const Value& callee) {
    const std::size_t line = callee.line;
    if (callee.is_global("pcall") || callee.is_global("xpcall")) {
      ++protected_;
      const std::vector<Value> values = arguments();
      if (values.size() > 1 && values[0].is_global("require")) require(values[1], line);
      settle(values, Use::read);
      --protected_;
      return {};
    }
    const std::vector<Value> values = arguments();
    settle(values, callee.is_global("type") ? Use::test : Use::read);
    if (callee.is_global("require")) return values.empty() ? Value{} : require(values[0], line);
    if (callee.is_global("module") && !values.empty() && values[0].kind == Value::Kind::text) {
      outline_.globals.try_emplace(values[0].text, GlobalVariable{line, false});
    }
    settle(callee, Use::call);
    return {};
  }

  Value require(const Value& name, std::size_t line) {
    if (name.kind != Value::Kind::text) {
      outline_.computes_requirements = true;
      return {};
    }
    outline_.requirements.push_back({name.text, line, protected_ > 0});
    const ModuleEntry* const module = find_module(name.text);
    return module != nullptr ? member(*module, line) : Value{};
  }

  Lexer lexer_;
  Token token_;
  std::size_t last_end_ = 0;  // of the last name of a suffixed expression; 0 where it does not end with a name
  std::vector<Local> locals_;
  std::map<std::string, Value, std::less<>> aliases_;  // globals that stand for a module or its member
  std::vector<Guard> guards_;                          // in force: they end with the function
  int protected_ = 0;                                  // how many pcalls are around
  Outline outline_;
};

}  // namespace

Outline read_script(std::string_view source) {
  return Reader(source).read();
}

}  // namespace runner
