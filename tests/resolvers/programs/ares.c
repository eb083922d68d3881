/* Asks c-ares, which reads /etc/resolv.conf itself. Arguments and output are those of resolve.c. */

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#define MOST 512

static char *texts[MOST];
static int count;

static void found(const char *text)
{
    if (count < MOST)
        texts[count++] = strdup(text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void print_found(void)
{
    qsort(texts, count, sizeof *texts, by_text);
    for (int i = 0; i < count; i++) {
        printf("%s%s", i ? "," : "", texts[i]);
        free(texts[i]);
    }
    printf("\n");
    count = 0;
}

static void print_failure(int status)
{
    switch (status) {
    case ARES_ENOTFOUND: printf("missing\n"); break;
    case ARES_ENODATA: printf("empty\n"); break;
    case ARES_ECONNREFUSED: /* no server that did not fail */
    case ARES_ESERVFAIL: printf("failing\n"); break;
    case ARES_ETIMEOUT: printf("timeout\n"); break;
    default: printf("%s\n", ares_strerror(status));
    }
}

static void on_addresses(void *unused, int status, int timeouts, struct ares_addrinfo *list)
{
    char text[INET6_ADDRSTRLEN];

    (void)unused, (void)timeouts;
    if (status != ARES_SUCCESS) {
        print_failure(status);
        return;
    }
    for (struct ares_addrinfo_node *each = list->nodes; each; each = each->ai_next) {
        const void *address = each->ai_family == AF_INET
            ? (const void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr
            : (const void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr;
        found(inet_ntop(each->ai_family, address, text, sizeof text));
    }
    ares_freeaddrinfo(list);
    print_found();
}

static void on_services(void *unused, int status, int timeouts, unsigned char *answer, int length)
{
    struct ares_srv_reply *list = NULL;
    char text[1100];

    (void)unused, (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_srv_reply(answer, length, &list);
    if (status != ARES_SUCCESS) {
        print_failure(status);
        return;
    }
    for (struct ares_srv_reply *each = list; each; each = each->next) {
        snprintf(text, sizeof text, "%d:%s", each->port, each->host);
        found(text);
    }
    ares_free_data(list);
    print_found();
}

static void on_texts(void *unused, int status, int timeouts, unsigned char *answer, int length)
{
    struct ares_txt_reply *list = NULL;

    (void)unused, (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_txt_reply(answer, length, &list);
    if (status != ARES_SUCCESS) {
        print_failure(status);
        return;
    }
    for (struct ares_txt_reply *each = list; each; each = each->next)
        found((const char *)each->txt);
    ares_free_data(list);
    print_found();
}

static void on_mails(void *unused, int status, int timeouts, unsigned char *answer, int length)
{
    struct ares_mx_reply *list = NULL;
    char text[1100];

    (void)unused, (void)timeouts;
    if (status == ARES_SUCCESS)
        status = ares_parse_mx_reply(answer, length, &list);
    if (status != ARES_SUCCESS) {
        print_failure(status);
        return;
    }
    for (struct ares_mx_reply *each = list; each; each = each->next) {
        snprintf(text, sizeof text, "%d:%s", each->priority, each->host);
        found(text);
    }
    ares_free_data(list);
    print_found();
}

static void wait_for(ares_channel channel)
{
    for (;;) {
        fd_set readable, writable;
        struct timeval limit;
        int most;

        FD_ZERO(&readable);
        FD_ZERO(&writable);
        most = ares_fds(channel, &readable, &writable);
        if (!most)
            return;
        select(most, &readable, &writable, NULL, ares_timeout(channel, NULL, &limit));
        ares_process(channel, &readable, &writable);
    }
}

int main(int argc, char **argv)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ares_channel channel;

    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS || ares_init(&channel) != ARES_SUCCESS)
        return 1;
    for (int i = 1; i < argc; i++) {
        const char *name = strchr(argv[i], '=') + 1;

        printf("%s ", argv[i]);
        if (argv[i][0] == 'A')
            ares_getaddrinfo(channel, name, NULL, &hints, on_addresses, NULL);
        else if (argv[i][0] == 'S')
            ares_search(channel, name, 1, 33, on_services, NULL);
        else if (argv[i][0] == 'T')
            ares_search(channel, name, 1, 16, on_texts, NULL);
        else
            ares_search(channel, name, 1, 15, on_mails, NULL);
        wait_for(channel);
    }
    ares_destroy(channel);
    return 0;
}
