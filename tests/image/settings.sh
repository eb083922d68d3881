# Where build.sh and run.sh keep everything, and what they build from. Sourced by both.
folder=${KDNS_IMAGE_FOLDER:-/var/tmp/kdns-image}
suite=${KDNS_IMAGE_SUITE:-trixie}
image=localhost/kdns:$suite

storage() {
  buildah --storage-driver vfs --root "$folder/storage" --runroot "$folder/run" "$@"
}
