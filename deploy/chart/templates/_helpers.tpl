{{- define "aftershow.labels" -}}
app.kubernetes.io/name: aftershow
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "aftershow.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "aftershow.pod" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 2Gi}
{{- end }}

{{- define "aftershow.container" -}}
image: {{ include "aftershow.image" .root }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
{{- with .root.Values.secrets }}
envFrom:
  {{- range . }}
  - secretRef: {name: {{ . }}}
  {{- end }}
{{- end }}
env:
  - name: AFTERSHOW_DATABASE_URL
    valueFrom: {secretKeyRef: {name: {{ .root.Values.database.secret }}, key: {{ .url }}}}
  - {name: TEMPORAL_ADDRESS, value: {{ .root.Values.temporal.address | quote }}}
  - {name: TEMPORAL_NAMESPACE, value: {{ .root.Values.temporal.namespace | quote }}}
  {{- range $name, $value := .root.Values.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
{{- end }}
