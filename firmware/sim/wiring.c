#include <simavr/avr_extint.h>
#include <string.h>

#include "state.h"

DEFINE_FIFO(uint16_t, uart_fifo);

#define RUN_LIMIT_CYCLES 16000 /* instructions in a row between two timers of the simulator */

/* simavr counts a parity bit that 8N1 has not. */
#define BYTE_CYCLES 320
/* A byte waits while the UART's two-byte buffer and its shift register are full; the next is lost. */
#define UART_HOLDS 3

#define EEPROM_WRITE_CYCLES (3400u * CYCLES_PER_US)
#define EECR_ADDRESS 0x3F
#define EECR_EEPE 0x02
#define EECR_EEMPE 0x04

const pin_t data_pins[SIM_CHIPS] = {
    {'D', 2}, {'D', 3}, {'D', 4}, {'D', 5}, {'D', 6}, {'D', 7}, {'B', 0}, {'B', 1},
};
const pin_t clock_pins[SIM_CHIPS] = {
    {'C', 0}, {'C', 1}, {'C', 2}, {'C', 3}, {'C', 4}, {'C', 5}, {'B', 2}, {'B', 3},
};
const pin_t rate_pin = {'B', 4};
const pin_t light_pin = {'B', 5};

bool pulled_up(const sim_t *sim, pin_t pin)
{
    const avr_ioport_t *port = sim->ports[(int)pin.port];
    uint8_t mask = 1 << pin.bit;
    return !(sim->avr->data[port->r_ddr] & mask) && (sim->avr->data[port->r_port] & mask);
}

/* The external value has to be told too, or simavr lets the pull-up win at the next write to PORT. */
void drive_data(sim_t *sim, unsigned channel)
{
    pin_t pin = data_pins[channel];
    avr_ioport_t *port = sim->ports[(int)pin.port];
    uint8_t mask = 1 << pin.bit;
    bool high = chip_data(&sim->chips[channel], pulled_up(sim, pin), sim->avr->cycle);
    port->external.pull_mask |= mask;
    port->external.pull_value = high ? port->external.pull_value | mask : port->external.pull_value & ~mask;
    avr_raise_irq(port->io.irq + pin.bit, high);
    uint8_t *input = &sim->avr->data[port->r_pin]; /* a reset clears it behind the filter of the irq */
    *input = high ? *input | mask : *input & ~mask;
}

static avr_cycle_count_t on_time(struct avr_t *avr, avr_cycle_count_t when, void *parameter);

void arm(sim_t *sim, uint64_t when)
{
    if (when < sim->armed_for) {
        uint64_t now = sim->avr->cycle;
        sim->armed_for = when;
        avr_cycle_timer_register(sim->avr, when > now ? when - now : 1, on_time, sim);
    }
}

static void feed_uart(sim_t *sim, uint64_t now)
{
    if (sim->to_board.count == 0 || now < sim->uart_next) {
        return;
    }
    sim->uart_next = now + BYTE_CYCLES;
    uint8_t byte;
    bytes_take(&sim->to_board, &byte, 1);
    if (uart_fifo_get_read_size(&sim->uart->input) >= UART_HOLDS) {
        sim->uart_overrun++;
    } else {
        avr_raise_irq(sim->uart->io.irq + UART_IRQ_INPUT, byte);
    }
}

uint64_t next_event(const sim_t *sim)
{
    uint64_t next = sim->stop_at;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        uint64_t event = chip_next_event(&sim->chips[channel]);
        next = event < next ? event : next;
    }
    if (sim->to_board.count > 0 && sim->uart_next < next) {
        next = sim->uart_next;
    }
    return next;
}

static avr_cycle_count_t on_time(struct avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    (void)when;
    sim_t *sim = parameter;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        chip_t *chip = &sim->chips[channel];
        if (chip_next_event(chip) <= avr->cycle) {
            if (chip_advance(chip, avr->cycle)) {
                bytes_put(&sim->conversions, &chip->last, sizeof chip->last);
            }
            drive_data(sim, channel);
        }
    }
    feed_uart(sim, avr->cycle);
    sim->uart->cycles_per_byte = BYTE_CYCLES;
    uint64_t next = next_event(sim);
    if (next <= avr->cycle) {
        next = avr->cycle + 1;
    }
    sim->armed_for = next;
    return next;
}

