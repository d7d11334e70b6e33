/* What there is inside a sim_t, and how simulator and wires call on each other. */
#ifndef STATE_H
#define STATE_H

#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>

#include "bytes.h"
#include "pty.h"
#include "sim.h"

typedef struct {
    char port;
    uint8_t bit;
} pin_t;

typedef struct {
    sim_t *sim;
    unsigned channel;
} clock_wire_t;

typedef struct {
    uint64_t cycles; /* 0: none to come */
    unsigned pulses;
    bool high;
} stall_t;

struct sim {
    avr_t *avr;
    avr_run_t run; /* simavr's own; another one stands there while a watchdog reset is due */
    avr_ioport_t *ports['D' + 1];
    avr_uart_t *uart;
    chip_t chips[SIM_CHIPS];
    clock_wire_t clock_wires[SIM_CHIPS];
    stall_t stalls[SIM_CHIPS];
    uint64_t stop_at;
    uint64_t armed_for; /* when the simulator calls us back next */
    uint64_t asleep;
    uint64_t uart_next; /* when the next byte may reach the board */
    bytes_t from_board, to_board, conversions;
    avr_io_write_t eecr_write;
    void *eecr_parameter;
    uint32_t static_bytes, flash_bytes;
    uint32_t resets, uart_overrun;
    uint64_t reset_at;
    pty_t pty;
};

/* wiring.c: what runs between the CPU's pins and the chips. */
extern const pin_t data_pins[SIM_CHIPS];
extern const pin_t clock_pins[SIM_CHIPS];
extern const pin_t rate_pin;
extern const pin_t light_pin;

/* Finds simavr's ports and UART, and connects everything. */
void wire_up(sim_t *sim);

/* What a reset of simavr's forgets: its timers, and the levels on the pins. */
void after_reset(sim_t *sim);

/* Makes simavr call us back at this cycle at the latest. */
void arm(sim_t *sim, uint64_t when);

/* The cycle at which a chip, the UART or the end of sim_run is due. */
uint64_t next_event(const sim_t *sim);

/* Puts the level of a channel's data line on its pin. */
void drive_data(sim_t *sim, unsigned channel);

bool pulled_up(const sim_t *sim, pin_t pin);

#endif
