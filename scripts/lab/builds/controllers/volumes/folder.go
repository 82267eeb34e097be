package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// folders makes volumes of folders in dir.
type folders struct{ dir string }

// Provision makes the folder of a claim that a pod on a node is waiting for.
// It is a volume of type "local", to which, unlike to a hostPath, the kubelet
// applies a pod's fsGroup. Its size is not enforced.
func (f folders) Provision(_ context.Context, o controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if o.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, fmt.Errorf("providing the volume %q: no node was chosen; the StorageClass needs volumeBindingMode WaitForFirstConsumer", o.PVName)
	}
	path := filepath.Join(f.dir, o.PVName)
	if err := makeFolder(path); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("providing the volume %q: %w", o.PVName, err)
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: o.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			MountOptions:                  o.StorageClass.MountOptions,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: o.PVC.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			NodeAffinity:                  onlyOn(o.SelectedNodeName),
		},
	}, controller.ProvisioningFinished, nil
}

// makeFolder makes a folder that everybody can write: pods without fsGroup
// are to be able to use their volumes, too.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return os.Chmod(path, 0o777) // the umask has narrowed it
}

func onlyOn(node string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}},
	}}}}
}

// Delete deletes the folder of a volume. The path is made from the volume's
// name: whatever a tampered volume says of itself, nothing else is deleted.
func (f folders) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	path := filepath.Join(f.dir, filepath.Base(volume.Name))
	if volume.Spec.Local == nil || volume.Spec.Local.Path != path {
		return &controller.IgnoredError{Reason: fmt.Sprintf("volume %q is not the folder %q", volume.Name, path)}
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("deleting the volume %q: %w", volume.Name, err)
	}
	return nil
}
