/* The board on the bench: the compiled firmware in simavr, eight simulated HX711 on its pins, its UART in memory or on
 * a pty. Time passes only in sim_run. For tests and the demo; nothing of it is shipped (simavr is under the GPL).
 * tests/firmware/simboard.py speaks to it through ctypes. */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip.h"

#define SIM_CHIPS 8

typedef struct sim sim_t;

typedef struct {
    uint64_t cycles;       /* since power-on */
    uint64_t asleep;       /* of these the CPU slept */
    uint32_t resets;       /* by the watchdog */
    uint64_t reset_at;     /* cycle of the last of them */
    uint32_t uart_overrun; /* bytes lost because the firmware did not take them in time */
    uint32_t stack_bytes;  /* deepest stack */
    uint32_t static_bytes; /* .data, .bss, .noinit */
    uint32_t flash_bytes;
    uint8_t light;         /* level of D13 */
    uint8_t rate;          /* level of D12 */
    uint8_t pulled_up;     /* bit i: the pull-up of channel i's data line is on */
    uint8_t crashed;       /* the firmware ran into something that a CPU cannot do */
} sim_stats_t;

/* Power on. NULL where the file is no firmware for this CPU. `spread`: of the chips' oscillators, 0.03 = +-3 %. */
sim_t *sim_new(const char *elf, uint64_t seed, double spread);
void sim_free(sim_t *sim);

/* Lets `us` microseconds pass; false where the firmware crashed. */
bool sim_run(sim_t *sim, uint64_t us);
uint64_t sim_cycles(const sim_t *sim);

/* What the board sent since the last call; the bytes written to `to`. */
size_t sim_uart_read(sim_t *sim, uint8_t *to, size_t room);
/* Bytes for the board, one after the other at 500 000 baud. */
void sim_uart_write(sim_t *sim, const uint8_t *bytes, size_t count);

/* Conversions finished since the last call. */
size_t sim_conversions(sim_t *sim, conversion_t *to, size_t room);

/* The chips, and what happens to them. */
const chip_t *sim_chip(const sim_t *sim, unsigned channel);
void sim_set_fault(sim_t *sim, unsigned channel, int fault);
void sim_set_target(sim_t *sim, unsigned channel, int32_t counts);
void sim_set_rates(sim_t *sim, unsigned channel, double fast_hz, double slow_hz);
void sim_set_silent_while_settling(sim_t *sim, bool silent);
void sim_set_rate_wired(sim_t *sim, bool wired);
void sim_lose_pulses(sim_t *sim, unsigned channel, unsigned pulses);
void sim_noise(sim_t *sim, unsigned channel, uint64_t us);
void sim_chip_stats(const sim_t *sim, unsigned channel, chip_stats_t *to);

/* Something stops the CPU for `us`, once: when this channel's clock has gone high (or low) after `pulses` more. */
void sim_stall(sim_t *sim, unsigned channel, uint64_t us, unsigned pulses, bool high);

/* The reset button, or DTR; the chips do not notice. */
void sim_reset(sim_t *sim);
/* Optiboot's way to start the firmware: flags in r2, MCUSR cleared. To be called before any time has passed. */
void sim_start_from_optiboot(sim_t *sim, uint8_t reset_flags);

/* Overwrites variables of the firmware: a test that cannot wait 71 minutes for the clock to wrap. */
void sim_ram_set(sim_t *sim, uint16_t address, const uint8_t *from, size_t count);

void sim_set_analog(sim_t *sim, uint32_t supply_mv, uint32_t ntc_mv);
void sim_eeprom_get(sim_t *sim, uint16_t offset, uint8_t *to, size_t count);
void sim_eeprom_set(sim_t *sim, uint16_t offset, const uint8_t *from, size_t count);
void sim_get_stats(sim_t *sim, sim_stats_t *to);

/* Puts the UART on a pty; gives the path to open, NULL where there is none to be had. From then on sim_pty_pump moves
 * bytes; like a USB bridge it drops what nobody reads. True where somebody has the port open. */
const char *sim_pty_open(sim_t *sim);
bool sim_pty_pump(sim_t *sim);

#endif
