package cluster_test

const (
	configMaps   = "/api/v1/namespaces/NS/configmaps"
	services     = "/api/v1/namespaces/NS/services"
	secrets      = "/api/v1/namespaces/NS/secrets"
	deployments  = "/apis/apps/v1/namespaces/NS/deployments"
	statefulSets = "/apis/apps/v1/namespaces/NS/statefulsets"
	jobs         = "/apis/batch/v1/namespaces/NS/jobs"
	leases       = "/apis/coordination.k8s.io/v1/namespaces/NS/leases"

	byPipeline = "?fieldManager=pipeline"
	forced     = "?fieldManager=pipeline&force=true"
)

// settings is a ConfigMap; nothing in a cluster changes it but the requests.
const settings = `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {one: "1", two: "2"}}`

const frontEnd = `{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app: a}}, spec: {selector: {app: a, slot: blue}, ports: [{port: 80, targetPort: 3000}]}}`

const paused = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: {app: a}}
spec:
  paused: true
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
      - name: app
        image: docker.io/library/node:24-trixie-slim
        ports: [{containerPort: 3000}]
        env: [{name: ONE, value: "1"}, {name: TWO, value: "2"}]
        readinessProbe: {httpGet: {port: 3000, path: /ready}}
`

// counts are what a Deployment says of its pods.
var counts = []string{"status.observedGeneration", "status.replicas", "status.updatedReplicas", "status.readyReplicas", "status.availableReplicas", "status.unavailableReplicas"}

// running is a workload that starts at once and ends soon after it is told to.
func running(kind, more string) string {
	return `
apiVersion: apps/v1
kind: ` + kind + `
metadata: {name: a}
spec:
  ` + more + `
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: docker.io/library/node:24-trixie-slim, command: [sleep, "3600"], resources: {limits: {cpu: 50m, memory: 32Mi}}}]
`
}

func job(script string) string {
	return `
