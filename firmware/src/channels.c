#include "channels.h"

#include <stdbool.h>

#include "board.h"
#include "clock.h"
#include "hx711.h"
#include "sampler.h"
#include "wire.h"

/* The output of an HX711 settles in four conversions; those are dropped. */
#define SETTLING_CONVERSIONS 4

/* Own oscillators: 9-12 and 75-95 conversions a second were measured, so no period is outside these bounds. */
#define PERIOD_MIN_US 8000UL
#define PERIOD_MAX_US 125000UL

/* A chip that gets a new conversion while it is read tears the word. Nobody reads later than this after the last look
 * at which it was not yet ready; the shortest period leaves a margin of 2.5 ms for the window before an update. */
#define READ_WITHIN_US PERIOD_MIN_US

/* A line that is low at so many looks in a row is a conversion, and no spike. While a chip settles there is time for
 * more of them: hum on a line without a chip is not low for so long without being low for the whole word. */
#define LOOKS_DELIVERING 2
#define LOOKS_SETTLING 8
#define LOOKS_UNKNOWN 255 /* the line has not been seen high, so it has been low for who knows how long */

/* How far a conversion may be from the moment at which the one before made it due, beside what is not known of both
 * moments because no look fell between: wander of the oscillator, and of the period as it was last measured. */
#define DUE_TOLERANCE_US 1000UL
#define DUE_TOLERANCE_PARTS 64 /* of a period */

/* Tries to wake a chip: one whose line is stuck low soon, one that is silent rarely, lest a chip that has just been
 * plugged in and is settling (400 ms) be reset over and over. */
#define STUCK_RETRY_US 100000UL
#define SILENT_RETRY_US 8000000UL

typedef struct {
    uint32_t ready_us;      /* when its last conversion became ready */
    uint32_t high_us;       /* when its line was last seen high before it was seen low */
    uint16_t unsure_us;     /* and how much later it was seen low */
    uint16_t was_unsure_us; /* the same of the conversion before */
    uint32_t delivered_us;  /* when it last delivered one */
    uint32_t restarted_us;  /* when it was last powered down to wake it */
    uint32_t period_us;     /* between its last two conversions; 0 before two were seen */
    uint8_t low_looks;      /* at which its line has been low */
    uint8_t to_drop;        /* conversions that are still to be dropped; 0: it delivers */
    bool first;             /* nothing was read since it was lost, so the time since means nothing */
} channel_t;

static channel_t chips[CHANNELS];
static uint8_t gain = WIRE_GAIN_HIGH;
static uint8_t rate = WIRE_RATE_FAST;
static uint8_t live = ALL_CHANNELS;
static uint8_t faults;
static uint16_t late_reads;
static uint8_t was_low;      /* lines at the last look */
static uint8_t powered_down; /* channels whose clock line is held high to reset the chip */
static uint32_t powered_down_us;
static uint32_t last_look_us;

static void settle(channel_t *chip, uint8_t conversions)
{
    chip->to_drop = conversions;
    chip->period_us = 0;
    chip->first = true;
}

/* A chip that was reset converts at gain 128 until a read tells it otherwise, and settles again after that. */
static uint8_t conversions_after_reset(void)
{
    return gain == WIRE_GAIN_HIGH ? SETTLING_CONVERSIONS : SETTLING_CONVERSIONS + 1;
}

/* Resets the chip by power-down, whatever state it is in; the wake-up follows in channels_poll. */
static void restart(uint8_t channel, uint32_t now_us)
{
    uint8_t bit = 1 << channel;
    settle(&chips[channel], conversions_after_reset());
    chips[channel].restarted_us = now_us;
    hx711_power_down(bit);
    powered_down |= bit;
    powered_down_us = clock_now_us(); /* not earlier, so that none is woken too soon */
    chips[channel].low_looks = LOOKS_UNKNOWN;
}

void channels_start(void)
{
    uint32_t now_us = clock_now_us();
    hx711_start();
    hx711_set_rate(rate);
    for (uint8_t channel = 0; channel < CHANNELS; channel++) {
        chips[channel].ready_us = now_us;
        chips[channel].delivered_us = now_us;
        restart(channel, now_us); /* the board's reset may have cut a burst short */
    }
    last_look_us = now_us;
}

/* Whether this conversion came when the one before made it due. A chip keeps its own time; what comes at another moment
 * is a chip that was off meanwhile, or no chip at all. */
static bool due(const channel_t *chip, uint32_t gap_us)
{
    if (chip->period_us == 0) {
        return gap_us >= PERIOD_MIN_US && gap_us <= PERIOD_MAX_US;
    }
    uint32_t tolerance_us = DUE_TOLERANCE_US + chip->period_us / DUE_TOLERANCE_PARTS;
    tolerance_us += chip->unsure_us + chip->was_unsure_us;
    return gap_us >= chip->period_us - tolerance_us && gap_us <= chip->period_us + tolerance_us;
}

/* Takes note of one more conversion; whether it may be delivered. */
static bool settled(channel_t *chip)
{
    uint32_t gap_us = chip->high_us - chip->ready_us;
    if (!chip->first) {
        if (due(chip, gap_us)) {
            /* Half the way, so that one look that came late does not make the next conversion seem early. */
            chip->period_us = chip->period_us == 0 ? gap_us : (chip->period_us + gap_us) / 2;
        } else {
            settle(chip, conversions_after_reset());
        }
    }
    chip->first = false;
    chip->ready_us = chip->high_us;
    chip->was_unsure_us = chip->unsure_us;
    if (chip->to_drop > 0) {
        chip->to_drop--;
        return false;
    }
    return true;
}

