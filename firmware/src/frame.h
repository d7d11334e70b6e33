/* Frames: what goes between two 0x00 on the wire. Pure: no registers, so the tests compile it for the host too. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* COBS adds one byte to at most 254; the delimiter is one more. */
#define FRAME_STUFFED_MAX (WIRE_BODY_MAX + WIRE_CRC_BYTES + 1)
#define FRAME_WIRE_MAX (FRAME_STUFFED_MAX + 1)

/* CRC-16/CCITT-FALSE (poly 0x1021, not reflected) of one more byte. */
uint16_t frame_crc(uint16_t crc, uint8_t byte);

/* Writes `body` (1 to WIRE_BODY_MAX bytes) as a frame with CRC and delimiter to `wire` (FRAME_WIRE_MAX bytes);
 * gives the bytes written. */
uint8_t frame_seal(const uint8_t *body, uint8_t length, uint8_t *wire);

/* Undoes COBS and CRC of `length` bytes without their delimiter, in place; gives the body's length, 0 where the
 * frame is damaged. */
uint8_t frame_open(uint8_t *bytes, uint8_t length);

/* Cuts a stream into frames. All zeros is the state before the first byte. */
typedef struct {
    uint8_t bytes[FRAME_STUFFED_MAX];
    uint8_t length;  /* bytes since the delimiter, also those that no longer fitted */
    bool joined;     /* a delimiter has been seen, so what follows is a whole frame */
    bool discarding; /* an endless frame: nothing counts until the next delimiter */
    uint16_t errors; /* frames dropped as damaged or endless; wraps */
} frame_receiver_t;

/* Takes one byte. Gives the length of the body that it completed (in `bytes`, until the next call), or 0.
 * What came before the first delimiter is used where it is a sound frame and not counted where it is not. */
uint8_t frame_receive(frame_receiver_t *receiver, uint8_t byte);

#endif
