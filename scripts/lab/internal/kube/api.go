package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// API asks the API server, as its admin, for the little that the lab itself
// wants to know.
type API struct{ host *host.Host }

func NewAPI(h *host.Host) *API { return &API{h} }

// ready says whether the API server takes requests.
func (a *API) ready(ctx context.Context) error {
	_, err := a.Get(ctx, "/readyz")
	return err
}

// nodeReady says whether the node takes pods, or what it waits for.
func (a *API) nodeReady(ctx context.Context) error {
	text, err := a.Get(ctx, "/api/v1/nodes/"+nodeName)
	if err != nil {
		return err
	}
	return readReady(text)
}

func readReady(text []byte) error {
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(text, &node); err != nil {
		return fmt.Errorf("reading the node %q: %w", nodeName, err)
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == "Ready" && condition.Status == "True" {
			return nil
		}
		if condition.Type == "Ready" {
			return fmt.Errorf("the node %q is not Ready: %s", nodeName, condition.Message)
		}
	}
	return fmt.Errorf("the node %q has not said whether it is Ready", nodeName)
}

// Get returns what is at a path of the API server.
func (a *API) Get(ctx context.Context, path string) ([]byte, error) {
	config, err := a.tls()
	if err != nil {
		return nil, err
	}
	text, err := get(ctx, "https://"+apiServer+path, config)
	if err != nil {
		return nil, fmt.Errorf("asking the API server: %w", err)
	}
	return text, nil
}

func (a *API) tls() (*tls.Config, error) {
	admin := a.host.State("pki", "kubernetes", "admin")
	pair, err := tls.LoadX509KeyPair(admin+".crt", admin+".key")
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(a.host.State("pki", "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// answers asks for a component's health, on this machine's own addresses. The
// certificate is one that the component made for itself at its start.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := get(ctx, url, &tls.Config{InsecureSkipVerify: true})
		return err
	}
}

func get(ctx context.Context, url string, config *tls.Config) ([]byte, error) {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", url, response.Status, text)
	}
	return text, nil
}