static void throw_away(uint8_t channel, uint32_t now_us)
{
    if (chips[channel].to_drop == 0) {
        late_reads++; /* tries at a dead channel are no news */
    }
    restart(channel, now_us);
}

/* Not inline: a look that finds nothing ready must not pay for the registers that this needs. */
static void __attribute__((noinline)) read(uint8_t channel)
{
    channel_t *chip = &chips[channel];
    uint32_t now_us = clock_now_us();
    int32_t counts;
    hx711_result_t result = hx711_read(channel, gain, &counts);
    if (result == HX711_NOT_READY) {
        chip->low_looks = 0;
        return;
    }
    uint32_t done_us = clock_now_us();
    if (result != HX711_SOUND || done_us - chip->high_us > READ_WITHIN_US) {
        throw_away(channel, done_us);
        return;
    }
    chip->low_looks = 0; /* the bit after the word was high */
    if (settled(chip)) {
        uint8_t bit = 1 << channel;
        chip->delivered_us = now_us;
        live |= bit;
        faults &= ~bit;
        sampler_add(channel, counts, now_us);
    }
}

/* One look at a line that is low, or was. */
static void look(uint8_t channel, bool low, uint32_t now_us)
{
    channel_t *chip = &chips[channel];
    if (!low) {
        chip->low_looks = 0;
        return;
    }
    if (chip->low_looks == LOOKS_UNKNOWN) {
        return;
    }
    if (chip->low_looks == 0) {
        chip->high_us = last_look_us;
        chip->unsure_us = now_us - last_look_us < UINT16_MAX ? now_us - last_look_us : UINT16_MAX;
    }
    chip->low_looks++;
    if (chip->low_looks == (chip->to_drop == 0 ? LOOKS_DELIVERING : LOOKS_SETTLING)) {
        read(channel);
    }
}

void channels_poll(uint32_t now_us)
{
    uint8_t low = ~hx711_data_lines() & ALL_CHANNELS;
    uint8_t changing = (low | was_low) & ~powered_down;
    was_low = low;
    if (powered_down && now_us - powered_down_us >= HX711_POWER_DOWN_US) {
        hx711_wake(powered_down);
        was_low |= powered_down; /* so that the next look takes note of a line that is high now */
        powered_down = 0;
    }
    for (uint8_t channel = 0; changing != 0; channel++, changing >>= 1, low >>= 1) {
        if (changing & 1) {
            look(channel, low & 1, now_us);
        }
    }
    last_look_us = now_us;
}

/* A line that is low without having been seen high: out of step, stuck, or ready for an unknown time. */
static bool stuck_low(uint8_t channel)
{
    uint8_t bit = 1 << channel;
    return chips[channel].low_looks == LOOKS_UNKNOWN && !((powered_down | hx711_data_lines()) & bit);
}

static void watch(uint8_t channel, uint32_t now_us)
{
    channel_t *chip = &chips[channel];
    uint8_t bit = 1 << channel;
    if (now_us - chip->ready_us > WIRE_LIVE_PERIODS * channels_period_us()) {
        live &= ~bit;
    }
    if (now_us - chip->delivered_us > WIRE_FAULT_AFTER_US) {
        faults |= bit;
    }
    if (!chip->first && now_us - chip->ready_us > WIRE_FAULT_AFTER_US) {
        restart(channel, now_us); /* lost; from here on only the tries below */
        return;
    }
    uint32_t since_us = now_us - chip->restarted_us;
    if (stuck_low(channel) ? since_us > STUCK_RETRY_US : (faults & bit) && chip->first && since_us > SILENT_RETRY_US) {
        restart(channel, now_us);
    }
}

void channels_watch(void)
{
    static uint8_t next;
    watch(next, clock_now_us());
    next = next + 1 < CHANNELS ? next + 1 : 0;
}

static void settle_all(void)
{
    uint32_t now_us = clock_now_us();
    /* The conversion that is under way now belongs to the setting before. */
    for (uint8_t channel = 0; channel < CHANNELS; channel++) {
        settle(&chips[channel], SETTLING_CONVERSIONS + 1);
        chips[channel].ready_us = now_us;
    }
    sampler_flush();
}

void channels_set_gain(uint8_t new_gain)
{
    if (new_gain != gain) {
        gain = new_gain;
        settle_all();
    }
}

void channels_set_rate(uint8_t new_rate)
{
    if (new_rate != rate) {
        rate = new_rate;
        hx711_set_rate(rate);
        settle_all();
    }
}

uint8_t channels_gain(void)
{
    return gain;
}

uint8_t channels_rate(void)
{
    return rate;
}

uint32_t channels_period_us(void)
{
    return rate == WIRE_RATE_FAST ? 1000000UL / WIRE_RATE_FAST : 1000000UL / WIRE_RATE_SLOW;
}

uint8_t channels_live(void)
{
    return live;
}

uint8_t channels_faults(void)
{
    return faults;
}

uint16_t channels_late_reads(void)
{
    return late_reads;
}
