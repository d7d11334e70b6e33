#define _GNU_SOURCE
#include "pty.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

void pty_init(pty_t *pty)
{
    pty->master = -1;
}

const char *pty_open(pty_t *pty)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0) {
        return NULL;
    }
    if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, pty->path, sizeof pty->path) != 0) {
        close(master);
        return NULL;
    }
    /* Opened and closed once, so that from now on a hang-up tells that nobody has it open. */
    int slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave >= 0) {
        struct termios settings;
        if (tcgetattr(slave, &settings) == 0) {
            cfmakeraw(&settings);
            tcsetattr(slave, TCSANOW, &settings);
        }
        close(slave);
    }
    pty->master = master;
    return pty->path;
}

void pty_close(pty_t *pty)
{
    if (pty->master >= 0) {
        close(pty->master);
        pty->master = -1;
    }
}

bool pty_in_use(const pty_t *pty)
{
    struct pollfd state = {.fd = pty->master, .events = 0};
    return pty->master >= 0 && poll(&state, 1, 0) >= 0 && !(state.revents & POLLHUP);
}

size_t pty_read(pty_t *pty, uint8_t *to, size_t room)
{
    if (pty->master < 0) {
        return 0;
    }
    ssize_t count = read(pty->master, to, room);
    return count > 0 ? (size_t)count : 0;
}

void pty_write(pty_t *pty, const uint8_t *from, size_t count)
{
    if (!pty_in_use(pty)) {
        return;
    }
    while (count > 0) {
        ssize_t written = write(pty->master, from, count);
        if (written <= 0) {
            return; /* full: as a bridge whose host does not ask */
        }
        from += written;
        count -= (size_t)written;
    }
}
