package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

const name = "test/volumes"

// synced gives the objects to a provisioner, lets it look once, and returns
// the volumes that there are then.
func synced(t *testing.T, dir string, objects ...runtime.Object) []corev1.PersistentVolume {
	t.Helper()
	client := fake.NewClientset(objects...)
	factory := informers.NewSharedInformerFactory(client, 0)
	p := newProvisioner(client, factory, name, dir)
	require.NoError(t, watch(factory, func() {}))
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	require.NoError(t, p.sync(context.Background()))

	list, err := client.CoreV1().PersistentVolumes().List(context.Background(), metav1.ListOptions{})
	require.NoError(t, err)
	return list.Items
}

func class(provisioner string) *storagev1.StorageClass {
	policy := corev1.PersistentVolumeReclaimDelete
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: provisioner, ReclaimPolicy: &policy}
}

func claim(change func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	local := "local"
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "data", UID: "1234", Annotations: map[string]string{selectedNode: "lab"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &local,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if change != nil {
		change(c)
	}
	return c
}

func TestAClaimGetsAVolumeThatAnyUserCanWrite(t *testing.T) {
	dir := t.TempDir()
	volumes := synced(t, dir, class(name), claim(nil))
	require.Len(t, volumes, 1)

	spec := volumes[0].Spec
	info, err := os.Stat(spec.Local.Path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o777), info.Mode().Perm())
	assert.Equal(t, filepath.Join(dir, "pvc-1234"), spec.Local.Path)
	assert.Equal(t, "data", spec.ClaimRef.Name)
	assert.EqualValues(t, "1234", spec.ClaimRef.UID, "another claim of that name must not get it")
	assert.Equal(t, resource.MustParse("1Gi"), spec.Capacity[corev1.ResourceStorage])
	assert.Equal(t, []string{"lab"}, spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values)
	assert.Equal(t, corev1.PersistentVolumeReclaimDelete, spec.PersistentVolumeReclaimPolicy)
}

func TestAClaimGetsNoVolume(t *testing.T) {
	tests := map[string]struct {
		provisioner string
		change      func(*corev1.PersistentVolumeClaim)
	}{
		"that another provisioner makes":    {provisioner: "another"},
		"before its pod is given to a node": {change: func(c *corev1.PersistentVolumeClaim) { c.Annotations = nil }},
		"when it has one":                   {change: func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pvc-1" }},
		"when it wants a class by no name":  {change: func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil }},
		"when it is being deleted": {change: func(c *corev1.PersistentVolumeClaim) {
			c.DeletionTimestamp, c.Finalizers = &metav1.Time{Time: time.Unix(1, 0)}, []string{"pvc-protection"}
		}},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			if test.provisioner == "" {
				test.provisioner = name
			}
			assert.Empty(t, synced(t, dir, class(test.provisioner), claim(test.change)))
			folders, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, folders)
		})
	}
}

func TestAVolumeGoesWithItsClaim(t *testing.T) {
	tests := map[string]struct {
		change func(*corev1.PersistentVolume)
		goes   bool
	}{
		"released": {goes: true},
		"bound":    {change: func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeBound }},
		"to be kept": {change: func(v *corev1.PersistentVolume) {
			v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		}},
		"of another provisioner":    {change: func(v *corev1.PersistentVolume) { v.Annotations[provisionedBy] = "another" }},
		"tampered to name a parent": {goes: true, change: func(v *corev1.PersistentVolume) { v.Spec.Local.Path = filepath.Dir(v.Spec.Local.Path) }},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"pvc-1234", "pvc-5678"} {
				require.NoError(t, makeFolder(filepath.Join(dir, folder, "pgdata")))
			}
			p := &provisioner{name: name, dir: dir}
			volume := p.volumeFor(claim(nil), class(name))
			volume.Status.Phase = corev1.VolumeReleased
			if test.change != nil {
				test.change(volume)
			}
			left := synced(t, dir, volume)
			assert.Equal(t, test.goes, len(left) == 0)
			if test.goes {
				assert.NoDirExists(t, filepath.Join(dir, "pvc-1234"))
			} else {
				assert.DirExists(t, filepath.Join(dir, "pvc-1234"))
			}
			assert.DirExists(t, filepath.Join(dir, "pvc-5678"), "another claim's")
		})
	}
}
