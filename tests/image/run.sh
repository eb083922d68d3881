#!/usr/bin/env bash
# Runs the image that build.sh has made as Kubernetes would run it: as its numeric user, with a read-only root, with no
# capability but NET_BIND_SERVICE and no new privileges, as process 1. Needs root, buildah, util-linux and procps.
#
#   run.sh [--volume FROM:TO[:ro]] [--env NAME=VALUE] [--user UID:GID] [--capabilities LIST] [--entrypoint PROGRAM]
#          [--] ARGUMENT...
#
# LIST is one of setpriv's, added to no capability at all.
# The network is the caller's: for one of its own, put `unshare --net` before. /etc/resolv.conf is this machine's.
set -euo pipefail
[ "${1:-}" = --here ] || exec unshare --mount "$0" --here "$@"
shift
. "$(dirname "$0")/settings.sh"

user='' entrypoint='' capabilities=+net_bind_service environment=() volumes=(/etc/resolv.conf:/etc/resolv.conf:ro)
while [ $# -gt 0 ]; do
  case $1 in
    --volume) volumes+=("$2") ;;
    --env) environment+=("$2") ;;
    --user) user=$2 ;;
    --entrypoint) entrypoint=$2 ;;
    --capabilities) capabilities=$2 ;;
    --) shift; break ;;
    *) break ;;
  esac
  shift 2
done

configured() {
  storage inspect --type image --format "$1" "$image" | sed '/^$/d'
}
mapfile -t command < <(configured '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}')
[ -z "$entrypoint" ] || command=("$entrypoint")
mapfile -t -O "${#environment[@]}" environment < <(configured '{{range .OCIv1.Config.Env}}{{println .}}{{end}}')
workdir=$(configured '{{.OCIv1.Config.WorkingDir}}')
user=${user:-$(configured '{{.OCIv1.Config.User}}')}

container=$(storage from --pull-never "$image")
root=$(storage mount "$container")
trap 'umount --recursive --lazy "$root"; storage rm "$container" >/dev/null' EXIT
mount --bind "$root" "$root"

# The image has no setpriv: it comes with this machine's loader and libraries.
setpriv=$(command -v setpriv)
mkdir -p "$root"/{proc,dev,.setpriv}
ldd "$setpriv" | grep -o '/[^ ]*' | xargs cp -L -t "$root/.setpriv" "$setpriv"
mv "$root"/.setpriv/ld-linux-* "$root/.setpriv/ld.so"

for volume in "${volumes[@]}" /dev/null:/dev/null /dev/urandom:/dev/urandom; do
  IFS=: read -r from to mode <<<"$volume"
  mkdir -p "$root${to%/*}"
  if [ -d "$from" ]; then mkdir -p "$root$to"; else touch "$root$to"; fi
  mount --bind "$from" "$root$to"
  [ "$mode" != ro ] || mount -o remount,bind,ro "$root$to"
done
mount -o remount,bind,ro "$root"

env -i PATH=/usr/local/bin:/usr/bin:/bin "${environment[@]}" "$(command -v unshare)" \
  --pid --fork --kill-child --root="$root" --mount-proc=/proc --wd="$workdir" \
  /.setpriv/ld.so --library-path /.setpriv /.setpriv/setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups \
  --inh-caps=-all --ambient-caps=-all --bounding-set="-all,$capabilities" --no-new-privs "${command[@]}" "$@" &
trap 'pkill --signal TERM --parent $!' TERM INT
status=0
wait $! || status=$?
while kill -0 $! 2>/dev/null; do  # a signal has ended the wait, not what is waited for
  status=0
  wait $! || status=$?
done
exit "$status"
