#!/bin/sh
# Install the services that tests talk to, each only if missing, where that is allowed.
# Without them their tests skip and say why; REQUIRE_SERVICES=1 makes such a skip a failure.
set -eu
missing=""
[ -x /usr/sbin/mosquitto ] || command -v mosquitto >/dev/null 2>&1 || missing="$missing mosquitto"
command -v mosquitto_sub >/dev/null 2>&1 || missing="$missing mosquitto-clients"
command -v victoria-metrics >/dev/null 2>&1 || missing="$missing victoria-metrics"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ] || missing="$missing fonts-noto-core"
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Not a Debian or Ubuntu machine: install by hand$missing; their tests skip until then." >&2
    exit 0
fi
run=""
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then
        run="sudo -n"
    else
        echo "Not allowed to install$missing; their tests skip." >&2
        echo "As root: apt-get install --no-install-recommends$missing" >&2
        exit 0
    fi
fi
echo "Installing$missing …"
# Servers must not start by themselves: tests start their own, on ports of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] && [ -z "$run" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
$run apt-get update -qq
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
