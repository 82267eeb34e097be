// Volumes is the provisioner behind the lab's default StorageClass: a volume
// is a folder on the node, made when the first pod that claims it has been
// given to the node, and deleted with the claim.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const retryAfter = time.Second

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file that tells the API server and the identity")
	name := flag.String("provisioner", "", "name by which StorageClasses call this program")
	dir := flag.String("dir", "", "folder for the volumes")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *kubeconfig, *name, *dir); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, kubeconfig, name, dir string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	p := newProvisioner(client, factory, name, dir)
	changed := make(chan struct{}, 1)
	signal := func() {
		select {
		case changed <- struct{}{}:
		default: // a look at everything is due already
		}
	}
	if err := watch(factory, signal); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		if err := p.sync(ctx); err != nil {
			log.Print(err)
			time.AfterFunc(retryAfter, signal)
		}
	}
}

// watch calls changed when a claim, a volume or a class has changed.
func watch(factory informers.SharedInformerFactory, changed func()) error {
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { changed() },
		UpdateFunc: func(_, _ any) { changed() },
		DeleteFunc: func(any) { changed() },
	}
	for _, informer := range []cache.SharedIndexInformer{
		factory.Core().V1().PersistentVolumeClaims().Informer(),
		factory.Core().V1().PersistentVolumes().Informer(),
		factory.Storage().V1().StorageClasses().Informer(),
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	return nil
}
