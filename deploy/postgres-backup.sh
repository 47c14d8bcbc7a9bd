#!/bin/sh
# A dump of the database, checked, in FOLDER; with KEEP, all but the newest KEEP are removed.
#   usage: PGDATABASE=nguon PGHOST=… PGUSER=… deploy/postgres-backup.sh FOLDER [KEEP]
# Connects as every PostgreSQL program does: PGHOST, PGUSER and so on; the password from
# ~/.pgpass or PGPASSWORD. Restoring it: docs/operator.md. The signing key is not in it.
set -eu
folder=${1:?usage: postgres-backup.sh FOLDER [KEEP]}
keep=${2:-0}
case $keep in *[!0-9]*) echo "KEEP is a number, not $keep" >&2; exit 2 ;; esac
umask 077
mkdir -p "$folder"
target="$folder/nguon-$(date -u +%Y%m%dT%H%M%SZ).dump"
partial="$target.partial"
trap 'rm -f "$partial"' EXIT
pg_dump --format=custom --no-owner --file="$partial"
# A dump that cannot be read is none: read all of it, not only its list of contents.
pg_restore --file=/dev/null "$partial"
sync "$partial"
mv "$partial" "$target"
sync "$folder"
echo "$target: $(wc -c < "$target") bytes"
if [ "$keep" -gt 0 ]; then
    ls -1 "$folder"/nguon-*.dump | sort -r | tail -n +"$((keep + 1))" | while read -r old; do
        rm -f "$old"
        echo "removed $old"
    done
fi