apiVersion: batch/v1
kind: Job
metadata: {name: a}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: app, image: docker.io/library/node:24-trixie-slim, command: [node, -e, ` + script + `], resources: {limits: {cpu: 500m, memory: 96Mi}}}]
`
}

var contracts = []contract{
	{"what is not there", []exchange{
		{Request: "GET " + configMaps + "/a"},
		{Request: "DELETE " + configMaps + "/a"},
		{Request: "PUT " + configMaps + "/a", Body: settings},
		{Request: "MERGE " + configMaps + "/a", Body: `{data: {one: "2"}}`},
		{Request: "JSON " + configMaps + "/a", Body: `[{op: add, path: /data, value: {}}]`},
		{Request: "MERGE " + deployments + "/a/scale", Body: `{spec: {replicas: 2}}`},
		{Request: "GET /api/v1/namespaces/NS-other/configmaps/a"},
		{Request: "GET /api/v1/namespaces/NS-other/configmaps", only: []string{"items"}},
		{Request: "POST /api/v1/namespaces/NS-other/configmaps", Body: settings},
		{Request: "APPLY /api/v1/namespaces/NS-other/configmaps/a" + forced, Body: settings},
		{Request: "GET /apis/apps/v1/namespaces/NS/unknowns"},
		{Request: "GET /apis/example.com/v1"},
		{Request: "GET /apis/example.com/v1/namespaces/NS/things/a"},
	}},
	{"create", []exchange{
		{Request: "POST " + configMaps + byPipeline, Body: settings},
		{Request: "POST " + configMaps + byPipeline, Body: settings},
		{Request: "GET " + configMaps + "/a"},
		{Request: "POST " + configMaps, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: b, resourceVersion: "5"}}`},
		{Request: "POST " + configMaps, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: other}}`},
		{Request: "POST " + configMaps, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {}}`},
		{Request: "POST " + configMaps, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: Not_A_Name}}`},
		{Request: "POST " + configMaps, Body: `{apiVersion: v1, kind: Secret, metadata: {name: b}}`},
		{Request: "POST " + configMaps + "?dryRun=All", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}`},
		{Request: "GET " + configMaps + "/b"},
		{Request: "POST " + configMaps, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {generateName: b-}}`, only: []string{"metadata.generateName"}},
	}},
	{"update", []exchange{
		{Request: "POST " + configMaps + byPipeline, Body: settings},
		{Request: "PUT " + configMaps + "/a" + byPipeline, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: "<1.metadata.resourceVersion>"}, data: {three: "3"}}`},
		{Request: "PUT " + configMaps + "/a" + byPipeline, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: "<1.metadata.resourceVersion>"}, data: {four: "4"}}`},
		{Request: "PUT " + configMaps + "/a" + byPipeline, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {five: "5"}}`},
		{Request: "PUT " + configMaps + "/a" + byPipeline, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {five: "5"}}`},
		{Request: "PUT " + configMaps + "/a" + byPipeline, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, uid: another}, data: {five: "5"}}`},
		{Request: "PUT " + configMaps + "/a" + byPipeline, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: other}, data: {five: "5"}}`},
		{Request: "PUT " + configMaps + "/a?fieldManager=other", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {five: "5", six: "6"}}`},
	}},
	{"merge patch", []exchange{
		{Request: "POST " + configMaps + byPipeline, Body: settings},
		{Request: "MERGE " + configMaps + "/a" + byPipeline, Body: `{data: {one: null, three: "3"}}`},
		{Request: "MERGE " + configMaps + "/a" + byPipeline, Body: `{data: {three: "3"}}`},
		{Request: "MERGE " + configMaps + "/a?fieldManager=pipeline-fence", Body: `{metadata: {annotations: {team-dashboard.app/fence: token}}}`},
		{Request: "MERGE " + configMaps + "/a" + byPipeline, Body: `{metadata: {resourceVersion: "<1.metadata.resourceVersion>"}, data: {four: "4"}}`},
		{Request: "MERGE " + configMaps + "/a" + byPipeline, Body: `{metadata: {resourceVersion: "<4.metadata.resourceVersion>"}, data: {four: "4"}}`},
		{Request: "MERGE " + configMaps + "/a" + byPipeline, Body: `{metadata: {uid: other}, data: {four: "5"}}`},
		{Request: "MERGE " + configMaps + "/a?fieldManager=pipeline&dryRun=All", Body: `{data: {five: "5"}}`},
		{Request: "GET " + configMaps + "/a"},
		{Request: "MERGE " + configMaps + "/a", Body: `{metadata: {name: other}}`},
	}},
	{"json patch", []exchange{
		{Request: "POST " + configMaps + byPipeline, Body: settings},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: test, path: /data/one, value: "1"}, {op: replace, path: /data/one, value: "2"}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: test, path: /data/one, value: "1"}, {op: replace, path: /data/one, value: "3"}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: test, path: /data/none, value: "1"}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: remove, path: /data/none}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: test, path: /metadata/resourceVersion, value: "<1.metadata.resourceVersion>"}, {op: remove, path: /data/one}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: replace, path: /metadata/resourceVersion, value: "<1.metadata.resourceVersion>"}, {op: remove, path: /data/one}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: replace, path: /metadata/resourceVersion, value: "<2.metadata.resourceVersion>"}, {op: remove, path: /data/one}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: replace, path: /metadata/managedFields, value: []}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: replace, path: /metadata/managedFields, value: [{}]}]`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `{op: remove}`},
	}},
	{"apply", []exchange{
		{Request: "APPLY " + configMaps + "/a" + forced, Body: settings},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: settings},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {two: "2"}}`},
		{Request: "APPLY " + configMaps + "/a?fieldManager=other", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {two: "3"}}`},
		{Request: "APPLY " + configMaps + "/a?fieldManager=other", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {two: "2", three: "3"}}`},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {three: "4"}}`},
		{Request: "APPLY " + configMaps + "/a?fieldManager=other&force=true", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`},
		{Request: "APPLY " + configMaps + "/a", Body: settings},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, managedFields: [{manager: me}]}}`},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}`},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: "<1.metadata.resourceVersion>"}, data: {five: "5"}}`},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, resourceVersion: "<7.metadata.resourceVersion>"}, data: {five: "5"}}`},
		{Request: "APPLY " + configMaps + "/b" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: b, uid: "<1.metadata.uid>", resourceVersion: "<1.metadata.resourceVersion>"}}`},
		{Request: "APPLY " + configMaps + "/b" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: b, resourceVersion: "<1.metadata.resourceVersion>"}}`},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, uid: other}}`},
		{Request: "APPLY " + configMaps + "/c" + forced + "&dryRun=All", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}`},
		{Request: "GET " + configMaps + "/c"},
		{Request: "APPLY " + configMaps + "/a" + forced + "&dryRun=All", Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {six: "6"}}`},
		{Request: "GET " + configMaps + "/a"},
	}},
	{"unknown fields", []exchange{
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selectors: {app: a}, ports: [{port: 80}]}}`},
		{Request: "POST " + services + byPipeline, Body: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selectors: {app: a}, ports: [{port: 80}]}}`, only: []string{"spec.selectors"}},
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: "80"}]}}`},
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: {port: 80}}}`},
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}, {port: 80}]}}`},
	}},
	{"apply what was created", []exchange{
		{Request: "POST " + configMaps + byPipeline, Body: settings},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {two: "2"}}`},
		{Request: "JSON " + configMaps + "/a" + byPipeline, Body: `[{op: replace, path: /metadata/managedFields, value: [{manager: pipeline, operation: Apply, apiVersion: v1, time: "2026-01-01T00:00:00Z", fieldsType: FieldsV1, fieldsV1: {"f:data": {"f:one": {}, "f:two": {}}}}]}, {op: replace, path: /metadata/resourceVersion, value: "<2.metadata.resourceVersion>"}]`},
		{Request: "APPLY " + configMaps + "/a" + forced, Body: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {two: "2"}}`},
	}},
	{"delete", []exchange{
		{Request: "POST " + configMaps, Body: settings},
		{Request: "DELETE " + configMaps + "/a", Body: `{kind: DeleteOptions, apiVersion: v1, preconditions: {uid: other}}`},
		{Request: "MERGE " + configMaps + "/a", Body: `{data: {one: "2"}}`},
		{Request: "DELETE " + configMaps + "/a", Body: `{kind: DeleteOptions, apiVersion: v1, preconditions: {uid: "<1.metadata.uid>", resourceVersion: "<1.metadata.resourceVersion>"}}`},
		{Request: "DELETE " + configMaps + "/a?dryRun=All"},
		{Request: "DELETE " + configMaps + "/a", Body: `{kind: DeleteOptions, apiVersion: v1, propagationPolicy: Background, preconditions: {uid: "<1.metadata.uid>", resourceVersion: "<3.metadata.resourceVersion>"}}`},
		{Request: "DELETE " + configMaps + "/a"},
		{Request: "POST " + configMaps, Body: settings},
		{Request: "MERGE " + configMaps + "/a", Body: `{metadata: {finalizers: [example.com/keep]}}`},
		{Request: "DELETE " + configMaps + "/a"},
		{Request: "GET " + configMaps + "/a"},
		{Request: "DELETE " + configMaps + "/a"},
		{Request: "MERGE " + configMaps + "/a", Body: `{metadata: {finalizers: null}}`},
		{Request: "GET " + configMaps + "/a"},
	}},
	{"list", []exchange{
		{Request: "POST " + secrets, Body: `{apiVersion: v1, kind: Secret, metadata: {name: b, labels: {app: x, tier: web}}, type: example.com/record}`},
		{Request: "POST " + secrets, Body: `{apiVersion: v1, kind: Secret, metadata: {name: a, labels: {app: x}}}`},
		{Request: "POST " + secrets, Body: `{apiVersion: v1, kind: Secret, metadata: {name: c}}`},
		{Request: "GET " + secrets, only: []string{"kind", "apiVersion", "items"}},
		{Request: "GET " + secrets + "?labelSelector=app%3Dx", only: []string{"items"}},
		{Request: "GET " + secrets + "?labelSelector=app%3Dx%2C%21tier", only: []string{"items"}},
		{Request: "GET " + secrets + "?labelSelector=app+in+%28x%2Cy%29%2Ctier", only: []string{"items"}},
		{Request: "GET " + secrets + "?labelSelector=app%3D%3D%3Dx"},
		{Request: "GET " + secrets + "?fieldSelector=metadata.name%3Da", only: []string{"items"}},
		{Request: "GET " + secrets + "?fieldSelector=type%3Dexample.com%2Frecord", only: []string{"items"}},
		{Request: "GET " + secrets + "?fieldSelector=data.key%3Da"},
	}},
	{"secret", []exchange{
		{Request: "APPLY " + secrets + "/a" + forced, Body: `{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {key: value}}`},
		{Request: "APPLY " + secrets + "/a" + forced, Body: `{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: dmFsdWU=}}`},
		{Request: "APPLY " + secrets + "/a" + forced, Body: `{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: "not base64!"}}`},
		{Request: "APPLY " + secrets + "/a" + forced, Body: `{apiVersion: v1, kind: Secret, metadata: {name: a}, type: other}`},
		{Request: "MERGE " + secrets + "/a" + byPipeline, Body: `{immutable: true}`},
		{Request: "MERGE " + secrets + "/a" + byPipeline, Body: `{data: {key: b3RoZXI=}}`},
	}},
	{"service", []exchange{
		{Request: "APPLY " + services + "/a" + forced, Body: frontEnd},
		{Request: "APPLY " + services + "/a" + forced, Body: frontEnd},
		{Request: "JSON " + services + "/a" + byPipeline, Body: `[{op: test, path: /spec/selector/slot, value: blue}, {op: replace, path: /spec/selector/slot, value: green}]`},
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app: a}}, spec: {selector: {app: a}, ports: [{name: web, port: 80, targetPort: 3000}, {name: metrics, port: 9090}]}}`},
		{Request: "MERGE " + services + "/a?fieldManager=kubectl-patch", Body: `{spec: {ports: [{name: web, port: 80, targetPort: 3001}, {name: metrics, port: 9090}]}}`},
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a, labels: {app: a}}, spec: {selector: {app: a}, ports: [{name: web, port: 80, targetPort: 3000}]}}`},
		{Request: "APPLY " + services + "/a" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 0}]}}`},
		{Request: "MERGE " + services + "/a" + byPipeline, Body: `{spec: {clusterIP: 10.1.2.3, clusterIPs: [10.1.2.3]}}`},
		{Request: "APPLY " + services + "/b" + forced, Body: `{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {selector: {app: a}, clusterIP: None, ports: [{name: web, port: 80, targetPort: http}]}}`},
		{Request: "DELETE " + services + "/a"},
	}},
	{"deployment", []exchange{
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused},
		{Request: "APPLY " + deployments + "/b" + forced, Body: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: b}}, spec: {containers: [{name: app, image: a}]}}}}`},
		{Request: "APPLY " + deployments + "/b" + forced, Body: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}, spec: {selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: b}}, spec: {containers: []}}}}`},
		{Request: "APPLY " + deployments + "/b" + forced, Body: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: b}, spec: {replicas: -1, selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: b}}, spec: {containers: [{name: app, image: a, ports: [{containerPort: 300000}]}]}}}}`},
		{Request: "MERGE " + deployments + "/a" + byPipeline, Body: `{spec: {selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: b}}}}}`},
		{Request: "MERGE " + deployments + "/a" + byPipeline, Body: `{status: {replicas: 7}}`, only: []string{"metadata.generation", "status"}},
		{Request: "MERGE " + deployments + "/a?fieldManager=pipeline-fence", Body: `{metadata: {annotations: {team-dashboard.app/fence: token}}}`, only: []string{"metadata.generation", "metadata.annotations"}},
		{Request: "MERGE " + deployments + "/a?fieldManager=other", Body: `{metadata: {labels: {one: more}}}`, only: []string{"metadata.generation", "metadata.labels"}},
	}},
	{"scale", []exchange{
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused, only: []string{"spec.replicas", "metadata.generation"}},
		{Request: "GET " + deployments + "/a/scale", only: []string{"apiVersion", "kind", "metadata.name", "spec"}},
		{Request: "MERGE " + deployments + "/a/scale" + byPipeline, Body: `{spec: {replicas: 0}}`, only: []string{"apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.uid", "spec"}},
		{Request: "MERGE " + deployments + "/a/scale" + byPipeline, Body: `{spec: {replicas: 3}}`, only: []string{"spec"}},
		{Request: "GET " + deployments + "/a", only: []string{"spec.replicas", "metadata.managedFields"}},
		{Request: "MERGE " + deployments + "/a/scale?fieldManager=other", Body: `{spec: {replicas: 2}}`, only: []string{"spec"}},
		{Request: "MERGE " + deployments + "/a/scale" + byPipeline, Body: `{metadata: {resourceVersion: "1"}, spec: {replicas: 3}}`},
		{Request: "MERGE " + deployments + "/a/scale" + byPipeline, Body: `{spec: {replicas: -3}}`},
		{Request: "GET " + deployments + "/a", only: []string{"spec.replicas", "metadata.generation", "metadata.managedFields"}},
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused, only: []string{"spec.replicas", "metadata.generation"}},
	}},
	{"scale of an applied number", []exchange{
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused + "  replicas: 2\n", only: []string{"metadata.generation"}},
		{Request: "MERGE " + deployments + "/a/scale" + byPipeline, Body: `{spec: {replicas: 3}}`, only: []string{"spec"}},
		{Request: "GET " + deployments + "/a", only: []string{"spec.replicas", "metadata.managedFields"}},
		{Request: "MERGE " + deployments + "/a/scale?fieldManager=other", Body: `{spec: {replicas: 0}}`, only: []string{"spec"}},
		{Request: "GET " + deployments + "/a", only: []string{"spec.replicas", "metadata.managedFields"}},
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused + "  replicas: 2\n", only: []string{"spec.replicas", "metadata.managedFields"}},
	}},
	{"a template that people changed", []exchange{
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused, only: []string{"spec.template"}},
		{Request: "JSON " + deployments + "/a?fieldManager=kubectl-edit", Body: `[{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: THREE, value: "3"}}, {op: replace, path: /spec/template/spec/containers/0/env/0/value, value: "7"}, {op: add, path: /spec/template/spec/containers/-, value: {name: sidecar, image: other}}]`, only: []string{"spec.template", "metadata.managedFields"}},
		{Request: "APPLY " + deployments + "/a" + forced, Body: paused, only: []string{"spec.template", "metadata.managedFields"}},
	}},
	{"lease", []exchange{
		{Request: "POST " + leases + byPipeline, Body: `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: pipeline, annotations: {team-dashboard.app/lock-token: one}}, spec: {holderIdentity: ada, leaseDurationSeconds: 30, renewTime: "2026-01-01T00:00:00.000000Z"}}`},
		{Request: "JSON " + leases + "/pipeline" + byPipeline, Body: `[{op: test, path: /metadata/annotations/team-dashboard.app~1lock-token, value: one}, {op: replace, path: /spec/renewTime, value: "2026-01-01T00:00:01.000000Z"}]`},
		{Request: "JSON " + leases + "/pipeline" + byPipeline, Body: `[{op: test, path: /metadata/annotations/team-dashboard.app~1lock-token, value: two}, {op: replace, path: /spec/renewTime, value: "2026-01-01T00:00:01.000000Z"}]`},
		{Request: "PUT " + leases + "/pipeline" + byPipeline, Body: `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: pipeline}, spec: {holderIdentity: bob}}`},
		{Request: "PUT " + leases + "/pipeline" + byPipeline, Body: `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: pipeline, resourceVersion: "<1.metadata.resourceVersion>"}, spec: {holderIdentity: bob}}`},
		{Request: "PUT " + leases + "/another" + byPipeline, Body: `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: another, resourceVersion: "<1.metadata.resourceVersion>"}, spec: {holderIdentity: bob}}`},
		{Request: "PUT " + leases + "/another" + byPipeline, Body: `{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: another}, spec: {holderIdentity: bob}}`},
	}},
	{"rights", []exchange{
		{Request: "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Body: `{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectAccessReview, spec: {resourceAttributes: {verb: patch, group: apps, version: v1, resource: deployments, subresource: scale, namespace: NS}}}`, only: []string{"apiVersion", "kind", "status.allowed"}},
	}},
	{"deployment and its pods", []exchange{
		{Request: "APPLY " + deployments + "/a" + forced, Body: running("Deployment", "replicas: 2"), only: []string{"metadata.generation", "metadata.uid", "metadata.annotations", "status"}},
		{Request: "GET " + deployments + "/a", until: [2]string{"status.availableReplicas", "2"}, only: append([]string{"metadata.generation", "status.conditions.0.type", "status.conditions.1.type"}, counts...)},
		{Request: "GET /apis/apps/v1/namespaces/NS/replicasets", only: []string{"items.0.metadata.labels", "items.0.metadata.ownerReferences", "items.0.metadata.name", "items.0.spec.replicas", "items.0.spec.selector", "items.0.status"}},
		{Request: "GET /api/v1/namespaces/NS/pods", only: []string{"items.0.metadata.labels", "items.0.metadata.generateName", "items.0.metadata.ownerReferences", "items.0.status.phase", "items.0.status.containerStatuses.0.image",
			"items.0.status.containerStatuses.0.ready", "items.0.status.containerStatuses.0.started", "items.0.status.containerStatuses.0.restartCount", "items.0.status.containerStatuses.0.lastState"}},
		{Request: "MERGE " + deployments + "/a" + byPipeline, Body: `{spec: {template: {metadata: {annotations: {restarted: once}}}}}`, only: []string{"metadata.generation"}},
		{Request: "GET " + deployments + "/a", until: [2]string{"status.observedGeneration", "2"}, only: []string{"status.observedGeneration"}},
		{Request: "MERGE " + deployments + "/a/scale" + byPipeline, Body: `{spec: {replicas: 0}}`, only: []string{"spec"}},
		{Request: "GET " + deployments + "/a", until: [2]string{"status.observedGeneration", "3"}, only: []string{"metadata.generation"}},
		{Request: "GET /api/v1/namespaces/NS/pods", until: [2]string{"items", "[]"}, only: []string{"items"}},
		{Request: "GET " + deployments + "/a", until: [2]string{"status.replicas", "<nil>"}, only: counts},
	}},
	{"stateful set and its pods", []exchange{
		{Request: "APPLY " + statefulSets + "/a" + forced, Body: running("StatefulSet", "serviceName: a"), only: []string{"metadata.generation", "metadata.uid", "status"}},
		{Request: "GET " + statefulSets + "/a", until: [2]string{"status.readyReplicas", "1"}, only: []string{"status.observedGeneration", "status.replicas", "status.readyReplicas", "status.availableReplicas", "status.updatedReplicas", "status.currentReplicas"}},
		{Request: "GET /api/v1/namespaces/NS/pods", only: []string{"items.0.metadata.name", "items.0.metadata.labels.apps", "items.0.metadata.ownerReferences", "items.0.status.phase"}},
		{Request: "MERGE " + statefulSets + "/a/scale" + byPipeline, Body: `{spec: {replicas: 0}}`, only: []string{"spec"}},
		{Request: "GET /api/v1/namespaces/NS/pods", until: [2]string{"items", "[]"}, only: []string{"items"}},
	}},
	{"job and its pod", []exchange{
		{Request: "POST " + jobs + byPipeline, Body: job("process.exit(0)"), only: []string{"metadata.uid"}},
		{Request: "GET " + jobs + "/a", until: [2]string{"status.succeeded", "1"}, only: []string{"status.succeeded", "status.failed", "status.conditions.0.type", "status.conditions.1.type", "status.conditions.1.reason"}},
		{Request: "GET /api/v1/namespaces/NS/pods", only: []string{"items.0.metadata.generateName", "items.0.metadata.ownerReferences", "items.0.status.phase", "items.0.status.containerStatuses.0.state.terminated.exitCode", "items.0.status.containerStatuses.0.state.terminated.reason"}},
		{Request: "DELETE " + jobs + "/a", Body: `{kind: DeleteOptions, apiVersion: v1, propagationPolicy: Background}`, only: []string{"status", "details.kind"}},
		{Request: "GET /api/v1/namespaces/NS/pods", until: [2]string{"items", "[]"}, only: []string{"items"}},
	}},
	{"generations", []exchange{
		{Request: "POST /apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers", Body: `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: none}}}`},
		{Request: "POST /apis/policy/v1/namespaces/NS/poddisruptionbudgets", Body: `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {maxUnavailable: 1, selector: {matchLabels: {app: none}}}}`},
		{Request: "POST /apis/networking.k8s.io/v1/namespaces/NS/networkpolicies", Body: `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}}`},
		{Request: "MERGE /apis/networking.k8s.io/v1/namespaces/NS/networkpolicies/a", Body: `{spec: {ingress: []}}`},
		{Request: "POST /apis/networking.k8s.io/v1/namespaces/NS/ingresses", Body: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {ingressClassName: none, rules: [{host: NS.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}}`},
		{Request: "POST /apis/batch/v1/namespaces/NS/cronjobs", Body: `{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: "0 0 1 1 *", suspend: true, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}}}`},
		{Request: "POST /apis/batch/v1/namespaces/NS/jobs", Body: `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}`},
		{Request: "POST /api/v1/namespaces/NS/serviceaccounts", Body: `{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}, automountServiceAccountToken: false}`},
		{Request: "POST /apis/rbac.authorization.k8s.io/v1/namespaces/NS/roles", Body: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}`},
		{Request: "POST /apis/rbac.authorization.k8s.io/v1/namespaces/NS/rolebindings", Body: `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}, subjects: [{kind: ServiceAccount, name: a, namespace: NS}]}`},
		{Request: "POST /api/v1/namespaces/NS/persistentvolumeclaims", Body: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}}`},
		{Request: "POST /apis/apps/v1/namespaces/NS/statefulsets", Body: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {replicas: 0, serviceName: a, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: app, image: a}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}}`},
		{Request: "MERGE /apis/apps/v1/namespaces/NS/statefulsets/a", Body: `{spec: {serviceName: b}}`},
		{Request: "POST /apis/apps/v1/namespaces/NS/daemonsets", Body: `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {nodeSelector: {none: such}, containers: [{name: app, image: a}]}}}}`},
		{Request: "POST /apis/gateway.networking.k8s.io/v1/namespaces/NS/gateways", Body: `{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: a}, spec: {gatewayClassName: none, listeners: [{name: web, port: 80, protocol: HTTP}]}}`},
		{Request: "POST /apis/gateway.networking.k8s.io/v1/namespaces/NS/httproutes", Body: `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a}, spec: {parentRefs: [{name: a}], rules: [{matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{name: a, port: 80}]}]}}`},
	}},
}
