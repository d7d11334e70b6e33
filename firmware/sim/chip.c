#include "chip.h"

#include <math.h>
#include <string.h>

#define CYCLES_PER_S (1000000.0 * CYCLES_PER_US)
#define POWER_DOWN_CYCLES (60u * CYCLES_PER_US)
/* While the register is updated DOUT is high, also where the conversion before was not read. */
#define UPDATE_CYCLES (75u * CYCLES_PER_US)
#define SETTLING_CONVERSIONS 4
#define WORD_BITS 24
#define COUNTS_MAX 0x7FFFFF
#define COUNTS_MIN (-0x800000)

static uint64_t mix(uint64_t x)
{
    /* splitmix64 */
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static uint64_t period(const chip_t *chip)
{
    return (uint64_t)llround(CYCLES_PER_S / (chip->rate_fast ? chip->rate_fast_hz : chip->rate_slow_hz));
}

static int32_t clamp(int64_t counts)
{
    return counts > COUNTS_MAX ? COUNTS_MAX : counts < COUNTS_MIN ? COUNTS_MIN : (int32_t)counts;
}

/* Counts by which a conversion can be told from every other one; now and then those that are easily mistaken. */
static int32_t numbered_counts(const chip_t *chip)
{
    static const int32_t traps[] = {-1, 0, 1, -2, COUNTS_MAX, COUNTS_MIN, 0x555555, -0x555556};
    uint64_t hash = mix(chip->seed + chip->index + ((uint64_t)chip->channel << 32));
    if ((hash >> 60) == 0) {
        return traps[hash % (sizeof traps / sizeof traps[0])];
    }
    return (int32_t)(hash & 0xFFFFFF) + COUNTS_MIN;
}

void chip_init(chip_t *chip, uint8_t channel, uint64_t seed, double spread, uint64_t now)
{
    memset(chip, 0, sizeof *chip);
    chip->channel = channel;
    chip->seed = mix(seed);
    double own = 1.0 + spread * (2.0 * (double)(mix(chip->seed + 1000 + channel) >> 11) / (double)(1ull << 53) - 1.0);
    chip->rate_fast_hz = 80.0 * own;
    chip->rate_slow_hz = 10.0 * own;
    chip->rate_wired = true;
    chip_power_on(chip, now);
}

/* A chip that is silent meanwhile shows its fourth conversion, 400 ms after power-up at 10 SPS as its makers say. */
static uint8_t settling(const chip_t *chip)
{
    return chip->silent_while_settling ? SETTLING_CONVERSIONS - 1 : SETTLING_CONVERSIONS;
}

static void begin(chip_t *chip, uint64_t now)
{
    chip->powered_down = false;
    chip->ready = false;
    chip->ready_at = NEVER;
    chip->pulses = 0;
    chip->gain = 128;
    chip->unsettled = settling(chip);
    chip->conversion_ends = now + period(chip);
}

void chip_power_on(chip_t *chip, uint64_t now)
{
    begin(chip, now);
    /* Power does not come at once; the chips of a board are not in step. */
    chip->conversion_ends += mix(chip->seed + now + chip->channel) % period(chip);
}

static bool in_word(const chip_t *chip)
{
    return chip->pulses > 0 && chip->pulses <= WORD_BITS;
}

static void power_down(chip_t *chip)
{
    /* The pulse that lasted is counted already; where it was the first, no word had begun. */
    if (in_word(chip) && chip->pulses > 1) {
        chip->stats.power_downs_in_word++;
    } else {
        chip->stats.power_downs++;
    }
    chip->powered_down = true;
    chip->ready = false;
    chip->ready_at = NEVER;
    chip->conversion_ends = NEVER;
    chip->pulses = 0;
}

static void clock_rises(chip_t *chip, uint64_t now)
{
    chip->clock_rose = now;
    if (chip->powered_down) {
        return;
    }
    if (chip->lose_pulses > 0) {
        chip->lose_pulses--;
        return;
    }
    if (chip->pulses == 0 && !chip->ready) {
        chip->stats.clocked_while_not_ready++;
        return;
    }
    chip->pulses++;
    if (chip->pulses > WORD_BITS) {
        chip->ready = false; /* the word is out: DOUT goes high and stays so until the next conversion */
    }
    if (chip->pulses > 27) {
        chip->stats.clocked_too_often++;
    }
}

static void clock_falls(chip_t *chip, uint64_t now)
{
    uint64_t high = now - chip->clock_rose;
    if (high >= POWER_DOWN_CYCLES && !chip->powered_down) {
        power_down(chip);
    }
    if (chip->powered_down) {
        begin(chip, now);
    } else if (high > chip->stats.longest_high) {
        chip->stats.longest_high = high;
    }
}

void chip_set_clock(chip_t *chip, bool high, uint64_t now)
{
    if (chip->fault == WIRE_UNPLUGGED || high == chip->clock) {
        chip->clock = high;
        return;
    }
    chip->clock = high;
    if (high) {
        clock_rises(chip, now);
    } else {
        clock_falls(chip, now);
    }
}

void chip_set_rate(chip_t *chip, bool fast, uint64_t now)
{
    fast = fast && chip->rate_wired;
    if (fast == chip->rate_fast) {
        return;
    }
    chip->rate_fast = fast;
    if (!chip->powered_down) {
        chip->unsettled = settling(chip);
        chip->conversion_ends = now + period(chip);
    }
}

void chip_set_fault(chip_t *chip, wire_fault_t fault, uint64_t now)
{
    if (chip->fault == WIRE_UNPLUGGED && fault != WIRE_UNPLUGGED) {
        chip_power_on(chip, now);
        if (chip->clock) {
            chip->clock_rose = now;
        }
    }
    if (fault == WIRE_UNPLUGGED) {
        chip->conversion_ends = NEVER;
        chip->ready_at = NEVER;
        chip->ready = false;
        chip->powered_down = false;
    }
    chip->fault = fault;
}

/* The gain that the pulses of the last read ask for. */
static uint8_t selected_gain(const chip_t *chip)
{
    switch (chip->pulses) {
    case 25:
        return 128;
    case 26:
        return 32; /* the other input */
    case 27:
        return 64;
    default:
        return chip->gain;
    }
}

static int32_t convert(const chip_t *chip)
{
    int32_t counts = chip->follows_target ? clamp((int64_t)chip->target * chip->gain / 128) : numbered_counts(chip);
    if (chip->unsettled > 0) {
        /* On its way from somewhere else, and no number that would be right. */
        counts = clamp((int64_t)counts + (counts < 0 ? 1 : -1) * (0x1000 + (int32_t)(mix(chip->index) & 0x3FFFF)));
    }
    return counts;
}

static void finish_conversion(chip_t *chip, uint64_t when)
{
    if (in_word(chip)) {
        chip->stats.torn++; /* from here on its bits come from the next word, at the same place */
    } else {
        if (chip->ready) {
            chip->stats.overwritten++;
        }
        uint8_t gain = selected_gain(chip);
        if (gain != chip->gain) {
            chip->gain = gain;
            chip->unsettled = settling(chip);
        }
        chip->pulses = 0;
    }
    bool shown = chip->unsettled == 0 || !chip->silent_while_settling;
    chip->word = convert(chip);
    chip->ready = false;
    chip->ready_at = shown ? when + UPDATE_CYCLES : NEVER;
    chip->last = (conversion_t){
        .cycle = when + UPDATE_CYCLES,
        .index = chip->index++,
        .counts = chip->word,
        .channel = chip->channel,
        .gain = chip->gain,
        .settled = chip->unsettled == 0,
        .offered = shown,
    };
    if (chip->unsettled > 0) {
        chip->unsettled--;
    }
    chip->conversion_ends = when + period(chip);
}

bool chip_advance(chip_t *chip, uint64_t now)
{
    bool finished = false;
    if (chip->noise_until <= now) {
        chip->noise_until = 0;
    }
    if (chip->fault == WIRE_UNPLUGGED) {
        return false;
    }
    if (chip->clock && !chip->powered_down && now - chip->clock_rose >= POWER_DOWN_CYCLES) {
        power_down(chip);
    }
    if (chip->conversion_ends <= now) {
        finish_conversion(chip, chip->conversion_ends);
        finished = true;
    }
    if (chip->ready_at <= now) {
        chip->ready = true;
        chip->ready_at = NEVER;
    }
    return finished;
}

uint64_t chip_next_event(const chip_t *chip)
{
    uint64_t next = chip->conversion_ends < chip->ready_at ? chip->conversion_ends : chip->ready_at;
    if (chip->clock && !chip->powered_down && chip->fault != WIRE_UNPLUGGED) {
        uint64_t off = chip->clock_rose + POWER_DOWN_CYCLES;
        next = off < next ? off : next;
    }
    if (chip->noise_until != 0 && chip->noise_until < next) {
        next = chip->noise_until;
    }
    return next;
}

bool chip_data(const chip_t *chip, bool pulled_up, uint64_t now)
{
    if (chip->fault == WIRE_STUCK_LOW || now < chip->noise_until) {
        return false;
    }
    if (chip->fault == WIRE_STUCK_HIGH) {
        return true;
    }
    if (chip->fault == WIRE_UNPLUGGED) {
        return pulled_up; /* a floating line looks ready */
    }
    if (chip->powered_down || !chip->ready) {
        return true;
    }
    if (chip->pulses == 0) {
        return false;
    }
    return chip->word >> (WORD_BITS - chip->pulses) & 1;
}
