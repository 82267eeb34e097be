// Package clustertest is an API server in memory, for tests, in the manner of net/http/httptest.
//
// A Server keeps objects as the real one does: versions that move when something changed and only then, generations,
// server-side apply with apimachinery's own field manager, JSON patches, preconditions. It plays the controllers of
// Deployments and StatefulSets, whose pods are ready at once unless Server.Hanging says otherwise.
//
// Each Client is one process with its own connection: Client.Cluster is a real *cluster.Cluster on it, and Client.Fault breaks
// its n-th write: refused, lost, frozen, or the end of the process. No network and no real time is involved, so that tests run
// in testing/synctest bubbles.
package clustertest
