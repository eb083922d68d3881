#!/usr/bin/env bash
# Builds the image where there is no Docker engine: with buildah, on a Debian that debootstrap makes the first time.
# Needs root and both tools. Prints the image's name, its digest and its size.
set -euo pipefail
cd "$(dirname "$0")"
. ./settings.sh
cd ../..

base=localhost/debian-python:$suite

make_base() {
  local root="$folder/base-$suite"
  rm -rf "$root"
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$root" >"$root.log"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
  local container
  container=$(storage from scratch)
  storage copy --quiet "$container" "$root" / >/dev/null
  storage commit --quiet --rm "$container" "$base" >/dev/null
  rm -rf "$root"
}

mkdir -p "$folder"
storage inspect --type image "$base" >/dev/null 2>&1 || make_base

# What this machine says of package indexes and of CAs holds for the build, too.
volumes=()
for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
  [ ! -e "$file" ] || volumes+=(--volume "$file:$file:ro")
done

storage bud --quiet --isolation chroot --timestamp "${SOURCE_DATE_EPOCH:-0}" "${volumes[@]}" \
  --build-arg "BASE=$base" --build-arg "VERSION=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' kdns/__init__.py)" \
  --tag "$image" . >"$folder/build.log" 2>&1 || { tail -n 30 "$folder/build.log" >&2; exit 1; }
storage rmi --prune >/dev/null 2>&1 || echo "images from before are still in use" >&2
storage images --format '{{.Name}}:{{.Tag}} {{.Digest}} {{.Size}}' "$image"
