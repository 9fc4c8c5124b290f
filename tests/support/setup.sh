#!/usr/bin/env bash
# Installs what building and testing need: Debian packages as root or through sudo, and Python's test tools in .venv.
# Shared by examples/quickstart.sh and tests/run.sh. Run again with nothing missing, it only looks.
#
#   tests/support/setup.sh [SECTION ...]   sections of packages.txt: build, try, test (default: all of them)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
sections=("$@")
[ ${#sections[@]} -gt 0 ] || sections=(build try test)

# Lines "package  # why" of sections; a section starts at a line "# section: NAME".
lines_of() {
    awk -v wanted=" $* " '
        /^# section: / { section = $3; next }
        /^[a-z0-9]/ && index(wanted, " " section " ") { print }' "$here/packages.txt"
}

packages_list() {
    lines_of "${sections[@]}"
}

installed() {
    dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# A line may name a package in several ways, ONE|OTHER: it is missing where none of them is installed.
packages_missing() {
    local names name
    packages_list | while read -r names _; do
        for name in ${names//|/ }; do
            ! installed "$name" || continue 2
        done
        echo "$names"
    done
}

other_system() {
    echo "setup: this script installs Debian packages, and this system has no apt-get." >&2
    echo "setup: install your system's packages for the following, then run cmake --preset release yourself:" >&2
    packages_list | sed 's/^/  /' >&2
}

# Runs a command as root; says what to do where that is not possible.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    elif command -v sudo >/dev/null && [ -t 0 ]; then
        sudo "$@"
    else
        echo "setup: only root may install them: run this as root, or with sudo" >&2
        return 1
    fi
}

# The first of ONE|OTHER that this distribution has; the last where it has none, so that apt-get names it.
named_here() {
    local name
    for name in ${1//|/ }; do
        ! apt-cache show "$name" >/dev/null 2>&1 || break
    done
    echo "$name"
}

# Run as root. Daemons that come with packages (a KDC, winbind, inetd) are started neither now nor with the system: whoever
# tries or tests us starts private ones. Nothing that is installed already is removed for ours.
install_quietly() {
    local policy=/usr/sbin/policy-rc.d package names chosen=()
    if [ ! -e "$policy" ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get update -q >/dev/null
    for names; do
        chosen+=("$(named_here "$names")")
    done
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-remove --no-install-recommends "${chosen[@]}" >/dev/null ||
        return
    for package in "${chosen[@]}"; do
        [ ! -x "/etc/init.d/$package" ] || update-rc.d "$package" disable >/dev/null 2>&1 || true
    done
}

packages_install() {
    local missing
    mapfile -t missing < <(packages_missing)
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "setup: installing ${missing[*]}"
    as_root bash -c "set -euo pipefail; $(declare -f named_here install_quietly); install_quietly \"\$@\"" bash "${missing[@]}" || {
        echo "setup: apt-get could not install them, see above" >&2
        if installed krb5-user; then echo "setup: krb5-user and heimdal-clients exclude each other" >&2; fi
        return 1
    }
}

# Packages that exclude installed ones: their files alone, in build/peers. Without them their tests are skipped.
unpack_beside() {
    local folder=$root/build/peers wanted fetched
    mapfile -t wanted < <(lines_of unpack | awk '{ print $1 }')
    if [ "$(cat "$folder/packages" 2>/dev/null)" = "${wanted[*]}" ]; then
        return 0
    fi
    echo "setup: unpacking ${wanted[*]} into build/peers"
    rm -rf "$folder"
    fetched=$(mktemp -d)
    mkdir -p "$folder"
    if (cd "$fetched" && apt-get download -q -o APT::Sandbox::User=root "${wanted[@]}" >/dev/null) &&
        find "$fetched" -name '*.deb' -exec dpkg -x '{}' "$folder" ';'; then
        echo "${wanted[*]}" >"$folder/packages"
    else
        echo "setup: could not fetch them" >&2
    fi
    rm -rf "$fetched"
}

# Debian's Python modules belong to /usr/bin/python3, so the environment is made by that interpreter and sees them.
venv_install() {
    local python=/usr/bin/python3 stamp="$root/.venv/requirements.txt"
    [ -x "$python" ] || python=$(command -v python3)
    if cmp -s "$here/requirements.txt" "$stamp" && "$root/.venv/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    echo "setup: making .venv with Python's test tools"
    rm -rf "$root/.venv"
    "$python" -m venv --system-site-packages "$root/.venv"
    "$root/.venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$stamp"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    packages_install
else
    other_system
fi
if [[ " ${sections[*]} " == *" test "* ]]; then
    if command -v apt-get >/dev/null; then unpack_beside; fi
    venv_install
fi
