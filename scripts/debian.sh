# Sourced by build, run and test: installs Debian packages that are missing, and says so.

# need PACKAGE...
need() {
    missing=
    for package in "$@"; do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
        [ "$status" = "install ok installed" ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "$0: these Debian packages are missing and only root can install them:$missing" >&2
        exit 1
    fi

    command -v apt-get >/dev/null || {
        echo "$0: this is not a Debian system; install the equivalents of:$missing" >&2
        exit 1
    }

    echo "installing$missing" >&2
    install_quietly $missing || {
        apt-get update -q -o Acquire::Retries=5 >/dev/null && install_quietly $missing
    } || {
        echo "$0: apt-get could not install:$missing" >&2
        exit 1
    }
}

# No package may start a service of its own, or ask a question.
install_quietly() {
    policy=/usr/sbin/policy-rc.d
    made=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made=yes
    fi

    code=0
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        -o Acquire::Retries=5 -o DPkg::Lock::Timeout=600 "$@" >/dev/null </dev/null || code=$?
    [ -z "$made" ] || rm -f "$policy"
    return "$code"
}

# need_root WHY
need_root() {
    [ "$(id -u)" = 0 ] || {
        echo "$0: needs root: $1. Try: sudo $0" >&2
        exit 1
    }
}

need_dotnet() {
    command -v dotnet >/dev/null || {
        echo "$0: the .NET 10 SDK is missing; see https://dotnet.microsoft.com/download" >&2
        exit 1
    }
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
    # Build servers would outlive the script.
    export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false
}
