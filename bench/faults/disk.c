/* A disk that fails on purpose, for LD_PRELOAD (gcc -shared -fPIC disk.c -o disk.so).
 *
 * For files whose name contains SHELF_DISK_NAME:
 * - after every sync, what the disk would hold now is copied into the folder SHELF_DISK_SYNCED, whole or not at all;
 * - while the file SHELF_DISK_FULL exists, writes fail with ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define PATH_BYTES 4096

/* The path behind a descriptor, if it is one of the watched files. */
static int watched(int fd, char path[PATH_BYTES])
{
    const char *name = getenv("SHELF_DISK_NAME");
    char link[64];
    ssize_t length;
    if (!name)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, PATH_BYTES - 1);
    if (length <= 0)
        return 0;
    path[length] = '\0';
    return strstr(path, name) != NULL;
}

static int full(int fd)
{
    const char *flag = getenv("SHELF_DISK_FULL");
    char path[PATH_BYTES];
    return flag && access(flag, F_OK) == 0 && watched(fd, path);
}

static void keep(const char *path)
{
    const char *folder = getenv("SHELF_DISK_SYNCED");
    const char *name = strrchr(path, '/');
    char part[PATH_BYTES], whole[PATH_BYTES], block[65536];
    int from, to, saved = errno;
    ssize_t n;
    if (!folder || !name)
        return;
    snprintf(part, sizeof part, "%s%s.part", folder, name);
    snprintf(whole, sizeof whole, "%s%s", folder, name);
    from = open(path, O_RDONLY);
    to = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    while (from >= 0 && to >= 0 && (n = read(from, block, sizeof block)) > 0) {
        ssize_t (*write_)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
        if (write_(to, block, (size_t)n) != n)
            abort();
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    if (from >= 0 && to >= 0)
        rename(part, whole);
    errno = saved;
}

#define REFUSE_WHEN_FULL(fd) \
    if (full(fd)) {          \
        errno = ENOSPC;      \
        return -1;           \
    }

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    REFUSE_WHEN_FULL(fd)
    return next(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    ssize_t (*next)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    REFUSE_WHEN_FULL(fd)
    return next(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    ssize_t (*next)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    REFUSE_WHEN_FULL(fd)
    return next(fd, data, size, at);
}

int fdatasync(int fd)
{
    int (*next)(int) = dlsym(RTLD_NEXT, "fdatasync");
    char path[PATH_BYTES];
    int result = next(fd);
    if (result == 0 && watched(fd, path))
        keep(path);
    return result;
}

int fsync(int fd)
{
    int (*next)(int) = dlsym(RTLD_NEXT, "fsync");
    char path[PATH_BYTES];
    int result = next(fd);
    if (result == 0 && watched(fd, path))
        keep(path);
    return result;
}
