<?php
// Publishes an event over the server API: php api.php URL UID TICKET EVENT

[, $url, $uid, $ticket, $event] = $argv;

$line = ['uid' => (int) $uid, 'ticket' => $ticket] + (array) json_decode($event);
$headers = ['Content-Type: application/json'];
if (($key = getenv('API_KEY')) !== false) {
    $headers[] = "Authorization: Bearer $key";
}
$request = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => $headers,
    'content' => json_encode($line),
    'timeout' => 3,
    'ignore_errors' => true, // a refusal has a body too
]]);
$answer = file_get_contents("$url/api/v1/push", false, $request);
echo "$answer\n";
$verdict = json_decode((string) $answer, true)['result'] ?? null;
exit(in_array($verdict, ['ok', 'queued']) ? 0 : 1);
