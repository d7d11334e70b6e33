/* shelf-sim: the compiled firmware with eight simulated HX711, for the demo and `make report`.
 *
 * shelf-sim serve ELF [options]    puts the board on a pty and lets it run as the counts on standard input say
 *   --board-id HEX16   gives the board this id before it starts, as `shelf-agent` would
 *   --eeprom FILE      keeps id and boot count from one start to the next
 *   --seed N           of the chips' oscillators and phases (1)
 *   --spread X         of the oscillators (0.02 = +-2 %)
 *   --reset-on-open    opening the port resets the board, as DTR does on a Nano
 *
 * The first line on standard output is `port PATH`: what the agent is to open. Standard input is a row of records of 40
 * bytes, little-endian, without anything between them:
 *
 *   u64 t_us           time since the start; not less than that of the record before
 *   i32 counts[8]      what channel 0 to 7 would convert at gain 128; beyond 24 bits: saturated; INT32_MIN: unplugged
 *
 * Each record says: these counts hold until t_us. The simulator lets its time go on to t_us and no further, so the
 * sender sets the pace: one record every 1 to 5 ms of its own clock is real time, faster is faster. A chip converts
 * what holds when its conversion ends; noise is the sender's. The end of standard input, or SIGTERM, ends the program.
 *
 * shelf-sim report ELF [SECONDS]   flash, RAM, CPU load and the longest PD_SCK high of a full board at 80 SPS */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "sim.h"

#define STEP_US 1000
#define EEPROM_BYTES 1024
#define UNPLUGGED INT32_MIN

typedef struct {
    uint64_t t_us;
    int32_t counts[SIM_CHIPS];
} record_t;

_Static_assert(sizeof(record_t) == 40 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are read as they are");

typedef struct {
    const char *elf;
    const char *board_id;
    const char *eeprom;
    uint64_t seed;
    double spread;
    bool reset_on_open;
} options_t;

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
    (void)signal;
    stopping = 1;
}

static int usage(const char *what)
{
    fprintf(stderr, "shelf-sim: %s; usage: shelf-sim serve ELF [--board-id HEX16] [--eeprom FILE] [--seed N] "
                    "[--spread X] [--reset-on-open] | shelf-sim report ELF [SECONDS]\n", what);
    return 2;
}

static sim_t *start(const char *elf, uint64_t seed, double spread)
{
    sim_t *sim = sim_new(elf, seed, spread);
    if (!sim) {
        fprintf(stderr, "shelf-sim: %s is no firmware for the ATmega328P; `make -C firmware` builds one\n", elf);
    }
    return sim;
}

static bool parse_board_id(const char *text, uint8_t *id)
{
    if (strlen(text) != 2 * WIRE_BOARD_ID_BYTES || strspn(text, "0123456789abcdefABCDEF") != strlen(text)) {
        return false;
    }
    for (unsigned i = 0; i < WIRE_BOARD_ID_BYTES; i++) {
        sscanf(text + 2 * i, "%2hhx", &id[i]);
    }
    return true;
}

/* Lets the board store an id over its own link, then resets it, so that the first HELLO anybody sees has it. */
static bool give_board_id(sim_t *sim, const char *text)
{
    uint8_t body[1 + WIRE_BOARD_ID_BYTES] = {WIRE_SET_BOARD_ID};
    if (!parse_board_id(text, body + 1)) {
        return false;
    }
    uint8_t wire[FRAME_WIRE_MAX];
    sim_run(sim, 100000);
    sim_uart_write(sim, wire, frame_seal(body, sizeof body, wire));
    sim_run(sim, 100000);
    uint8_t unheard[4096];
    while (sim_uart_read(sim, unheard, sizeof unheard) > 0) {
    }
    sim_reset(sim);
    return true;
}

static void load_eeprom(sim_t *sim, const char *path)
{
    uint8_t cells[EEPROM_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file) {
        return; /* the first start */
    }
    sim_eeprom_set(sim, 0, cells, fread(cells, 1, sizeof cells, file));
    fclose(file);
}

static bool save_eeprom(sim_t *sim, const char *path)
{
    uint8_t cells[EEPROM_BYTES];
    sim_eeprom_get(sim, 0, cells, sizeof cells);
    FILE *file = fopen(path, "wb");
    bool done = file && fwrite(cells, 1, sizeof cells, file) == sizeof cells;
    if (file && fclose(file) != 0) {
        done = false;
    }
    if (!done) {
        fprintf(stderr, "shelf-sim: cannot keep the EEPROM in %s: %s\n", path, strerror(errno));
    }
    return done;
}

/* False at the end of standard input, and on a signal. */
static bool read_record(record_t *record)
{
    size_t have = 0;
    while (have < sizeof *record && !stopping) {
        ssize_t count = read(STDIN_FILENO, (uint8_t *)record + have, sizeof *record - have);
        if (count > 0) {
            have += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            return false;
        }
    }
    return !stopping;
}

static void apply(sim_t *sim, const record_t *record)
{
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        wire_fault_t fault = record->counts[channel] == UNPLUGGED ? WIRE_UNPLUGGED : WIRE_GOOD;
        if (sim_chip(sim, channel)->fault != fault) {
            sim_set_fault(sim, channel, fault);
        }
        if (fault == WIRE_GOOD) {
            sim_set_target(sim, channel, record->counts[channel]);
        }
    }
}

