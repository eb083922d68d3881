/* Asks c-ares for all addresses of a name, and prints what went wrong. Without a name: the library's version. */

#include <ares.h>
#include <stdio.h>
#include <sys/select.h>

static void done(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    (void)arg, (void)timeouts;
    printf("%s\n", status ? ares_strerror(status) : "found");
    if (found)
        ares_freeaddrinfo(found);
}

int main(int argc, char **argv)
{
    struct ares_addrinfo_hints hints = {0};
    ares_channel channel;
    fd_set readers, writers;
    int count;

    if (argc < 2)
        return printf("%s\n", ares_version(NULL)) < 0;
    ares_library_init(ARES_LIB_INIT_ALL);
    if (ares_init(&channel))
        return 1;
    ares_getaddrinfo(channel, argv[1], NULL, &hints, done, NULL);
    for (;;) {
        struct timeval most = {1, 0}, wait;
        FD_ZERO(&readers);
        FD_ZERO(&writers);
        count = ares_fds(channel, &readers, &writers);
        if (!count)
            break;
        select(count, &readers, &writers, NULL, ares_timeout(channel, &most, &wait));
        ares_process(channel, &readers, &writers);
    }
    ares_destroy(channel);
    return 0;
}
