//go:build !soak

package rollout

// exhaustive says whether every fault is tried at every write of every scene, which takes minutes: `make soak` does.
const exhaustive = false
