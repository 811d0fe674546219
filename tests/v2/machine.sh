# Sourced by tests/v2/run: a user-mode Linux with systemd, which runs one job and ends. A job is a directory that the machine sees
# as /job: in it lie `settings` for tests/v2/guest, then `started`, `output` and `code` from it.
#
# machine_image                            makes the root file system, unless it is there: $image
# machine_start NAME FILTER COMMAND        starts a machine
# machine_wait NAME                        waits for its end, at most $machine_limit seconds
# machine_job NAME                         the job's directory
# machine_end                              ends all machines and removes what they had; for the EXIT trap

machine_limit=${CRISP_V2_LIMIT:-2700}
machines=
packages=systemd,systemd-sysv,dbus,kmod,iproute2,iptables,procps,busybox-static,runc,crun,containernetworking-plugins,docker-registry

machine_image() {
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
    key=$({ echo "$suite $packages" && cat tests/v2/machine.sh tests/v2/crisp-job.service; } | sha256sum | cut -c 1-16)
    mkdir -p artifacts/v2
    image=$PWD/artifacts/v2/root-$key.img
    exec 8>artifacts/v2/lock
    flock 8
    if [ ! -e "$image" ]; then
        begin=$(date +%s)
        rm -f artifacts/v2/root-*.img
        tree=$(mktemp -d "$PWD/artifacts/v2/tree.XXXXXX")
        trap 'rm -rf --one-file-system "$tree" "$image.new"' EXIT
        machine_tree "$suite" "$tree" >artifacts/v2/mmdebstrap.log 2>&1 || {
            tail -n 20 artifacts/v2/mmdebstrap.log >&2
            echo "$0: mmdebstrap failed" >&2
            exit 1
        }
        truncate -s 2G "$image.new"
        mkfs.ext4 -q -O ^has_journal -d "$tree" "$image.new"
        mv "$image.new" "$image"
        rm -rf --one-file-system "$tree"
        trap - EXIT
        echo "$image: $(($(date +%s) - begin)) s"
    fi
    exec 8>&-
}

# iptables-nft needs modules that the kernel lacks; the job's unit is what the machine boots to.
machine_tree() {
    mmdebstrap --variant=minbase --include="$packages" --aptopt='Acquire::Retries "5"' \
        --dpkgopt=path-exclude=/usr/share/man/* --dpkgopt=path-exclude=/usr/share/doc/* --dpkgopt=path-exclude=/usr/share/locale/* \
        --customize-hook='for name in iptables ip6tables; do chroot "$1" update-alternatives --set $name /usr/sbin/$name-legacy; done' \
        --customize-hook='copy-in tests/v2/crisp-job.service /etc/systemd/system' \
        --customize-hook='mkdir "$1/job" && echo crisp-v2 >"$1/etc/hostname" && : >"$1/etc/resolv.conf"' \
        "$1" "$2" http://deb.debian.org/debian
}

machine_job() { echo "$job_root/$1"; }

machine_start() {
    # Where the machine's memory lies decides how fast it is; few machines have less than this as shared memory, but containers do.
    if [ -z "${job_root-}" ]; then
        job_root=$(mktemp -d /tmp/crisp-v2.XXXXXX)
        memory=/dev/shm
        [ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt 6000000 ] || memory=$PWD/artifacts/v2
        memory=$(mktemp -d "$memory/crisp-v2.XXXXXX")
    fi

    job=$(machine_job "$1")
    mkdir -p "$job"
    dotnet_root=$(dirname "$(readlink -f "$(command -v dotnet)")")
    {
        quoted repository "$PWD"
        quoted binaries "$(cd "${CRISP_BIN:-artifacts/bin}" && pwd)"
        quoted dotnet_root "$dotnet_root"
        quoted test_console "$dotnet_root/sdk/$(dotnet --version)/vstest.console.dll"
        quoted driver "${1%-*}"
        quoted runtime "${1#*-}"
        quoted filter "$2"
        quoted command "$3"
    } >"$job/settings"
    cp tests/v2/guest "$job/guest"

    TMPDIR=$memory setsid linux.uml mem=2048M "ubd0=$memory/$1.cow,$image" root=/dev/ubda rw con0=fd:0,fd:1 con=null ssl=null \
        init_on_alloc=0 systemd.show_status=0 systemd.unit=crisp-job.service "job=$job" \
        >"artifacts/v2/results/$1.console" 2>&1 </dev/null &
    machines="$machines $1:$!:$(($(date +%s) + machine_limit))"
}

# quoted NAME VALUE: an assignment that a shell can read.
quoted() { printf "%s='%s'\n" "$1" "$(printf %s "$2" | sed "s/'/'\\\\''/g")"; }

machine_wait() {
    for machine in $machines; do
        [ "${machine%%:*}" = "$1" ] || continue
        limit=${machine##*:}
        pid=${machine#*:}
        pid=${pid%:*}
        while kill -0 "$pid" 2>/dev/null && [ "$(date +%s)" -lt "$limit" ]; do sleep 0.5; done
        machine_kill "$pid"
    done
}

# The whole group: what runs in the machine is a process each here, and none may outlive it.
machine_kill() {
    kill -s KILL -- "-$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

machine_end() {
    code=$?
    trap '' INT TERM HUP
    for machine in $machines; do
        pid=${machine#*:}
        machine_kill "${pid%:*}"
    done
    [ -z "${job_root-}" ] || rm -rf --one-file-system "$job_root" "$memory"
    exit "$code"
}