static bool run_until(sim_t *sim, uint64_t end_cycle, bool reset_on_open)
{
    static bool was_in_use;
    while (sim_cycles(sim) < end_cycle && !stopping) {
        uint64_t left_us = (end_cycle - sim_cycles(sim) + CYCLES_PER_US - 1) / CYCLES_PER_US;
        if (!sim_run(sim, left_us < STEP_US ? left_us : STEP_US)) {
            fprintf(stderr, "shelf-sim: the firmware crashed\n");
            return false;
        }
        bool in_use = sim_pty_pump(sim);
        if (reset_on_open && in_use && !was_in_use) {
            sim_reset(sim);
        }
        was_in_use = in_use;
    }
    return true;
}

static int serve(const options_t *options)
{
    sim_t *sim = start(options->elf, options->seed, options->spread);
    if (!sim) {
        return 2;
    }
    if (options->eeprom) {
        load_eeprom(sim, options->eeprom);
    }
    if (options->board_id && !give_board_id(sim, options->board_id)) {
        sim_free(sim);
        return usage("a board id has 16 hex digits");
    }
    const char *port = sim_pty_open(sim);
    if (!port) {
        perror("shelf-sim: no pty");
        return 1;
    }
    printf("port %s\n", port);
    fflush(stdout);
    uint64_t origin = sim_cycles(sim);
    record_t record;
    bool good = true;
    while (good && read_record(&record)) {
        apply(sim, &record);
        good = run_until(sim, origin + record.t_us * CYCLES_PER_US, options->reset_on_open);
    }
    if (options->eeprom && !save_eeprom(sim, options->eeprom)) {
        good = false;
    }
    sim_free(sim);
    return good ? 0 : 1;
}

static void give_commands(sim_t *sim)
{
    static const uint8_t bodies[][1 + WIRE_BOARD_ID_BYTES] = {
        {WIRE_IDENTIFY}, {WIRE_SET_BOARD_ID, 1, 2, 3}, {WIRE_SET_GAIN, WIRE_GAIN_LOW}, {WIRE_SET_GAIN, WIRE_GAIN_HIGH},
    };
    static const uint8_t lengths[] = {1, sizeof bodies[0], 2, 2};
    for (unsigned i = 0; i < sizeof lengths; i++) {
        uint8_t wire[FRAME_WIRE_MAX];
        sim_uart_write(sim, wire, frame_seal(bodies[i], lengths[i], wire));
    }
}

static int report(const char *elf, double seconds)
{
    enum { FLASH_BOUND = 8192, RAM_BOUND = 1024, LOAD_BOUND = 35, HIGH_BOUND_US = 5 };
    sim_t *sim = start(elf, 1, 0.02);
    if (!sim) {
        return 2;
    }
    sim_run(sim, 500000);
    give_commands(sim); /* the stack is at its deepest in some of them */
    if (!sim_run(sim, (uint64_t)(seconds * 1e6))) {
        fprintf(stderr, "shelf-sim: the firmware crashed\n");
        return 1;
    }
    sim_stats_t stats;
    sim_get_stats(sim, &stats);
    uint64_t longest = 0;
    for (unsigned channel = 0; channel < SIM_CHIPS; channel++) {
        chip_stats_t chip;
        sim_chip_stats(sim, channel, &chip);
        longest = chip.longest_high > longest ? chip.longest_high : longest;
    }
    uint32_t ram = stats.static_bytes + stats.stack_bytes;
    double load = 100.0 * (1.0 - (double)stats.asleep / (double)stats.cycles);
    double high_us = (double)longest / CYCLES_PER_US;
    printf("flash               %6" PRIu32 " bytes   (bound %d)\n", stats.flash_bytes, FLASH_BOUND);
    printf("RAM                 %6" PRIu32 " bytes   (bound %d; %" PRIu32 " of variables, %" PRIu32 " of stack)\n", ram,
           RAM_BOUND, stats.static_bytes, stats.stack_bytes);
    printf("CPU load            %6.1f %%       (bound %d; %g s, 8 channels, 80 SPS)\n", load, LOAD_BOUND, seconds);
    printf("longest PD_SCK high %6.2f us      (bound %d)\n", high_us, HIGH_BOUND_US);
    sim_free(sim);
    bool good = stats.flash_bytes < FLASH_BOUND && ram < RAM_BOUND && load < LOAD_BOUND && high_us < HIGH_BOUND_US;
    return good ? 0 : 1;
}

static int parse_serve(int count, char **arguments)
{
    static const struct option known[] = {
        {"board-id", required_argument, NULL, 'b'}, {"eeprom", required_argument, NULL, 'e'},
        {"seed", required_argument, NULL, 's'},     {"spread", required_argument, NULL, 'p'},
        {"reset-on-open", no_argument, NULL, 'r'},  {NULL, 0, NULL, 0},
    };
    options_t options = {.seed = 1, .spread = 0.02};
    int letter;
    while ((letter = getopt_long(count, arguments, "", known, NULL)) != -1) {
        switch (letter) {
        case 'b':
            options.board_id = optarg;
            break;
        case 'e':
            options.eeprom = optarg;
            break;
        case 's':
            options.seed = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            options.spread = strtod(optarg, NULL);
            break;
        case 'r':
            options.reset_on_open = true;
            break;
        default:
            return usage("an option is not known or lacks its value");
        }
    }
    if (optind != count - 1) {
        return usage("one ELF file is needed");
    }
    options.elf = arguments[optind];
    return serve(&options);
}

int main(int count, char **arguments)
{
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART, so that a read ends */
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (count >= 3 && strcmp(arguments[1], "serve") == 0) {
        return parse_serve(count - 1, arguments + 1);
    }
    if ((count == 3 || count == 4) && strcmp(arguments[1], "report") == 0) {
        return report(arguments[2], count == 4 ? strtod(arguments[3], NULL) : 5.0);
    }
    return usage("serve or report?");
}
