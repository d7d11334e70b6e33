#include "report.h"

#include <string.h>

#include "adc.h"
#include "board.h"
#include "channels.h"
#include "clock.h"
#include "identity.h"
#include "light.h"
#include "link.h"
#include "messages.h"
#include "watchdog.h"

/* A fault that comes or goes is told before the second is over, but not oftener than this. */
#define FAULT_NEWS_US 100000UL

static uint32_t uptime_s;
static uint32_t second_us; /* when the running second began */
static uint32_t told_us; /* when the last STATUS went out */
static uint8_t told_faults;
static uint8_t seconds_to_hello;

void report_hello(void)
{
    hello_t hello = {
        .firmware = {FIRMWARE_MAJOR, FIRMWARE_MINOR, FIRMWARE_PATCH},
        .channels = CHANNELS,
        .gain = channels_gain(),
        .rate = channels_rate(),
        .reset_cause = watchdog_reset_cause(),
        .boot = identity_boot(),
    };
    identity_board_id(hello.board_id);
    uint8_t body[WIRE_HELLO_BYTES];
    link_send(body, message_hello(&hello, body));
}

static void send_status(void)
{
    status_t status = {
        .uptime_s = uptime_s,
        .temperature = adc_temperature(),
        .supply_mv = adc_supply_mv(),
        .late_reads = channels_late_reads(),
        .tx_dropped = link_tx_dropped(),
        .rx_errors = link_rx_errors(),
        .faults = channels_faults(),
    };
    told_faults = status.faults;
    told_us = clock_now_us();
    uint8_t body[WIRE_STATUS_BYTES];
    link_send(body, message_status(&status, body));
}

void report_start(void)
{
    second_us = clock_now_us();
    seconds_to_hello = WIRE_HELLO_PERIOD_S;
    report_hello();
}

void report_poll(void)
{
    uint32_t now_us = clock_now_us();
    if (now_us - second_us >= WIRE_STATUS_PERIOD_US) {
        second_us += WIRE_STATUS_PERIOD_US;
        uptime_s++;
        send_status();
        if (--seconds_to_hello == 0) {
            seconds_to_hello = WIRE_HELLO_PERIOD_S;
            report_hello();
        }
    } else if (channels_faults() != told_faults && now_us - told_us >= FAULT_NEWS_US) {
        send_status();
    }
}
