/* Linked in front of the firmware's own command handler (-Wl,--wrap=commands_handle): command 0xEE stops the board as a
 * fault in it would. */
#include <stdbool.h>
#include <stdint.h>

#define HANG 0xEE

bool __real_commands_handle(const uint8_t *body, uint8_t length);
bool __wrap_commands_handle(const uint8_t *body, uint8_t length);

bool __wrap_commands_handle(const uint8_t *body, uint8_t length)
{
    if (body[0] == HANG) {
        for (;;) {
        }
    }
    return __real_commands_handle(body, length);
}
