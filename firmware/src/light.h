/* The status light on D13: on while the board starts, then
 *   an even flicker, 5 a second      the board has no id
 *   n short flashes, then a pause    channel n - 1 is the lowest one that delivers nothing
 *   a second on, a second off        all channels deliver
 * Off, or on without a change: the firmware does not run. */
#ifndef LIGHT_H
#define LIGHT_H

void light_start(void);

/* To be called often. */
void light_poll(void);

#endif
