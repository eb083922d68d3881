/*
 * A UDP echo that sets the QR bit: what the kernel alone costs, for the comparison in compare.py.
 *
 *   echo ADDRESS PORT plain      one recvfrom and one sendto a datagram
 *   echo ADDRESS PORT batched    recvmmsg and sendmmsg, up to 64 datagrams a call
 *
 * Runs until a signal ends it. Exit status 1 with a message if the socket cannot be had.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, SIZE = 4096, FLAGS = 2, QR = 0x80 };

static unsigned char buffers[BATCH][SIZE];
static struct sockaddr_in peers[BATCH];

static int listen_on(const char *address, int port)
{
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || inet_pton(AF_INET, address, &self.sin_addr) != 1
        || bind(fd, (struct sockaddr *)&self, sizeof self) < 0) {
        perror("echo");
        exit(1);
    }
    return fd;
}

static void echo_plain(int fd)
{
    for (;;) {
        socklen_t length = sizeof peers[0];
        ssize_t size = recvfrom(fd, buffers[0], SIZE, 0, (struct sockaddr *)&peers[0], &length);
        if (size <= FLAGS)
            continue;
        buffers[0][FLAGS] |= QR;
        sendto(fd, buffers[0], size, 0, (struct sockaddr *)&peers[0], length);
    }
}

static void echo_batched(int fd)
{
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){buffers[i], SIZE};
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &peers[i], .msg_namelen = sizeof peers[i],
                                                       .msg_iov = &parts[i], .msg_iovlen = 1}};
        }
        int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < count; i++) {
            parts[i].iov_len = messages[i].msg_len;
            buffers[i][FLAGS] |= QR;
        }
        for (int sent = 0, more; sent < count; sent += more)
            if ((more = sendmmsg(fd, messages + sent, count - sent, 0)) < 1)
                more = 1; /* one that cannot be sent is dropped */
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: echo ADDRESS PORT plain|batched\n");
        return 2;
    }
    int fd = listen_on(argv[1], atoi(argv[2]));
    if (strcmp(argv[3], "batched") == 0)
        echo_batched(fd);
    echo_plain(fd);
}
