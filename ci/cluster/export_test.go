package cluster

import (
	"net/http"
	"net/url"
)

// Carrier is how the connection sends its requests, for tests that send others.
func (c *Cluster) Carrier() (*url.URL, *http.Client) { return c.server, c.http }
