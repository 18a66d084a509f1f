#!/bin/sh
# Publishes an event over the push port, with nc: sh push.sh HOST:PORT UID TICKET EVENT
address=$1 uid=$2 ticket=$3 event=$4

answer=$(
  {
    [ -z "$PUSH_SECRET" ] || printf '{"auth":"%s"}\n' "$PUSH_SECRET"
    # The event's members, behind those that say for whom it is.
    printf '{"uid":%s,"ticket":"%s",%s\n' "$uid" "$ticket" "${event#\{}"
  } | nc -N -w 3 "${address%:*}" "${address##*:}" | tail -n 1
)
echo "$answer"
[ "$answer" = ok ] || [ "$answer" = queued ]
