/* Bodies of the board's frames, byte by byte as the contract lays them out. Pure: compiled for the host too. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stdint.h>

#include "wire.h"

typedef struct {
    uint8_t board_id[WIRE_BOARD_ID_BYTES];
    uint8_t firmware[3]; /* major, minor, patch */
    uint8_t channels;
    uint8_t gain;
    uint8_t rate;
    uint8_t reset_cause;
    uint16_t boot;
} hello_t;

typedef struct {
    uint16_t seq;
    uint32_t t_us;
    uint8_t present;
    int32_t counts[WIRE_CHANNELS_MAX]; /* of absent channels nothing is read */
} sample_t;

typedef struct {
    uint32_t uptime_s;
    int16_t temperature; /* 0.01 degC, WIRE_NO_TEMPERATURE */
    uint16_t supply_mv;
    uint16_t late_reads;
    uint16_t tx_dropped;
    uint16_t rx_errors;
    uint8_t faults;
} status_t;

/* Each writes one body, of the length that the contract gives it, and gives that length. */
uint8_t message_hello(const hello_t *hello, uint8_t *body);
uint8_t message_sample(const sample_t *sample, uint8_t channels, uint8_t *body);
uint8_t message_status(const status_t *status, uint8_t *body);
uint8_t message_reply(uint8_t command, uint8_t result, uint8_t *body);

#endif
