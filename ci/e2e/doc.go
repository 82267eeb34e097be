// Package e2e runs the pipeline as a user does, `dagger call …`, against the lab: a real engine, a real Kubernetes
// node and a real registry. Its tests need the lab and run with the build tag e2e: make e2e.
package e2e
