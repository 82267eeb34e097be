// Package config says what is deployed where: the application, its services,
// its environments and the figures that each environment must keep.
//
// It is data and its validation, nothing else. To deploy another monorepo,
// edit teamdashboard.go; no other file of the pipeline names a service.
package config

import "time"

// Application is a monorepo that is built, deployed and rolled back as a whole.
type Application struct {
	// Name labels everything that belongs to the application (app.kubernetes.io/part-of).
	Name string
	// Registry is the prefix of all image repositories, without a trailing slash:
	// "ghcr.io/owner/application".
	Registry string
	Services []Service
	// SmokeImage names the image that carries the smoke suite: a part of each
	// release like the services' images, but no service.
	SmokeImage string
	// DataImages are those of the data layer that are built here. No release
	// holds them: a release must never restart a database.
	DataImages   []DataImage
	Environments []Environment
	Monitoring   Monitoring
}

// DataImage is an image for what keeps state.
type DataImage struct {
	Name string
	// Version is the line of the software in it, such as PostgreSQL's major
	// version, which its volumes belong to.
	Version string
}

// Service is one long-running process of the application.
type Service struct {
	// Name is the name of the image, the Deployment, the stable Service and the
	// value of the label `app`.
	Name string
	// Port is where the container and its Service listen.
	Port int
	// Path is the prefix that the front door routes to the service.
	Path string
	// HealthPath is the service's health on the environment's URL. Inside the
	// cluster every service answers the same at InternalHealthPath.
	HealthPath string
}

// InternalHealthPath is where each service reports its health, dependencies
// included, to those who reach its pods or its Service directly.
const InternalHealthPath = "/health"

// MetricsPath is where each service exposes its metrics as Prometheus text.
const MetricsPath = "/metrics"

// Strategy is how a new release replaces the old one.
type Strategy string

const (
	// RollingUpdate replaces pod by pod, in place.
	RollingUpdate Strategy = "rolling"
	// BlueGreen brings the release up beside the old one and switches.
	BlueGreen Strategy = "blue-green"
)

// Environment is one place where the application runs.
type Environment struct {
	Name      string
	Namespace string
	// URL is the front door, without a trailing slash.
	URL string
	// Hosts are all host names that the front door answers; the URL's comes first.
	Hosts    []string
	Strategy Strategy
	// Slots names the two sets of services of a blue-green environment, the one
	// that a first deploy takes first. Empty when rolling.
	Slots      []string
	Thresholds Thresholds
	// Watch is how long a new release is observed after it took the traffic.
	// Zero means that the environment settles without a watch.
	Watch   time.Duration
	Secrets []Secret
	// HealthPaths are paths on the URL that must answer 200 besides the
	// services' own: one for each data store.
	HealthPaths []string
}

// Thresholds are the figures that separate healthy from not, and not healthy
// from a rollback.
type Thresholds struct {
	// ResponseTime is the 95th percentile below which the environment is healthy.
	ResponseTime time.Duration
	// ResponseTimeRollback is the 95th percentile that, when it lasts, undoes a release.
	ResponseTimeRollback time.Duration
	// ErrorRate is the share of failed requests (0 to 1) below which the
	// environment is healthy.
	ErrorRate float64
	// ErrorRateRollback is the share of failed requests, over ErrorWindow, that
	// undoes a release.
	ErrorRateRollback float64
	// ErrorWindow is the time over which error rates are taken.
	ErrorWindow time.Duration
	// Restarts is how many container restarts of the new release the watch
	// bears; one more undoes it.
	Restarts int
}

// Secret is a Kubernetes Secret that an environment needs before a deploy.
type Secret struct {
	Name string
	Keys []Key
}
