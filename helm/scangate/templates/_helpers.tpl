{{/* The chart's name, or what stands in its place. */}}
{{- define "scangate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* The name of all objects; short enough for a suffix. */}}
{{- define "scangate.fullname" -}}
{{- $name := include "scangate.name" . }}
{{- $release := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $release .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* What an installation's objects have in common; the pods are found by these and their component. */}}
{{- define "scangate.selector" -}}
app.kubernetes.io/name: {{ include "scangate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "scangate.pods" -}}
{{ include "scangate.selector" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{/* The job by which dashboard and alerts know the nodes, whatever the chart is called here. */}}
{{- define "scangate.job" -}}
app.kubernetes.io/part-of: scangate
{{- end }}

{{- define "scangate.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "scangate.selector" . }}
{{ include "scangate.job" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "scangate.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{- define "scangate.serviceAccount" -}}
{{- default (ternary (include "scangate.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{/* Whether pods are joined by Redis: "true", or nothing. */}}
{{- define "scangate.redis" -}}
{{- if or .Values.redis.url .Values.redis.existingSecret }}true{{ end }}
{{- end }}

{{/* Whether a secret comes from anywhere: "true", or nothing. */}}
{{- define "scangate.given" -}}
{{- if or .existingSecret .file .value }}true{{ end }}
{{- end }}

{{/* Whether publishers reach the push port: "true", or nothing. */}}
{{- define "scangate.pushOpen" -}}
{{- if .Values.service.push.withoutSecret }}true{{ else }}{{ include "scangate.given" .Values.secrets.pushSecret }}{{ end }}
{{- end }}

{{/* Whether the test pod can do a round trip: "true", or nothing. */}}
{{- define "scangate.testable" -}}
{{- if and .Values.test.enabled (include "scangate.given" .Values.secrets.opsApiKey) }}{{ include "scangate.pushOpen" . }}{{ end }}
{{- end }}

{{/* The URL by which people reach the gateway, where that is known. */}}
{{- define "scangate.url" -}}
{{- if .Values.config.public.url }}
{{- .Values.config.public.url }}
{{- else if .Values.ingress.enabled }}
{{- ternary "https" "http" .Values.ingress.tls.enabled }}://{{ .Values.ingress.host }}
{{- end }}
{{- end }}

{{/*
When a pod that still runs is killed: not before it had its time to drain. After the last goodbye a node takes up to 12 s
(src/node/drain.rs): 5 s for its tasks, 2 s for timelines and traces, 5 s for what is given back at Redis. Unless it is
said otherwise there are 3 s to spare.
*/}}
{{- define "scangate.grace" -}}
{{- $drain := .Values.config.drain }}
{{- $needed := add .Values.preStopSeconds (ceil $drain.delay_seconds) (ceil $drain.seconds) 12 }}
{{- $given := .Values.terminationGracePeriodSeconds }}
{{- if kindIs "invalid" $given }}
{{- add $needed 3 }}
{{- else if lt (int64 $given) $needed }}
{{- fail (printf "terminationGracePeriodSeconds (%d) is shorter than preStopSeconds, config.drain and the 12 s for the rest together (%d): the pod would be killed in the middle of its drain" (int64 $given) $needed) }}
{{- else }}
{{- int64 $given }}
{{- end }}
{{- end }}

{{/*
The configuration file: what the values say, and what the chart itself decides. JSON's text, number, switch and list
are TOML's, too.
*/}}
{{- define "scangate.toml" -}}
{{- $address := .Values.listenAddress }}
{{- $public := dict "listen" (printf "%s:2129" $address) }}
{{- if .Values.tls.existingSecret }}
{{- $public = merge $public (dict "tls_cert" "/etc/scangate/tls/tls.crt" "tls_key" "/etc/scangate/tls/tls.key") }}
{{- end }}
{{- with include "scangate.url" . }}
{{- $public = merge $public (dict "url" .) }}
{{- end }}
{{- $push := dict "listen" (printf "%s:5678" (ternary $address "127.0.0.1" (include "scangate.pushOpen" . | eq "true"))) }}
{{- $ops := dict "listen" (printf "%s:9129" $address) }}
{{- $chart := dict "public" $public "push" $push "ops" $ops }}
{{- if not (include "scangate.redis" .) }}
{{- $chart = merge $chart (dict "data" (dict "dir" "/data")) }}
{{- end }}
{{- range $section, $keys := mergeOverwrite (deepCopy .Values.config) $chart }}
{{- if $keys }}
[{{ $section }}]
{{- range $key, $value := $keys }}
{{ $key }} = {{ toJson $value }}
{{- end }}
{{ end }}
{{- end }}
{{- end }}

{{/* The variables: where the configuration is, the secrets, and what the values add. */}}
{{- define "scangate.env" -}}
{{- with .Values.extraEnv }}
{{- toYaml . }}
{{ end -}}
- name: SCANGATE_CONFIG
  value: /etc/scangate/config/scangate.toml
{{- if .Values.redis.existingSecret }}
- name: SCANGATE_BROKER_URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.redis.existingSecret }}, key: {{ .Values.redis.key }}}
{{- else if .Values.redis.url }}
- name: SCANGATE_BROKER_URL
  value: {{ quote .Values.redis.url }}
{{- end }}
{{- if .Values.redis.ca.existingSecret }}
- name: SSL_CERT_FILE
  value: /etc/scangate/redis-ca/ca.crt
{{- end }}
{{- include "scangate.secretEnv" (dict "root" . "names" (keys .Values.secrets | sortAlpha)) }}
{{- end }}

{{/* The variables of the named secrets; `pushSecret` is `SCANGATE_PUSH_SECRET`. */}}
{{- define "scangate.secretEnv" -}}
{{- range .names }}
{{- $secret := get $.root.Values.secrets . }}
{{- $variable := printf "SCANGATE_%s" (snakecase . | upper) }}
{{- if $secret.file }}
- name: {{ $variable }}_FILE
  value: {{ quote $secret.file }}
{{- else if or $secret.existingSecret $secret.value }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef: {name: {{ default (include "scangate.fullname" $.root) $secret.existingSecret }}, key: {{ $secret.key }}}
{{- end }}
{{- end }}
{{- end }}

{{/* The Secret of the values that were given here; empty without any. */}}
{{- define "scangate.ownSecrets" -}}
{{- range $name, $secret := .Values.secrets }}
{{- if and $secret.value (not $secret.existingSecret) (not $secret.file) }}
{{ $secret.key }}: {{ b64enc $secret.value }}
{{- end }}
{{- end }}
{{- end }}
