# Sourced by run and tests/critest/run: a crispd with directories, a bridge and a subnet of its own, and its removal without a trace.
#
# node_make        chooses the places: $state, $root, $socket, $bridge, $subnet; from then on node_end must run at the end
# node_start       starts crispd on the configuration in $state/config.yaml, which node_configure has written
# node_end         removes all pods, ends crispd, and compares what was held before with what is left

crispd=
registry=
watched_ids=
watched_links=

# Without a terminal as its input, .NET leaves the terminal's modes alone.
crisp() { "${CRISP_BIN:-artifacts/bin}/crisp" --address "unix://$socket" "$@" </dev/null; }

link_exists() { ip link show dev "$1" >/dev/null 2>&1; }

node_make() {
    # Images stay in artifacts/run from one run to the next, for one crispd at a time; all else is new each time.
    root=$PWD/artifacts/run/root
    root_is_temporary=
    mkdir -p artifacts/run
    exec 9>artifacts/run/lock
    if ! flock -n 9; then
        root=$(mktemp -d "$PWD/artifacts/run/root.XXXXXX")
        root_is_temporary=yes
    fi

    if [ "$(stat -f -c %T artifacts/run)" = overlayfs ]; then
        # Overlay cannot be stacked on overlay, as in a container; then the images live as long as the run.
        root=$(mktemp -d /dev/shm/crisp-run.XXXXXX)
        root_is_temporary=yes
    fi

    forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
    nat_before=$(iptables -w -t nat -S 2>/dev/null || true)
    number=0
    while link_exists "crisp$number" || ip -4 -o addr show | grep -q " 10\.212\.$number\." ||
        ip -4 route show table all | grep -q "^10\.212\.$number\."; do
        number=$((number + 1))
        [ $number -lt 250 ] || {
            echo "$0: no free subnet from 10.212.0.0/24 to 10.212.249.0/24" >&2
            exit 1
        }
    done
    bridge=crisp$number
    subnet=10.212.$number
    state=$(mktemp -d /run/crisp-run.XXXXXX)
    mkdir -p "$root"
    chmod 711 "$state" "$root" # a pod with a user namespace has to reach what lies below
    socket=$state/crisp.sock
}

