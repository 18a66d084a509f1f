<?php
// Publishes an event over the push port: php push.php HOST:PORT UID TICKET EVENT

[, $address, $uid, $ticket, $event] = $argv;
$gate = stream_socket_client("tcp://$address", $errno, $error, 3) or exit(1);
stream_set_timeout($gate, 3);

function say($gate, array $line): string
{
    fwrite($gate, json_encode($line) . "\n");
    return trim((string) fgets($gate));
}

$secret = getenv('PUSH_SECRET');
if ($secret !== false && say($gate, ['auth' => $secret]) !== 'ok') {
    exit("the secret is wrong\n");
}

// With a push_id it is safe to say it again: the page gets it once.
$line = ['uid' => (int) $uid, 'ticket' => $ticket, 'push_id' => bin2hex(random_bytes(8))];
$line += (array) json_decode($event);
$answer = 'unknown';
for ($try = 0; $try < 3 && $answer === 'unknown'; $try++) {
    $answer = say($gate, $line);
}
echo "$answer\n";
exit(in_array($answer, ['ok', 'queued']) ? 0 : 1);
