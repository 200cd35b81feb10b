#!/usr/bin/env bash
# The counter, tested with curl and jq against a server whose clock is set over HTTP.
#
#   SESSIONID_MANAGE=path/to/manage ./counter.sh
set -euo pipefail

manage=${SESSIONID_MANAGE:-manage}
command -v "$manage" >/dev/null || { echo "no $manage: set SESSIONID_MANAGE to the path of the program" >&2; exit 1; }
age=30
folder=$(mktemp -d)
jar="$folder/cookies"

# The server says in one line of JSON where it is. It would end with its standard input, which a script has none of in the
# background: `--stay` leaves that out, and the trap ends it by its clock.
mkfifo "$folder/ready"
RUST_LOG=${RUST_LOG:-off} "$manage" testserver --age "$age" --stay >"$folder/ready" &
ready=$(head -n 1 "$folder/ready")
url=$(jq -r .url <<<"$ready")
clock=$(jq -r .clock <<<"$ready")
trap 'curl -s -o /dev/null -X DELETE "$clock"; wait; rm -r "$folder"' EXIT

# Moves the clock: turn JSON.
turn() { curl -fsS -d "$1" "$clock"; }

# curl forgets cookies by the system's time: this does it by the server's. The fifth column is the end, 0 for none.
forget_expired() {
    local now
    now=$(curl -fsS "$clock" | jq -r '.now | sub("\\.[0-9]+"; "") | fromdate')
    awk -v now="$now" 'BEGIN { FS = "\t" } !/\t/ || $5 == 0 || $5 > now' "$jar" >"$jar.new"
    mv "$jar.new" "$jar"
}

sessionid() { awk '$6 == "sessionid" { print $7 }' "$jar"; }
visit() { forget_expired && curl -fsS -b "$jar" -c "$jar" "$url/hello/world" | sed -n 's/.*<b>\([0-9]*\)<.*/\1/p'; }

# A new visitor, at the present time, which stands.
begin() {
    : >"$jar"
    turn '{"reset": true, "freeze": true}' >/dev/null
    curl -fsS -X DELETE "$clock/sessions"
}

# is WHAT EXPECTED FOUND
is() {
    if [ "$2" != "$3" ]; then
        echo "not ok: $1: expected $2, found $3" >&2
        exit 1
    fi
    echo "ok: $1"
}

begin
is "it counts" "0 1 2" "$(visit) $(visit) $(visit)"

begin
visit >/dev/null
turn "{\"advance\": $((age - 1))}" >/dev/null
is "it survives a second less than its age" 1 "$(visit)"

begin
visit >/dev/null
before=$(sessionid)
turn "{\"advance\": $((age + 1))}" >/dev/null
is "the server has ended it, though the cookie is sent" 0 "$(curl -fsS -b "sessionid=$before" "$url/hello/world2" | sed -n 's/.*<b>\([0-9]*\)<.*/\1/p')"
forget_expired
is "the client has forgotten it" "" "$(sessionid)"
is "it begins anew" 0 "$(visit)"
is "under another id" different "$([ "$(sessionid)" != "$before" ] && echo different)"

begin
curl -fsS -b "$jar" -c "$jar" -d '[["set", "counter", 5], ["set_expiry", 0]]' "$url/script" >/dev/null
is "a session of the browser's has no end" 0 "$(awk '$6 == "sessionid" { print $5 }' "$jar")"
turn "{\"advance\": $((age - 1))}" >/dev/null
is "and is there as long as the row" 5 "$(visit)"

begin
visit >/dev/null
key=$(sessionid)
curl -fsS -X PUT -d '{"data": {"counter": 41}, "expire_in": 10}' "$clock/sessions/$key" >/dev/null
is "any state is a fixture" 41 "$(visit)"
is "and can be looked at" 42 "$(curl -fsS "$clock/sessions" | jq '.[] | select(.live) | .data.counter')"

is "what is refused says what is allowed" true \
    "$(curl -s -d '{"advance": 1000000000000}' "$clock" | jq '.error | contains("9899")')"
