/* Firmware of the shelf board: reads up to eight HX711 and streams their conversions to the agent.
 *
 *   HX711 -> channels -> sampler -> link -> host         (hx711.c reads one chip, channels.c watches them all)
 *   host -> link -> commands -> channels, identity, watchdog
 *
 * One loop, woken by a tick. No call in it waits; interrupts only move bytes and count time. */
#include <avr/interrupt.h>

#include "adc.h"
#include "channels.h"
#include "clock.h"
#include "commands.h"
#include "identity.h"
#include "light.h"
#include "link.h"
#include "report.h"
#include "sampler.h"
#include "watchdog.h"

/* One at a time, so that a host that floods the board delays no chip. */
static void take_up_command(void)
{
    const uint8_t *body;
    if (commands_busy()) {
        return;
    }
    uint8_t length = link_receive(&body);
    if (length > 0 && !commands_handle(body, length)) {
        link_count_rx_error();
    }
}

/* Work that is less urgent than the chips: one piece a tick, so all have had their turn after 1.6 ms. */
static void take_turn(void)
{
    static uint8_t turn;
    switch (turn++ % 8) {
    case 1:
        channels_watch();
        break;
    case 3:
        report_poll();
        break;
    case 5:
        adc_poll();
        break;
    case 7:
        light_poll();
        break;
    default:
        take_up_command();
    }
}

int main(void)
{
    watchdog_start();
    identity_start();
    clock_start();
    link_start();
    adc_start();
    light_start();
    sei();
    report_start();
    channels_start();
    for (;;) {
        clock_wait_tick();
        watchdog_feed();
        uint32_t now_us = clock_now_us();
        channels_poll(now_us);
        sampler_poll(now_us);
        take_turn();
    }
}