static void on_clock(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    const clock_wire_t *wire = parameter;
    sim_t *sim = wire->sim;
    chip_t *chip = &sim->chips[wire->channel];
    chip_set_clock(chip, value & 1, sim->avr->cycle);
    drive_data(sim, wire->channel);
    stall_t *stall = &sim->stalls[wire->channel];
    if (stall->cycles > 0 && (value & 1) == stall->high && stall->pulses-- == 0) {
        sim->avr->cycle += stall->cycles;
        stall->cycles = 0;
    }
    arm(sim, chip_next_event(chip));
}

static void on_rate(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    sim_t *sim = parameter;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        chip_set_rate(&sim->chips[channel], value & 1, sim->avr->cycle);
    }
    arm(sim, next_event(sim));
}

static void on_uart_output(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    sim_t *sim = parameter;
    uint8_t byte = (uint8_t)value;
    bytes_put(&sim->from_board, &byte, 1);
}

/* simavr writes the EEPROM at once; a real one is busy for 3.4 ms. */
static avr_cycle_count_t eeprom_done(struct avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    (void)when, (void)parameter;
    avr->data[EECR_ADDRESS] &= ~EECR_EEPE;
    return 0;
}

static void on_eecr(struct avr_t *avr, avr_io_addr_t address, uint8_t value, void *parameter)
{
    sim_t *sim = parameter;
    bool begins = (avr->data[EECR_ADDRESS] & EECR_EEMPE) && (value & EECR_EEPE);
    sim->eecr_write(avr, address, value, sim->eecr_parameter);
    if (begins) {
        avr->data[EECR_ADDRESS] |= EECR_EEPE;
        avr_cycle_timer_register(avr, EEPROM_WRITE_CYCLES, eeprom_done, sim);
    }
}

static void find_parts(sim_t *sim)
{
    for (avr_io_t *io = sim->avr->io_port; io; io = io->next) {
        if (strcmp(io->kind, "port") == 0) {
            avr_ioport_t *port = (avr_ioport_t *)io;
            sim->ports[(int)port->name] = port;
        } else if (strcmp(io->kind, "uart") == 0) {
            sim->uart = (avr_uart_t *)io;
        }
    }
}

/* A pull-down on every clock line, so that a board in reset lets the chips be. */
static void pull_clocks_down(sim_t *sim)
{
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        avr_ioport_t *port = sim->ports[(int)clock_pins[channel].port];
        port->external.pull_mask |= 1 << clock_pins[channel].bit;
        port->external.pull_value &= ~(1 << clock_pins[channel].bit);
    }
}

void wire_up(sim_t *sim)
{
    find_parts(sim);
    pull_clocks_down(sim);
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        pin_t pin = clock_pins[channel];
        sim->clock_wires[channel] = (clock_wire_t){sim, channel};
        avr_irq_register_notify(sim->ports[(int)pin.port]->io.irq + pin.bit, on_clock, &sim->clock_wires[channel]);
    }
    avr_irq_register_notify(sim->ports[(int)rate_pin.port]->io.irq + rate_pin.bit, on_rate, sim);
    avr_irq_register_notify(sim->uart->io.irq + UART_IRQ_OUTPUT, on_uart_output, sim);
    uint32_t flags = 0; /* no echo on the console, no waiting */
    avr_ioctl(sim->avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_extint_set_strict_lvl_trig(sim->avr, 0, 0); /* or PD2 and PD3 are polled every cycle while they are low */
    avr_extint_set_strict_lvl_trig(sim->avr, 1, 0);
    sim->eecr_write = sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.c;
    sim->eecr_parameter = sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.param;
    sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.c = on_eecr;
    sim->avr->io[AVR_DATA_TO_IO(EECR_ADDRESS)].w.param = sim;
}

void after_reset(sim_t *sim)
{
    sim->avr->run_cycle_limit = RUN_LIMIT_CYCLES;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        pin_t pin = clock_pins[channel];
        avr_raise_irq(sim->ports[(int)pin.port]->io.irq + pin.bit, 0);
        drive_data(sim, channel);
    }
    sim->armed_for = NEVER;
    arm(sim, next_event(sim));
}
