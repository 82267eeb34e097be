// Takes the Team Management Dashboard from source to production on Kubernetes, and back.
//
// A release is built once, proven on staging, and deployed blue-green to production: a second
// set of the four services is started beside the live one, verified, switched to as a whole and
// watched; what goes wrong is switched back by itself.
//
// Try: dagger call status --env staging
package main

import (
	"dagger/team-dashboard/internal/dagger"
)

// Takes the Team Management Dashboard from source to production on Kubernetes, and back.
type TeamDashboard struct {
	// +private
	Source *dagger.Directory
	// +private
	Manifests *dagger.Directory
	// +private
	Kubeconfig *dagger.Secret
	// +private
	Context string
	// +private
	APIServer *dagger.Service
	// +private
	RegistryUsername string
	// +private
	RegistryPassword *dagger.Secret
	// +private
	CA *dagger.File
	// +private
	Resolve string
	// +private
	Actor string
}

func New(
	// The pnpm workspace to deploy: a folder with its .git, or a git URL. The source is what git tracks, whatever it is
	// called, and new files that git does not ignore; of a tracked .env or .env.local it is the committed content.
	// +defaultPath="/"
	// +ignore=["**/node_modules", "**/.next", "**/.env", "**/.env.local", "**/.env.*.local"]
	source *dagger.Directory,
	// The Kubernetes manifests and Dockerfiles: the folder k8s.
	// +defaultPath="/k8s"
	manifests *dagger.Directory,
	// The kubeconfig of the cluster, such as file://$HOME/.kube/config or env://KUBECONFIG_CONTENT.
	// +optional
	kubeconfig *dagger.Secret,
	// The context of the kubeconfig; its current one when left out.
	// +optional
	context string,
	// Where the API server of a cluster on this machine's loopback listens, such as tcp://127.0.0.1:6443.
	// +optional
	apiServer *dagger.Service,
	// The user who pushes to the registry, such as a GitHub login.
	// +optional
	registryUsername string,
	// The password or token of that user, such as env://GITHUB_TOKEN.
	// +optional
	registryPassword *dagger.Secret,
	// A PEM file of certificate authorities to trust besides the public ones.
	// +optional
	ca *dagger.File,
	// Addresses for names that have no public DNS yet: host=address, separated by commas.
	// +optional
	resolve string,
	// Who deploys, as the records will say: a login or the name of a CI run.
	// +default="unknown"
	actor string,
) *TeamDashboard {
	return &TeamDashboard{
		Source: source, Manifests: manifests,
		Kubeconfig: kubeconfig, Context: context, APIServer: apiServer,
		RegistryUsername: registryUsername, RegistryPassword: registryPassword,
		CA: ca, Resolve: resolve, Actor: actor,
	}
}
