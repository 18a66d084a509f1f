#!/bin/sh
# Publishes an event over the server API, with curl: sh api.sh URL UID TICKET EVENT
url=$1 uid=$2 ticket=$3 event=$4

# The event's members, behind those that say for whom it is.
line=$(printf '{"uid":%s,"ticket":"%s",%s' "$uid" "$ticket" "${event#\{}")
answer=$(
  curl --silent --max-time 3 --header "Authorization: Bearer $API_KEY" \
    --header 'Content-Type: application/json' --data "$line" "$url/api/v1/push"
)
echo "$answer"
case $answer in *'"result":"ok"'* | *'"result":"queued"'*) ;; *) exit 1 ;; esac
