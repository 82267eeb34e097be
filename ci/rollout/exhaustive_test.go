//go:build soak

package rollout

// exhaustive says whether every fault is tried at every write of every scene.
const exhaustive = true
