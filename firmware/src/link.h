/* The UART: frames out through a buffer that interrupts empty, bytes in through one that interrupts fill. */
#ifndef LINK_H
#define LINK_H

#include <stdint.h>

void link_start(void);

/* Queues one body as a frame. Where the buffer has no room the whole frame is dropped and counted. */
void link_send(const uint8_t *body, uint8_t length);

/* The body of the next sound frame of the host, and its length; 0 where none is complete. It is valid until the next
 * call. */
uint8_t link_receive(const uint8_t **body);

/* A frame that was sound and yet none of the contract. */
void link_count_rx_error(void);

uint16_t link_tx_dropped(void); /* frames; wraps */
uint16_t link_rx_errors(void);  /* frames and runs of noise; wraps */

#endif
