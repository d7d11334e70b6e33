#include "commands.h"

#include "channels.h"
#include "identity.h"
#include "link.h"
#include "messages.h"
#include "report.h"
#include "watchdog.h"

static const struct {
    uint8_t type;
    uint8_t length; /* of the body, with the type byte */
} layouts[] = {
    {WIRE_IDENTIFY, 1}, {WIRE_SET_GAIN, 2}, {WIRE_SET_BOARD_ID, 1 + WIRE_BOARD_ID_BYTES},
    {WIRE_RESET, 1},    {WIRE_SET_RATE, 2},
};

static bool allowed(const command_t *command)
{
    switch (command->type) {
    case WIRE_SET_GAIN:
        return command->argument[0] == WIRE_GAIN_HIGH || command->argument[0] == WIRE_GAIN_LOW;
    case WIRE_SET_RATE:
        return command->argument[0] == WIRE_RATE_FAST || command->argument[0] == WIRE_RATE_SLOW;
    default:
        return true;
    }
}

command_check_t command_parse(const uint8_t *body, uint8_t length, command_t *command)
{
    command->type = body[0];
    command->argument = body + 1;
    for (uint8_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        if (layouts[i].type == body[0]) {
            if (layouts[i].length != length) {
                return COMMAND_NO_COMMAND;
            }
            return allowed(command) ? COMMAND_SOUND : COMMAND_BAD_ARGUMENT;
        }
    }
    /* An echo of the board's own frames must not be answered, or it would never end. */
    return body[0] & WIRE_COMMAND_BIT ? COMMAND_UNKNOWN : COMMAND_NO_COMMAND;
}

static void reply(uint8_t command, uint8_t result)
{
    uint8_t body[WIRE_REPLY_BYTES];
    link_send(body, message_reply(command, result, body));
}

static void execute(const command_t *command)
{
    switch (command->type) {
    case WIRE_IDENTIFY:
        report_hello();
        break;
    case WIRE_SET_GAIN:
        channels_set_gain(command->argument[0]);
        reply(command->type, WIRE_DONE);
        report_hello();
        break;
    case WIRE_SET_RATE:
        channels_set_rate(command->argument[0]);
        reply(command->type, WIRE_DONE);
        report_hello();
        break;
    case WIRE_SET_BOARD_ID:
        identity_write(command->argument); /* answered when it is kept */
        break;
    case WIRE_RESET:
        watchdog_reset_board();
    }
}

bool commands_handle(const uint8_t *body, uint8_t length)
{
    command_t command;
    switch (command_parse(body, length, &command)) {
    case COMMAND_SOUND:
        execute(&command);
        return true;
    case COMMAND_BAD_ARGUMENT:
        reply(command.type, WIRE_BAD_ARGUMENT);
        return true;
    case COMMAND_UNKNOWN:
        reply(command.type, WIRE_UNKNOWN_COMMAND);
        return false;
    default:
        return false;
    }
}

bool commands_busy(void)
{
    switch (identity_poll()) {
    case IDENTITY_WRITING:
        return true;
    case IDENTITY_WRITTEN:
        reply(WIRE_SET_BOARD_ID, WIRE_DONE);
        return false;
    case IDENTITY_FAILED:
        reply(WIRE_SET_BOARD_ID, WIRE_FAILED);
        return false;
    default:
        return false;
    }
}
