// Package clustertest is an API server in memory, for tests, in the manner of net/http/httptest.
//
// A Server keeps objects as the real one does: versions that move when something changed and only then, generations, defaults,
// server-side apply with apimachinery's own field managers, merge patches and JSON patches, preconditions, dry runs, finalizers.
// What it answers is held against a real API server's answers: see the contract in ci/cluster. It finds of the mistakes in
// objects those that the contract has, and knows the kinds that the pipeline knows (kinds.go, defaults.yaml, schema.yaml).
//
// It plays the controllers of Deployments, StatefulSets, DaemonSets and Jobs, which have done their work before a write is
// answered. Their pods are ready at once unless Server.Hanging says otherwise; a Job does what Server.RunJob says.
//
// Each Client is one process with its own connection: Client.Cluster is a real *cluster.Cluster on it, and Client.Fault breaks
// its n-th write: refused, lost, frozen, or the end of the process. No network and no real time is involved, so that tests run
// in testing/synctest bubbles.
package clustertest
