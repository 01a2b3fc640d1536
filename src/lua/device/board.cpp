#include "lua/device/board.hpp"

#include <utility>

#include "lua/device/messages.hpp"
#include "lua/device/modules.hpp"
#include "lua/fields.hpp"

namespace socketcore::lua {

namespace {

class BoardPeripherals final : public Peripherals {
 public:
  explicit BoardPeripherals(std::unique_ptr<Board> board) noexcept : board_(std::move(board)) {}

  [[nodiscard]] Board& board() noexcept { return *board_; }

  void before_receive() noexcept override { board_->before_wait(); }
  [[nodiscard]] bool idle() const noexcept override { return board_->idle(); }

  [[nodiscard]] int push_numbers(lua_State* L, const Message& message) noexcept override {
    switch (message.event) {
      case EventKind::uart_received:
      case EventKind::uart_sent:
        lua_pushinteger(L, number_of(message.event));
        lua_pushinteger(L, message.first);
        return 2;
      case EventKind::alarm:
        lua_pushinteger(L, number_of(message.event));
        return 1;
      default:
        return 0;
    }
  }

  void push_table(lua_State* L, const Message& message) override {
    lua_createtable(L, 0, 6);
    set_number(L, "id", number_of(message.event));
    const EventValues values{message.first, message.second};
    switch (message.event) {
      case EventKind::pin_edge:
        set_number(L, "int_id", message.second != 0 ? kRisingEdge : kFallingEdge);
        set_number(L, "int_resnum", message.first);
        return;
      case EventKind::keypad: {
        const KeyEvent key = unpack_key(values);
        set_flag(L, "pressed", key.pressed);
        set_number(L, "key_matrix_row", key.row);
        set_number(L, "key_matrix_col", key.column);
        return;
      }
      case EventKind::power: {
        const PowerEvent power = unpack_power(values);
        set_flag(L, "present", power.present);
        set_number(L, "voltage", power.millivolt);
        set_number(L, "level", power.percent);
        set_flag(L, "charger", power.charger);
        set_number(L, "state", static_cast<int>(power.state));
        return;
      }
      case EventKind::audio:
        set_flag(L, "play_end_ind", message.first != 0);
        return;
      case EventKind::record:
        set_flag(L, message.first != 0 ? "record_end_ind" : "record_error_ind", true);
        return;
      case EventKind::stream_record:
        set_number(L, "wait_read_len", message.first);
        return;
      case EventKind::link_lost:
      case EventKind::uart_received:
      case EventKind::uart_sent:
      case EventKind::alarm:
        return;
    }
  }

 private:
  std::unique_ptr<Board> board_;
};

}  // namespace

std::unique_ptr<Peripherals> peripherals_of(std::unique_ptr<Board> board) {
  return std::make_unique<BoardPeripherals>(std::move(board));
}

// In a project's state the peripherals are always these.
Board& board_of(lua_State* L) { return static_cast<BoardPeripherals*>(host_of(L).peripherals())->board(); }
Parts& parts_of(lua_State* L) { return board_of(L).parts(); }

}  // namespace socketcore::lua
