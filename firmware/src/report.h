/* What the board tells of itself: HELLO and STATUS, when they are due. */
#ifndef REPORT_H
#define REPORT_H

void report_start(void);

/* Sends HELLO now. */
void report_hello(void);

/* To be called often: sends HELLO and STATUS on time, and STATUS at once where a channel's fault comes or goes. */
void report_poll(void);

#endif
