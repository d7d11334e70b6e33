/* Linked with the firmware's commands.c on the host: what the command handler asks of the rest is written down. */
#include "channels.h"
#include "commands.h"
#include "identity.h"
#include "link.h"
#include "report.h"
#include "watchdog.h"

#include <setjmp.h>
#include <string.h>

/* Read and cleared by the test. */
uint8_t sent[256];
unsigned sent_bytes;
uint8_t gain, rate, id[WIRE_BOARD_ID_BYTES];
unsigned hellos, resets;
identity_write_t write_state;
static jmp_buf reset_board;

void link_send(const uint8_t *body, uint8_t length)
{
    memcpy(sent + sent_bytes, body, length);
    sent_bytes += length;
}

void channels_set_gain(uint8_t value)
{
    gain = value;
}

void channels_set_rate(uint8_t value)
{
    rate = value;
}

void identity_write(const uint8_t *value)
{
    memcpy(id, value, sizeof id);
    write_state = IDENTITY_WRITING;
}

identity_write_t identity_poll(void)
{
    return write_state;
}

void report_hello(void)
{
    hellos++;
}

void watchdog_reset_board(void)
{
    resets++;
    longjmp(reset_board, 1);
}

/* commands_handle, which does not come back from a reset. */
bool commands_handle_on_host(const uint8_t *body, uint8_t length)
{
    bool sound = true;
    if (setjmp(reset_board) == 0) {
        sound = commands_handle(body, length);
    }
    return sound;
}