# node_configure: the configuration, with the hosts directory $state/certs.d.
node_configure() {
    mkdir -p "$state/certs.d" "$state/cni" "$state/logs"
    cat >"$state/cni/10-demo.conflist" <<JSON
{
  "cniVersion": "1.0.0",
  "name": "$bridge",
  "plugins": [
    {
      "type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "dataDir": "$state/leases",
        "ranges": [[{ "subnet": "$subnet.0/24" }]], "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
JSON
    cat >"$state/config.yaml" <<YAML
root: $root
state: $state
listen: $socket
streaming: { address: 127.0.0.1, port: 0 }
registry: { hostsDir: $state/certs.d }
cni:
  confDir: $state/cni
  binDirs: [/opt/cni/bin, /usr/lib/cni]
YAML
}

node_start() {
    setsid "${CRISP_BIN:-artifacts/bin}/crispd" --config "$state/config.yaml" >"$state/crispd.log" 2>&1 9>&- &
    crispd=$!
    tries=0
    until crisp version >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ] || ! kill -0 "$crispd" 2>/dev/null; then
            echo "$0: crispd does not answer" >&2
            exit 1
        fi
        sleep 0.05
    done
}

# registry_host HOST PORT: makes HOST mean the registry on this loopback port, over plain HTTP.
registry_host() {
    mkdir -p "$state/certs.d/$1"
    cat >"$state/certs.d/$1/hosts.toml" <<TOML
server = "http://127.0.0.1:$2"

[host."http://127.0.0.1:$2"]
  capabilities = ["pull", "resolve"]
TOML
}

free_port() {
    port=$1
    while ss -ltnH "sport = :$port" | grep -q .; do port=$((port + 1)); done
    echo "$port"
}

# node_watch POD CONTAINER: has the comparison look for these, and for the bridge's ports.
node_watch() {
    watched_ids="$watched_ids $*"
    watched_links="$watched_links $(ip -o link show master "$bridge" | sed 's/^[0-9]*: \([^@:]*\).*/\1/' | tr '\n' ' ')"
}

# What the node holds on the machine, one line each.
holdings() {
    { grep -F -e " $state/" -e " $root/" -e "=$root/" /proc/self/mountinfo || true; } | awk '{ print "mount " $5 }'
    for id in $watched_ids; do
        find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null | sed 's/^/cgroup /'
        iptables -w -t nat -S 2>/dev/null | grep -F "$id" | sed 's/^/iptables /'
    done
    for link in $bridge $watched_links; do
        ! link_exists "$link" || echo "link $link"
    done
    for process in /proc/[0-9]*; do
        case $({ tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null) in
            *"$state/"*) echo "process ${process#/proc/}" ;;
            *) # A container's process is known by its root mount.
                awk -v of="=$root/" '$5 == "/" && index($0, of) { found = 1 } END { exit !found }' "$process/mountinfo" 2>/dev/null &&
                    echo "process ${process#/proc/}" ;;
        esac
    done
    [ ! -e "$state" ] || echo "directory $state"
    [ -z "$root_is_temporary" ] || [ ! -e "$root" ] || echo "directory $root"
}

# Undoes everything, whatever the state of things, and compares; for the EXIT trap.
node_end() {
    code=$?
    trap '' INT TERM HUP
    trap - EXIT
    set +e
    [ -z "$crispd" ] || printf '\nstopping\n'
    held=$(holdings | sort)
    if [ -n "$crispd" ] && kill -0 "$crispd" 2>/dev/null; then
        for id in $(crisp --timeout 30s pods -q 2>/dev/null); do
            crisp --timeout 60s rm -f "$id" >/dev/null || code=1
        done
        kill -TERM "$crispd"
        wait "$crispd"
    fi

    [ -z "$registry" ] || { kill -TERM "$registry" && wait "$registry"; } 2>/dev/null
    force_away
    ! link_exists "$bridge" || ip link delete "$bridge"
    remove_portmap_chains
    echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
    [ "$code" = 0 ] || ! [ -s "$state/crispd.log" ] || { echo "--- the end of crispd's log:"; tail -n 20 "$state/crispd.log"; } >&2
    rm -rf --one-file-system "$state"
    [ -z "$root_is_temporary" ] || rm -rf --one-file-system "$root"

    left=$(holdings)
    if [ -z "$left" ]; then
        echo "before and after compared: $(count "$held") came and went, nothing is left"
    else
        echo "left behind:"
        echo "$left"
        code=1
    fi
    exit "$code"
}

# What only a crash of crispd leaves: processes, then mounts, then cgroups.
force_away() {
    holdings | sed -n 's/^process //p' | xargs -r kill -KILL 2>/dev/null
    holdings | sed -n 's/^mount //p' | sort -r | while read -r mount; do umount -l "$mount"; done
    holdings | sed -n 's/^cgroup //p' | sort -r | while read -r cgroup; do rmdir "$cgroup"; done
} 2>/dev/null

# The portmap plugin leaves its top chains for the next pod; they go when they are empty and were not there before.
remove_portmap_chains() {
    case $nat_before in *CNI-HOSTPORT-DNAT*) return ;; esac
    ! iptables -w -t nat -S CNI-HOSTPORT-DNAT 2>/dev/null | grep -q '^-A' || return
    iptables -w -t nat -S 2>/dev/null | grep -e '^-A .*CNI-HOSTPORT-' | sed 's/^-A/-D/' | while read -r rule; do
        echo "$rule" | xargs iptables -w -t nat
    done
    for chain in CNI-HOSTPORT-DNAT CNI-HOSTPORT-SETMARK CNI-HOSTPORT-MASQ; do
        iptables -w -t nat -F $chain && iptables -w -t nat -X $chain
    done 2>/dev/null
}

# count LINES: "3 mount, 2 link" from lines that start with their kind.
count() {
    echo "$1" | awk 'NF { n[$1]++ } END { for (k in n) printf "%s%d %s%s", s, n[k], k, (n[k] > 1 ? (k ~ /s$/ ? "es" : "s") : ""); }' s=', ' |
        sed 's/^, //; s/iptables\(es\)\?/iptables rules/; s/directorys/directories/'
}
