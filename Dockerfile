# kdns, its interpreter and the libraries of both: no shell, no package manager, nothing that runs beside it.
# docs/image.md says what is in it, how it is built without a Docker engine, and how it is checked.

# Any glibc system with Python 3.11 or later and its venv. A tag moves with security updates; for the same octets
# again, name a digest: --build-arg BASE=python:3.13-slim-trixie@sha256:...
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src

# Below /usr/lib, because the capability further down makes the loader ignore $ORIGIN outside system folders.
COPY requirements.txt requirements-build.txt ./
RUN python3 -m venv /tools \
 && /tools/bin/pip install --require-hashes --only-binary :all: -r requirements-build.txt \
 && python3 -m venv --without-pip /usr/lib/kdns \
 && /tools/bin/pip --python /usr/lib/kdns/bin/python install \
      --no-compile --require-hashes --only-binary :all: -r requirements.txt

COPY . .
RUN /tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /tools/bin/pip --python /usr/lib/kdns/bin/python install --no-compile --no-index --no-deps /wheel/kdns-*.whl

# What the image holds is put together in /image. First the standard library and kdns, without what no DNS server
# runs; kdns does not import the models of kubernetes_asyncio, half of all (kdns/sources/api/library.py).
RUN set -eu; \
    stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))'); \
    mkdir -p "/image$stdlib" /image/usr/lib; \
    cp -a "$stdlib/." "/image$stdlib"; \
    cp -a /usr/lib/kdns /image/usr/lib; \
    cd "/image$stdlib"; \
    rm -rf site-packages dist-packages sitecustomize.py config-* ensurepip idlelib lib2to3 pydoc_data test \
      tkinter turtledemo curses dbm sqlite3; \
    cd lib-dynload; \
    rm -f _curses* _dbm.* _gdbm.* _sqlite3.* _tkinter.* readline.* _test* _ctypes_test.* xx*; \
    cd /image/usr/lib/kdns; \
    rm -r lib/python*/site-packages/kubernetes_asyncio/client/api \
      lib/python*/site-packages/kubernetes_asyncio/client/models; \
    find bin ! -name kdns -type f,l -delete; \
    cp "$(readlink -f "$(command -v python3)")" bin/python; \
    find /image -name __pycache__ -prune -exec rm -r {} +

# The shared libraries that all this is linked with, where the loader finds them.
RUN set -eu; \
    find /image -type f '(' -name '*.so' -o -name '*.so.*' -o -path '*/bin/python' ')' -exec ldd {} + \
      | grep -o '/[^ :]*\.so[^ :]*' | grep -v '^/image/' | sort -u | xargs cp -L --parents -t /image; \
    mkdir /image/etc; \
    cp -r /etc/ld.so.conf /etc/ld.so.conf.d /image/etc; \
    ldconfig -r /image; \
    rm -rf /image/var

# Paths that can be relied on; certifi's CAs where OpenSSL looks; bytecode that no one has to write or check.
RUN set -eu; \
    packages=$(echo /usr/lib/kdns/lib/python*/site-packages); \
    cafile=$(python3 -c 'import ssl; print(ssl.get_default_verify_paths().openssl_cafile)'); \
    mkdir -p /image/usr/bin /image/usr/share/kdns "/image${cafile%/*}"; \
    mkdir -m 1777 /image/tmp; \
    ln -s /usr/lib/kdns/bin/kdns /image/usr/bin/kdns; \
    ln -s "$packages/kdns/zonefiles" /image/usr/share/kdns/zonefiles; \
    ln -s "$packages/certifi/cacert.pem" "/image$cafile"; \
    python3 -m compileall -q --invalidation-mode unchecked-hash -s /image -p / /image/usr

# The interpreter may bind port 53 for any user, as if by setcap cap_net_bind_service=+ep: what is written is a
# struct vfs_cap_data (capabilities(7)) of version 2 with the effective flag, which no tool has to be installed for.
# It takes effect with allowPrivilegeEscalation: false, too, as runtimes hold the capability when they execute this;
# without NET_BIND_SERVICE among the container's capabilities it can't be executed at all (EPERM).
ARG SOURCE_DATE_EPOCH=0
RUN find /image -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} + \
 && python3 -c 'import os, struct; os.setxattr("/image/usr/lib/kdns/bin/python", "security.capability", \
      struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0))'

FROM scratch
COPY --from=build /image /
ARG VERSION=unknown
LABEL org.opencontainers.image.title="kdns" \
      org.opencontainers.image.description="A DNS server for Kubernetes clusters: CoreDNS's answers, prepared ahead" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# Not every runtime sets it for users that no /etc/passwd knows; kubernetes_asyncio can't be imported without.
ENV HOME=/
# By number, so that Kubernetes can tell that it is not root (runAsNonRoot); any other will do.
USER 65532:65532
# Where CoreDNS looks for ./Corefile.
WORKDIR /
EXPOSE 53/udp 53/tcp 8080/tcp 8181/tcp 9153/tcp
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/kdns"]
