// Package ext stands in for the module in which builds of Traefik add fields
// to its dynamic configuration. This one adds none.
package ext

// HTTP is embedded in the HTTP part of the dynamic configuration.
type HTTP struct{}

// Router is embedded in every HTTP router.
type Router struct{}
