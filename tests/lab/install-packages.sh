#!/bin/sh
# Installs the Debian packages that the lab needs and that are missing; starts no service.
set -eu
list=$(dirname "$0")/debian-packages.txt
missing=
for package in $(cat "$list"); do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "The lab needs these Debian packages:$missing" >&2
    echo "You are not root: have an administrator run" >&2
    echo "    apt-get install --no-install-recommends$missing" >&2
    exit 2
fi
echo "Installing the Debian packages that the lab needs:$missing"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    # Maintainer scripts would start smbd, winbindd and knotd on every interface.
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
