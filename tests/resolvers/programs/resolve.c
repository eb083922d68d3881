/* Asks this machine's stub resolver (whichever C library it is linked with) for the addresses of each argument,
   and prints a line for each: the name, then its addresses in order of their text, or what went wrong. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MOST 512

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void resolve(const char *name)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found, *each;
    int failure = getaddrinfo(name, NULL, &hints, &found);
    char *texts[MOST];
    int count = 0;

    printf("%s", name);
    if (failure) {
        printf(" %s\n", gai_strerror(failure));
        return;
    }
    for (each = found; each && count < MOST; each = each->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *address = each->ai_family == AF_INET
            ? (const void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr
            : (const void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr;
        texts[count++] = strdup(inet_ntop(each->ai_family, address, text, sizeof text));
    }
    qsort(texts, count, sizeof *texts, by_text);
    for (int i = 0; i < count; i++)
        printf(" %s", texts[i]);
    printf("\n");
    freeaddrinfo(found);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        resolve(argv[i]);
    return 0;
}
