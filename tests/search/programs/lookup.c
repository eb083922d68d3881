/* Asks the C library that it is linked with for all addresses of a name, and prints what went wrong. */

#include <netdb.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct addrinfo *found;
    int failure = getaddrinfo(argv[argc - 1], NULL, NULL, &found);

    printf("%s\n", failure ? gai_strerror(failure) : "found");
    return 0;
}
