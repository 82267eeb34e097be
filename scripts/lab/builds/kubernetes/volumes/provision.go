package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
)

// Annotations by which Kubernetes and its provisioners talk.
const (
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// A provisioner makes volumes of folders in dir for claims whose StorageClass
// calls it by its name.
type provisioner struct {
	client  kubernetes.Interface
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	name    string
	dir     string
}

func newProvisioner(client kubernetes.Interface, factory informers.SharedInformerFactory, name, dir string) *provisioner {
	return &provisioner{
		client:  client,
		claims:  factory.Core().V1().PersistentVolumeClaims().Lister(),
		volumes: factory.Core().V1().PersistentVolumes().Lister(),
		classes: factory.Storage().V1().StorageClasses().Lister(),
		name:    name,
		dir:     dir,
	}
}

// sync makes the volumes that are claimed and deletes those that no longer are.
func (p *provisioner) sync(ctx context.Context) error {
	claims, err := p.claims.List(labels.Everything())
	if err != nil {
		return err
	}
	volumes, err := p.volumes.List(labels.Everything())
	if err != nil {
		return err
	}
	var errs []error
	for _, claim := range claims {
		if class := p.waitsForUs(claim); class != nil {
			errs = append(errs, p.provide(ctx, claim, class))
		}
	}
	for _, volume := range volumes {
		if p.mayGo(volume) {
			errs = append(errs, p.remove(ctx, volume))
		}
	}
	return errors.Join(errs...)
}

// waitsForUs returns the class of a claim that a volume is to be made for now:
// the scheduler has given its pod to the node, and no volume was made yet.
func (p *provisioner) waitsForUs(claim *corev1.PersistentVolumeClaim) *storagev1.StorageClass {
	if claim.Spec.VolumeName != "" || claim.Spec.StorageClassName == nil || claim.DeletionTimestamp != nil || claim.Annotations[selectedNode] == "" {
		return nil
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || class.Provisioner != p.name {
		return nil
	}
	if _, err := p.volumes.Get(volumeName(claim)); err == nil {
		return nil // it will be bound in a moment
	}
	return class
}

// provide makes the folder first: a pod must not see a volume without one.
func (p *provisioner) provide(ctx context.Context, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	volume := p.volumeFor(claim, class)
	if err := makeFolder(volume.Spec.Local.Path); err != nil {
		return fmt.Errorf("making a volume for the claim \"%s/%s\": %w", claim.Namespace, claim.Name, err)
	}
	_, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making a volume for the claim \"%s/%s\": %w", claim.Namespace, claim.Name, err)
	}
	return nil
}

// volumeFor is of type "local", to which, unlike to a hostPath, the kubelet
// applies a pod's fsGroup. Its size is not enforced.
func (p *provisioner) volumeFor(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) *corev1.PersistentVolume {
	name := volumeName(claim)
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: p.name}},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName:              class.Name,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: filepath.Join(p.dir, name)}},
			NodeAffinity:                  onlyOn(claim.Annotations[selectedNode]),
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
}

func volumeName(claim *corev1.PersistentVolumeClaim) string { return "pvc-" + string(claim.UID) }

func onlyOn(node string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}},
	}}}}
}

// makeFolder makes a folder that everybody can write: pods without fsGroup
// are to be able to use their volumes, too.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return os.Chmod(path, 0o777) // the umask has narrowed it
}

// mayGo: the claim is gone, and its class wants the data gone with it.
func (p *provisioner) mayGo(volume *corev1.PersistentVolume) bool {
	return volume.Annotations[provisionedBy] == p.name &&
		volume.Status.Phase == corev1.VolumeReleased &&
		volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete &&
		volume.DeletionTimestamp == nil
}

// remove deletes the folder by the volume's name: whatever a tampered volume
// says of its path, nothing outside of dir is deleted.
func (p *provisioner) remove(ctx context.Context, volume *corev1.PersistentVolume) error {
	if err := os.RemoveAll(filepath.Join(p.dir, filepath.Base(volume.Name))); err != nil {
		return fmt.Errorf("deleting the volume %q: %w", volume.Name, err)
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting the volume %q: %w", volume.Name, err)
	}
	return nil
}
