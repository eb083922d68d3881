#!/usr/bin/env bash
# kind.sh [IMAGE]: a kind cluster in which kdns takes CoreDNS's place and gives it back.
#
# Without IMAGE, kdns:dev is built from this repository. The same questions are asked from a Pod three times: of
# CoreDNS, of kdns, and of CoreDNS again. Nothing but the cluster of that name is made, and it is deleted at the end;
# KEEP=1 leaves it. Needs docker, kind and kubectl. Your kubeconfig is neither read nor written.
set -euo pipefail
cd "$(dirname "$0")"

image=${1:-kdns:dev}
cluster=${CLUSTER:-kdns-try}

clean_up() {
  local code=$?
  [ "$code" = 0 ] || kubectl get pods -A -o wide || true
  if [ -n "${KEEP:-}" ]; then
    echo "left: KUBECONFIG=$KUBECONFIG, kind delete cluster --name $cluster"
  else
    kind delete cluster --name "$cluster" || code=1
    rm -r "$work"
  fi
  exit "$code"
}

# roll_out: waits until all Pods of the cluster's DNS are those that its Deployment now asks for.
roll_out() { kubectl rollout status -n kube-system deployment/coredns --timeout=3m; }

# What a Pod asks, and what it must be told: the names of the demo, through the Pod's own resolv.conf.
questions='
try() { got=$(dig +short +search $1 | tr "\n" " "); [ "$got" = "$2 " ] || { echo "$1: not $2 but $got"; bad=1; }; }
try "nginx-service A" 10.96.10.10
try "external-db.default A" 10.96.30.10
try "postgres-1.postgres-headless.default.svc A" 10.244.2.21
try "external-service.default.svc.cluster.local. CNAME" api.example.com.
try "_http._tcp.multi-port-service.default.svc.cluster.local. SRV" \
    "0 100 80 multi-port-service.default.svc.cluster.local."
try "10.10.96.10.in-addr.arpa. PTR" nginx-service.default.svc.cluster.local.
dig missing.default.svc.cluster.local. | grep -q NXDOMAIN || { echo "missing: not NXDOMAIN"; bad=1; }
exit ${bad:-0}'

# ask NAME: asks the questions from a new Pod of that name.
ask() {
  kubectl run "$1" --image=registry.k8s.io/e2e-test-images/agnhost:2.55 --restart=Never --command -- sh -c "$questions"
  local ended='{.status.containerStatuses[0].state.terminated.exitCode}'
  kubectl wait "pod/$1" --for=jsonpath="$ended" --timeout=3m
  [ "$(kubectl get "pod/$1" -o jsonpath="$ended")" = 0 ] || { kubectl logs "$1"; return 1; }
}

# First all of it and then a look: `grep -q` at the end of a pipe may kill what writes, and so deny what it has found.
clusters=$(kind get clusters)
if grep -Fqx "$cluster" <<<"$clusters"; then
  echo "there is a kind cluster $cluster already; it is left alone" >&2
  exit 1
fi
[ $# -gt 0 ] || docker build -t "$image" ..
work=$(mktemp -d)
export KUBECONFIG=$work/kubeconfig
trap clean_up EXIT
kind create cluster --name "$cluster" --wait 5m
kind load docker-image "$image" --name "$cluster"
roll_out
# The demo without its Pods, which would pull images, and without cluster.yaml, which every cluster has of its own.
for part in nginx postgres multi-port external; do
  kubectl apply -l '!app' -f "../kdns/demo/$part.yaml"
done
ask as-coredns

kubectl get -n kube-system deployment coredns -o yaml >"$work/coredns.yaml"
kubectl kustomize replace | sed "s|image: .*|image: $image|" | kubectl apply -f -
roll_out
ask as-kdns

sed '/^  resourceVersion:/d' "$work/coredns.yaml" | kubectl replace -f -
kubectl delete -n kube-system poddisruptionbudgets,networkpolicies -l app.kubernetes.io/part-of=kdns
roll_out
ask as-coredns-again
echo "kdns took CoreDNS's place, and gave it back"
