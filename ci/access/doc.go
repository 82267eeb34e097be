// Package access says whether an environment's namespace is the application's own, and what the kubeconfig's user may do
// in it. The namespace, its Pod Security level and the rights in it are an administrator's (k8s/platform/deployer.yaml):
// the pipeline reads them, and tells what an administrator has to do when they are not as the manifests say.
package access
