package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// note is what CNI's library writes for a pod, less what netpol does not read.
const note = `{
  "kind": "cniCacheV1", "networkName": "lab", "ifName": "eth0",
  "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAMESPACE", "shop"], ["K8S_POD_NAME", "web-1"], ["K8S_POD_INFRA_CONTAINER_ID", "77"]],
  "result": {"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "10.244.0.7/32", "gateway": "10.244.0.1"}]}
}`

func TestParseResult(t *testing.T) {
	tests := map[string]struct {
		text  string
		pod   string
		found []string
	}{
		"a pod's":              {text: note, pod: "shop/web-1", found: []string{"10.244.0.7"}},
		"the loopback's":       {text: `{"cniArgs": [["K8S_POD_NAME", "web-1"]], "result": {"ips": [{"address": "127.0.0.1/8"}]}}`},
		"one without a pod":    {text: `{"result": {"ips": [{"address": "10.244.0.7/32"}]}}`},
		"one not written yet":  {text: ""},
		"one half written yet": {text: note[:len(note)/2]},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			pod, found := parseResult([]byte(test.text))
			assert.Equal(t, test.pod, pod)
			assert.Equal(t, test.found, found)
		})
	}
}

func TestAddressesOfAPod(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lab-77-eth0"), []byte(note), 0o600))
	changed := newSignal()
	addresses, err := watchAddresses(t.Context(), dir, changed)
	require.NoError(t, err)

	pod := func(name, reported string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Status: corev1.PodStatus{PodIP: reported}}
	}
	assert.Equal(t, []string{"10.244.0.7"}, addresses.of(pod("web-1", "")), "before the kubelet reports it")
	assert.Equal(t, []string{"10.244.0.7"}, addresses.of(pod("web-1", "10.244.0.6")), "a pod whose network was made anew")
	assert.Equal(t, []string{"10.244.0.8"}, addresses.of(pod("web-2", "10.244.0.8")), "a pod without a note")
	assert.Empty(t, addresses.of(pod("web-2", "")))

	require.NoError(t, os.Remove(filepath.Join(dir, "lab-77-eth0")))
	<-changed
	assert.Empty(t, addresses.of(pod("web-1", "")), "the network is gone")
}

func TestPodsWithoutANetworkOfTheirOwnDoNotCount(t *testing.T) {
	of := func(p *corev1.Pod) []string { return []string{p.Status.PodIP} }
	pods := []*corev1.Pod{
		{ObjectMeta: metav1.ObjectMeta{Name: "running"}, Status: corev1.PodStatus{PodIP: "10.244.0.2", Phase: corev1.PodRunning}},
		{ObjectMeta: metav1.ObjectMeta{Name: "pending"}, Status: corev1.PodStatus{PodIP: "10.244.0.3", Phase: corev1.PodPending}},
		{ObjectMeta: metav1.ObjectMeta{Name: "done"}, Status: corev1.PodStatus{PodIP: "10.244.0.4", Phase: corev1.PodSucceeded}},
		{ObjectMeta: metav1.ObjectMeta{Name: "failed"}, Status: corev1.PodStatus{PodIP: "10.244.0.5", Phase: corev1.PodFailed}},
		{ObjectMeta: metav1.ObjectMeta{Name: "the node's"}, Spec: corev1.PodSpec{HostNetwork: true}, Status: corev1.PodStatus{PodIP: "10.99.0.1", Phase: corev1.PodRunning}},
	}
	s := newState(pods, nil, nil, of)
	require.Len(t, s.pods, 2)
	assert.Equal(t, "{ 10.244.0.2, 10.244.0.3 }", set(s.pods), "addresses of pods that have ended are given to others")
}
