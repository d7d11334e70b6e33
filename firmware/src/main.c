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

#define COMMANDS_A_TURN 4 /* as many as fit into the receive buffer between two turns */

static void take_up_commands(void)
{
    for (uint8_t i = 0; i < COMMANDS_A_TURN && !commands_busy(); i++) {
        const uint8_t *body;
        uint8_t length = link_receive(&body);
        if (length == 0) {
            return;
        }
        if (!commands_handle(body, length)) {
            link_count_rx_error();
        }
    }
}

/* Work that is less urgent than the chips: one piece a tick, so each has its turn every 1.6 ms. */
static void take_turn(void)
{
    static uint8_t turn;
    switch (turn++ % 8) {
    case 0:
    case 4:
        take_up_commands();
        break;
    case 1:
        channels_watch();
        break;
    case 2:
        report_poll();
        break;
    case 3:
        adc_poll();
        break;
    case 5:
        light_poll();
        break;
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
