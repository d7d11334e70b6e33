/* The serial contract, protocol 1: every number that board and host share. tests/firmware holds agent.wire equal to it.
 * All integers on the wire are little-endian. */
#ifndef WIRE_H
#define WIRE_H

#define WIRE_PROTOCOL 1
#define WIRE_BAUD 500000

/* Frame: COBS(body + CRC-16/CCITT-FALSE) + 0x00 */
#define WIRE_BODY_MAX 64
#define WIRE_CRC_BYTES 2
#define WIRE_CRC_INIT 0xFFFF
#define WIRE_DELIMITER 0x00
#define WIRE_SILENCE_MAX 128 /* bytes without a delimiter that are dropped and counted as one error */

/* Board to host */
#define WIRE_HELLO 0x01
#define WIRE_SAMPLE 0x02
#define WIRE_STATUS 0x03
#define WIRE_REPLY 0x04

/* Host to board */
#define WIRE_COMMAND_BIT 0x80 /* every type of the host has it, none of the board */
#define WIRE_IDENTIFY 0x81
#define WIRE_SET_GAIN 0x82
#define WIRE_SET_BOARD_ID 0x83
#define WIRE_RESET 0x84
#define WIRE_SET_RATE 0x85

/* Results in a REPLY */
#define WIRE_DONE 0
#define WIRE_UNKNOWN_COMMAND 1
#define WIRE_BAD_ARGUMENT 2
#define WIRE_FAILED 3

/* Lengths of bodies and of what is in them */
#define WIRE_BOARD_ID_BYTES 8
#define WIRE_COUNT_BYTES 3
#define WIRE_CHANNELS_MAX 8
#define WIRE_HELLO_BYTES 19
#define WIRE_SAMPLE_HEAD_BYTES 8
#define WIRE_STATUS_BYTES 16
#define WIRE_REPLY_BYTES 3

/* Values */
#define WIRE_GAIN_HIGH 128
#define WIRE_GAIN_LOW 64
#define WIRE_RATE_FAST 80
#define WIRE_RATE_SLOW 10
#define WIRE_NO_TEMPERATURE 0x7FFF
#define WIRE_RESET_POWER_ON 0x01
#define WIRE_RESET_EXTERNAL 0x02
#define WIRE_RESET_BROWN_OUT 0x04
#define WIRE_RESET_WATCHDOG 0x08

/* Times of the contract */
#define WIRE_HELLO_PERIOD_S 5
#define WIRE_STATUS_PERIOD_US 1000000UL
#define WIRE_FAULT_AFTER_US 1000000UL /* a channel without a sound conversion for so long is faulty */
#define WIRE_LIVE_PERIODS 8           /* of silence, nominal, after which a SAMPLE no longer waits for a channel */

#endif
