// Volumes is the provisioner behind the lab's default StorageClass: a volume
// is a folder on the node, made when the first pod that claims it is scheduled
// and deleted with the claim.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

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
	controller.NewProvisionController(ctx, client, name, folders{dir},
		controller.LeaderElection(false),
		// The library waits 15 s after a failure, for the sake of storage far away.
		controller.RateLimiter(workqueue.NewTypedItemExponentialFailureRateLimiter[string](time.Second, time.Minute)),
	).Run(ctx)
	return nil
}
