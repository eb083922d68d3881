/* Asks the stub resolver of whichever C library it is linked with. Each argument is KIND=NAME; for each there is a line:
   the argument, then what was found in order of its text with commas between, or one word that says what went wrong. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
}

static const char *address_failure(int failure)
{
    switch (failure) {
    case EAI_NONAME: return "missing";
#ifdef EAI_NODATA
    case EAI_NODATA: return "empty";
#endif
    case EAI_AGAIN: return "failing";
    default: return gai_strerror(failure);
    }
}

static void addresses(const char *name, int canonical)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list, *each;
    char text[INET6_ADDRSTRLEN];
    int failure;

    hints.ai_flags = canonical ? AI_CANONNAME : 0;
    failure = getaddrinfo(name, NULL, &hints, &list);
    if (failure) {
        printf("%s\n", address_failure(failure));
        return;
    }
    if (canonical)
        found(list->ai_canonname);
    for (each = list; each && !canonical; each = each->ai_next) {
        const void *address = each->ai_family == AF_INET
            ? (const void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr
            : (const void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr;
        found(inet_ntop(each->ai_family, address, text, sizeof text));
    }
    freeaddrinfo(list);
    print_found();
}

#ifdef __GLIBC__

static void record(ns_msg *message, ns_rr *rr)
{
    const unsigned char *rdata = ns_rr_rdata(*rr), *end = ns_msg_end(*message), *start = ns_msg_base(*message);
    char name[NS_MAXDNAME], text[NS_MAXDNAME + 32];

    switch (ns_rr_type(*rr)) {
    case ns_t_srv:
        dn_expand(start, end, rdata + 6, name, sizeof name);
        snprintf(text, sizeof text, "%d:%s", ns_get16(rdata + 4), name);
        break;
    case ns_t_mx:
        dn_expand(start, end, rdata + 2, name, sizeof name);
        snprintf(text, sizeof text, "%d:%s", ns_get16(rdata), name);
        break;
    case ns_t_txt:
        snprintf(text, sizeof text, "%.*s", rdata[0], rdata + 1);
        break;
    default:
        dn_expand(start, end, rdata, name, sizeof name);
        snprintf(text, sizeof text, "%s", name);
    }
    found(text);
}

static void records(const char *name, int type)
{
    unsigned char answer[65536];
    int length = res_search(name, ns_c_in, type, answer, sizeof answer);
    ns_msg message;
    ns_rr rr;

    if (length < 0) {
        printf("%s\n", h_errno == HOST_NOT_FOUND ? "missing" : h_errno == NO_DATA ? "empty" : "failing");
        return;
    }
    ns_initparse(answer, length, &message);
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
        if (ns_parserr(&message, ns_s_an, i, &rr) == 0 && ns_rr_type(rr) == type)
            record(&message, &rr);
    if (!count)
        printf("other-types");
    print_found();
}

static int type_of(const char *kind)
{
    return !strcmp(kind, "SRV") ? ns_t_srv : !strcmp(kind, "MX") ? ns_t_mx : !strcmp(kind, "TXT") ? ns_t_txt : ns_t_cname;
}

#endif

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *kind = strdup(argv[i]), *name = strchr(kind, '=');

        printf("%s ", argv[i]);
        *name++ = 0;
        count = 0;
        if (!strcmp(kind, "ADDR") || !strcmp(kind, "CANON"))
            addresses(name, kind[0] == 'C');
#ifdef __GLIBC__
        else
            records(name, type_of(kind));
#endif
        free(kind);
    }
    return 0;
}
