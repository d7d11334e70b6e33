/* An HX711, bit by bit, and what may happen to its wires. Knows nothing of simavr: time comes in as CPU cycles. */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stdint.h>

#define CYCLES_PER_US 16u
#define NEVER UINT64_MAX

typedef enum { WIRE_GOOD, WIRE_UNPLUGGED, WIRE_STUCK_LOW, WIRE_STUCK_HIGH } wire_fault_t;

/* One conversion as the chip made it. Layout known to tests/firmware/simboard.py. */
typedef struct {
    uint64_t cycle;   /* when it was ready to be read */
    uint32_t index;   /* of this chip's conversions, from 0 */
    int32_t counts;   /* what a right read of it gives */
    uint8_t channel;
    uint8_t gain;
    uint8_t settled;  /* 0: within four conversions of power-up, reset, change of gain or rate */
    uint8_t offered;  /* 0: not shown on DOUT (a chip that stays silent while it settles) */
} conversion_t;

typedef struct {
    uint64_t longest_high;          /* cycles, of clock pulses shorter than what powers down */
    uint32_t power_downs;           /* clock high for 60 us or more, between two words */
    uint32_t power_downs_in_word;   /* the same within a word: a stall, or a reset of a chip out of step */
    uint32_t torn;                  /* words whose bits come from two conversions */
    uint32_t clocked_while_not_ready;
    uint32_t clocked_too_often;     /* more than 27 pulses in a row */
    uint32_t overwritten;           /* conversions that nobody read before the next one came */
} chip_stats_t;

typedef struct {
    /* what kind of chip it is */
    uint8_t channel;
    uint64_t seed;
    double rate_fast_hz, rate_slow_hz; /* of its own oscillator */
    bool silent_while_settling;        /* DOUT stays high until four conversions are done; else unsettled ones show */
    bool rate_wired;                   /* RATE follows the board; else the chip is strapped to 10 SPS */
    bool follows_target;               /* conversions give `target`; else numbers that name channel and index */
    int32_t target;                    /* counts at gain 128 */
    /* what happens to it */
    wire_fault_t fault;
    uint64_t noise_until;              /* DOUT is pulled low until then */
    uint32_t lose_pulses;              /* clock pulses that do not reach it */
    /* its state */
    bool rate_fast;
    bool clock;
    uint64_t clock_rose;
    uint64_t conversion_ends;          /* the register is updated then */
    uint64_t ready_at;                 /* DOUT goes low then */
    bool ready;
    bool powered_down;
    int32_t word;
    uint8_t pulses;                    /* since this word was ready */
    uint8_t gain;
    uint8_t unsettled;                 /* conversions until it is settled */
    uint32_t index;
    conversion_t last;
    chip_stats_t stats;
} chip_t;

void chip_init(chip_t *chip, uint8_t channel, uint64_t seed, double spread, uint64_t now);

/* Power comes on: with the board, or because it was plugged in. */
void chip_power_on(chip_t *chip, uint64_t now);

void chip_set_clock(chip_t *chip, bool high, uint64_t now);
void chip_set_rate(chip_t *chip, bool fast, uint64_t now);
void chip_set_fault(chip_t *chip, wire_fault_t fault, uint64_t now);

/* Does what was due up to `now`. True where a conversion was finished: `last` tells which. */
bool chip_advance(chip_t *chip, uint64_t now);

/* When chip_advance has to be called next. */
uint64_t chip_next_event(const chip_t *chip);

/* The level on the board's side of the wire. `pulled_up`: the board's pull-up is on. */
bool chip_data(const chip_t *chip, bool pulled_up, uint64_t now);

#endif
